package backtest

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteText writes the table for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%d series, %d points; counted %s to %s, %.1f series-weeks", r.Series, r.Points,
		r.From.Format("2006-01-02 15:04"), r.To.Format("2006-01-02 15:04"), r.Weeks)
	if r.Judged {
		fmt.Fprintf(w, "; %d incidents", r.Incidents)
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	if r.Judged {
		fmt.Fprintf(t, "rule\talerts\tpages/week\tin alert\tfound\tfalse/week\tat equal recall\tagainst %s\tfound for as many false\t\n", r.Reference)
	} else {
		fmt.Fprintln(t, "rule\talerts\tpages/week\tin alert\ttidewatch agrees\tof tidewatch's\t")
	}
	for _, l := range r.Rules {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t", l.Name, l.Alerts, number(l.PagesPerWeek), percent(l.Firing))
		switch {
		case !r.Judged:
			fmt.Fprintf(t, "%s\t%s\t\n", percent(l.Alike), percent(l.AlikeOurs))
		case l.Equal == nil:
			fmt.Fprintf(t, "%d\t%s\t-\t\t%d\t\n", l.Found, number(l.FalsePerWeek), l.FoundAtEqual)
		default:
			fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%d\t\n", l.Found, number(l.FalsePerWeek), number(l.Equal.FalsePerWeek), cut(l.Equal.Cut), l.FoundAtEqual)
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintln(w, "\nWeeks are those of one series.")
	if v := r.Verdict(); v != "" {
		fmt.Fprintln(w, v)
	}
	if !r.Judged {
		fmt.Fprintln(w, "No incidents are known, so this says how often rules page and whom they agree with, not which of them is right.")
	}
	return nil
}

// WriteJSON writes all of the report but the pictures.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
