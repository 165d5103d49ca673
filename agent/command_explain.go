package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/rootcause"
)

// explainer asks a running agent where the time of a trace went.
type explainer struct {
	page    page
	service string
	since   time.Duration
	json    bool
}

func newExplainCommand() *cobra.Command {
	e := explainer{}
	cmd := &cobra.Command{
		Use:   "explain [TRACE_ID]",
		Short: "Ask the running agent for the cause: of one trace, or of what a service suffers",
		Long: `Prints the path that a request waited for, step by step with what is usual, the
culprit, its log lines and what is known of its host. With --service it says what is
wrong there since some time, the worst of its traces, and who is suspected; "unknown"
if nobody is.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) == (e.service == "") {
				return errors.New("give a trace id, or --service")
			}
			q := url.Values{"since_seconds": {strconv.Itoa(int(e.since.Seconds()))}}
			if e.service != "" {
				q.Set("service", e.service)
			} else {
				q.Set("trace", args[0])
			}
			return e.run(cmd.Context(), cmd.OutOrStdout(), q)
		},
	}
	f := cmd.Flags()
	e.page.flags(f)
	f.StringVar(&e.service, "service", "", "what this service suffers")
	f.DurationVar(&e.since, "since", 15*time.Minute, "how far back to look")
	f.BoolVar(&e.json, "json", false, "print the agent's answer")
	return cmd
}

// explained is the answer of /api/v1/explain.
type explained struct {
	Story    *rootcause.Story    `json:"story"`
	Troubles []rootcause.Trouble `json:"troubles"`
	Suspects []rootcause.Suspect `json:"suspects"`
	Stories  []rootcause.Story   `json:"stories"`
	Logs     []struct {
		Time    int64  `json:"time"`
		Service string `json:"service"`
		Body    string `json:"body"`
	} `json:"logs"`
	Findings []struct {
		State   string `json:"state"`
		Summary string `json:"summary"`
	} `json:"findings"`
}

func (e *explainer) run(ctx context.Context, w io.Writer, q url.Values) error {
	body, err := e.page.ask(ctx, http.MethodGet, "explain?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	var x explained
	if err := json.Unmarshal(body, &x); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	if e.json {
		_, err := fmt.Fprintln(w, strings.TrimSpace(string(body)))
		return err
	}
	var b strings.Builder
	x.write(&b, e.service)
	_, err = io.WriteString(w, b.String())
	return err
}

func (x *explained) write(b *strings.Builder, service string) {
	if x.Story != nil {
		writeStory(b, x.Story)
	} else {
		x.writeService(b, service)
	}
	if len(x.Logs) > 0 {
		b.WriteString("\nLogs\n")
		for _, l := range slices.Backward(x.Logs) { // the latest comes last

			fmt.Fprintf(b, "  %s  %s  %s\n", time.UnixMilli(l.Time).Format("15:04:05.000"), l.Service, firstLine(l.Body))
		}
	}
	if len(x.Findings) > 0 {
		b.WriteString("\nFindings about it\n")
		for _, f := range x.Findings {
			fmt.Fprintf(b, "  %s: %s\n", f.State, firstLine(f.Summary))
		}
	}
}

func (x *explained) writeService(b *strings.Builder, service string) {
	if len(x.Troubles) == 0 {
		b.WriteString("In the last minute requests took as long and failed as rarely as usual.\n")
	}
	for _, t := range x.Troubles {
		fmt.Fprintf(b, "%s at %s takes %.2g times as long as usual; %.3g %% fail, usually %.3g %%.\n", t.Operation, t.Service, t.Ratio, 100*t.FailedNow, 100*t.FailedUsual)
	}
	if len(x.Suspects) == 0 || x.Suspects[0].Confidence < rootcause.Unknown {
		b.WriteString("The cause is unknown.\n")
	}
	for i, s := range x.Suspects {
		if i == 3 || s.Confidence < 0.1 {
			break
		}
		fmt.Fprintf(b, "\n%d. %s, confidence %.2f\n", i+1, name(s.Service, s.Host, s.Version), s.Confidence)
		for k, c := range s.Clues {
			if k == 4 || c.Strength < 0.1 {
				break
			}
			fmt.Fprintf(b, "     %s: %s\n", c.Channel, c.Text)
		}
		for _, p := range s.Separates {
			fmt.Fprintf(b, "     %s\n", p)
		}
	}
	if len(x.Stories) == 0 {
		fmt.Fprintf(b, "\nNo trace of %s is held from that time.\n", service)
	}
	for i := range x.Stories {
		b.WriteByte('\n')
		writeStory(b, &x.Stories[i])
	}
}

func writeStory(b *strings.Builder, s *rootcause.Story) {
	fmt.Fprintf(b, "Trace %s: %s, %d spans, %s\n", s.TraceID, s.Start.Local().Format("15:04:05.000"), s.Spans, short(s.Duration))
	for _, h := range s.Path {
		usual := ""
		if h.Known {
			usual = ", usually " + short(h.Usual)
		}
		failed := ""
		if h.Failed {
			failed = "  FAILED"
		}
		to := ""
		if h.Callee != "" {
			to = ", on the way to " + h.Callee
		}
		fmt.Fprintf(b, "  %s%s  %s  %s (%s of its own%s%s)%s\n", strings.Repeat("  ", h.Depth), h.Service, h.Operation, short(h.Duration), short(h.Own), to, usual, failed)
	}
	for _, r := range s.Repeats {
		fmt.Fprintf(b, "  %s\n", r)
	}
	if s.Culprit == nil {
		fmt.Fprintf(b, "Culprit: unknown; %s.\n", s.Why)
		return
	}
	fmt.Fprintf(b, "Culprit: %s: %s.\n", name(s.Culprit.Service, s.Culprit.Host, s.Culprit.Version), s.Why)
}

// name is a service with what is known of where it runs.
func name(service, host, version string) string {
	if version != "" {
		service += " " + version
	}
	if host != "" {
		service += " on " + host
	}
	return service
}

// short rounds a duration to what a person reads.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}
