package backtest

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// actions in the order in which a person wants to read of them.
var actions = []struct{ action, text, title string }{
	{ActionClose, "to close", "Close"},
	{ActionReplace, "to replace by the learned band", "Replace by the learned band"},
	{ActionTune, "to tune", "Tune"},
	{ActionLook, "without an answer", "Without an answer"},
	{ActionKeep, "to keep", "Keep"},
}

// Summary is one sentence.
func (r *Report) Summary() string {
	n := map[string]int{}
	for i := range r.Rules {
		n[r.Rules[i].Proposal.Action]++
	}
	var parts []string
	for _, a := range actions {
		if n[a.action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[a.action], a.text))
		}
	}
	if len(parts) == 0 {
		return "No rule was judged."
	}
	rules := "rules"
	if len(r.Rules) == 1 {
		rules = "rule"
	}
	return fmt.Sprintf("%d %s: %s.", len(r.Rules), rules, strings.Join(parts, ", "))
}

// name is the id, with the severity where one rule is several.
func (r *Report) name(i int) string {
	id := r.Rules[i].ID
	for j := range r.Rules {
		if j != i && r.Rules[j].ID == id {
			return id + " (" + r.Rules[i].Severity + ")"
		}
	}
	return id
}

func (r *Report) head() string {
	days := r.To.Sub(r.From).Hours() / 24
	return fmt.Sprintf("%s of %s, %s to %s UTC, a point every %s.", plural(days, "day"), r.Source, r.From.UTC().Format("2006-01-02 15:04"), r.To.UTC().Format("2006-01-02 15:04"), r.Step)
}

// WriteText writes a table, and below it the proposals, for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%s\n\n", r.head(), r.Summary())
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "calls\ta week\tfiring\tlongest\tflaps\tband a week\tboth\t")
	if r.Judged {
		fmt.Fprint(t, "found\ttrue\t")
	}
	fmt.Fprintln(t, "  rule")
	for i := range r.Rules {
		o := &r.Rules[i]
		fmt.Fprintf(t, "%s\t", strings.Join(o.row(), "\t"))
		if r.Judged {
			fmt.Fprintf(t, "%s\t", strings.Join(o.judged(), "\t"))
		}
		fmt.Fprintf(t, "  %s\n", r.name(i))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	for _, a := range actions {
		first := true
		for i := range r.Rules {
			o := &r.Rules[i]
			if o.Proposal.Action != a.action || a.action == ActionKeep && o.quiet() {
				continue
			}
			if first {
				fmt.Fprintf(w, "\n%s:\n", a.title)
				first = false
			}
			fmt.Fprintf(w, "  %s: %s.\n", r.name(i), o.Proposal.Reason)
		}
	}
	for i, s := range r.Skipped {
		if i == 0 {
			fmt.Fprintln(w, "\nNot judged:")
		}
		fmt.Fprintf(w, "  %s: %s.\n", s.ID, s.Why)
	}
	_, err := fmt.Fprintf(w, "\nA call is what is left when alarms of a rule at one time are one. The band is learned from the rule's own value and compared since %s.\n",
		r.ComparedFrom.UTC().Format("2006-01-02 15:04"))
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// quiet says that there is nothing to say of a rule that is kept.
func (o *Outcome) quiet() bool { return o.Calls == 0 && o.Nearest == nil && len(o.Missing) == 0 }

func (o *Outcome) row() []string {
	if o.Error != "" {
		return []string{"?", "?", "?", "?", "?", "", ""}
	}
	row := []string{strconv.Itoa(o.Calls), number(o.CallsPerWeek), fmt.Sprintf("%.1f %%", 100*o.Firing), o.Longest, strconv.Itoa(o.Flaps), "", ""}
	if o.Band != nil {
		row[5], row[6] = number(o.Band.CallsPerWeek), fmt.Sprintf("%d of %d", o.Band.Both, o.Band.RuleCalls)
	}
	return row
}

func (o *Outcome) judged() []string {
	if o.Known == nil {
		return []string{"", ""}
	}
	return []string{fmt.Sprintf("%d of %d", o.Known.Found, o.Known.Incidents), fmt.Sprintf("%d of %d", o.Known.True, o.Known.Calls)}
}

// WriteJSON writes all of it.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// WriteMarkdown writes what a review meeting needs: the proposals first, then the table.
func (r *Report) WriteMarkdown(w io.Writer) error {
	fmt.Fprintf(w, "# Alert rules over history\n\n%s %s\n", r.head(), r.Summary())
	for _, a := range actions {
		first := true
		for i := range r.Rules {
			o := &r.Rules[i]
			if o.Proposal.Action != a.action || a.action == ActionKeep {
				continue
			}
			if first {
				fmt.Fprintf(w, "\n## %s\n\n", a.title)
				first = false
			}
			owner := ""
			if o.Owner != "" {
				owner = " (" + o.Owner + ")"
			}
			fmt.Fprintf(w, "- **%s**%s: %s.\n", r.name(i), owner, o.Proposal.Reason)
			if o.Proposal.Expr != "" {
				fmt.Fprintf(w, "\n  ```promql\n  %s\n  ```\n", strings.ReplaceAll(strings.TrimSpace(o.Proposal.Expr), "\n", "\n  "))
			}
		}
	}
	fmt.Fprint(w, "\n## All rules\n\n| rule | owner | calls | a week | firing | longest | flaps | band a week | both | proposal |\n| --- | --- | --: | --: | --: | --: | --: | --: | --: | --- |\n")
	for i := range r.Rules {
		o := &r.Rules[i]
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", r.name(i), o.Owner, strings.Join(o.row(), " | "), o.Proposal.Action)
	}
	for i, s := range r.Skipped {
		if i == 0 {
			fmt.Fprint(w, "\n## Not judged\n\n")
		}
		fmt.Fprintf(w, "- **%s**: %s.\n", s.ID, s.Why)
	}
	_, err := fmt.Fprintf(w, "\nA call is what is left when alarms of a rule at one time are one. The band is learned from the rule's own value and compared since %s.\n", r.ComparedFrom.UTC().Format("2006-01-02 15:04"))
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
