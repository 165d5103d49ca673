package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
	"github.com/tidewatch/tidewatch/signals"
)

// maxSkew is how far a backend's clock may be off before a person should know: more
// spoils alerts that compare times.
const maxSkew = 5 * time.Second

// errUnwell is the exit code of a doctor that found something.
var errUnwell = errors.New("something needs attention")

// doctor asks a running agent how it is.
type doctor struct {
	telemetry, health string
	wait              time.Duration
	json              bool
	client            *http.Client
}

func newDoctorCommand(set *componentSet) *cobra.Command {
	d := doctor{client: &http.Client{Timeout: 10 * time.Second}}
	b := bundleOptions{doctor: &d, set: set}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Ask the running agent what is wrong, and where every record is",
		Long: `Looks at the running agent twice, some seconds apart, and says in words what is
wrong. The table is the delivery ledger, in records since the agent started:
accepted + carried over = exported + queued + dropped. Exit code 1 if something
needs attention.

With --bundle it writes a file for whoever helps you instead: what the agent says of
itself, its configuration and its own log, without secrets and without what it
observes. It also works while no agent answers.`,
		Example: `  tidewatch doctor
  tidewatch doctor --bundle tidewatch.tar.gz --config /etc/tidewatch/tidewatch.yaml --state-dir /var/lib/tidewatch`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.path != "" {
				return b.write(cmd.Context(), cmd.OutOrStdout())
			}
			return d.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.telemetry, "telemetry-url", "http://"+signals.AddrTelemetry+"/metrics", "the agent's own metrics")
	f.StringVar(&d.health, "health-url", "http://"+signals.AddrHealth+"/readyz", "the agent's readiness")
	f.DurationVar(&d.wait, "wait", 5*time.Second, "time between the two looks")
	f.BoolVar(&d.json, "json", false, "print the ledger and the problems as JSON")
	b.flags(f)
	return cmd
}

func (d *doctor) run(ctx context.Context, w io.Writer) error {
	before, err := d.look(ctx)
	if err != nil {
		return fmt.Errorf("no agent answers: %w; is it running on this host?", err)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d.wait):
	}
	now, err := d.look(ctx)
	if err != nil {
		return fmt.Errorf("the agent has stopped answering: %w", err)
	}
	ledger := delivery.Draw(now.Samples)
	problems := append(d.unready(ctx), delivery.Diagnose(before, now)...)
	problems = append(problems, d.skew(ctx)...)
	if d.json {
		if err := json.NewEncoder(w).Encode(map[string]any{"ledger": ledger, "problems": problems}); err != nil {
			return fmt.Errorf("write answer: %w", err)
		}
	} else {
		printLedger(w, &ledger)
		printProblems(w, problems)
	}
	if len(problems) > 0 {
		return errUnwell
	}
	return nil
}

func (d *doctor) look(ctx context.Context) (delivery.Look, error) {
	samples, err := selfmetrics.Scrape(ctx, d.client, d.telemetry)
	return delivery.Look{At: time.Now(), Samples: samples}, err
}

// unready returns the reasons why the agent does not call itself ready.
func (d *doctor) unready(ctx context.Context) []string {
	resp, err := d.get(ctx, d.health)
	if err != nil {
		return []string{fmt.Sprintf("Readiness is not known: %v.", err)}
	}
	defer resp.Body.Close()
	var answer struct{ Reasons []string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return []string{fmt.Sprintf("Readiness is not known: %s does not answer as an agent does.", d.health)}
	}
	for i, r := range answer.Reasons {
		answer.Reasons[i] = "Not ready: " + r + "."
	}
	return answer.Reasons
}

func (d *doctor) get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", url, err)
	}
	return d.client.Do(req)
}

// skew compares this clock with those of the backends in the environment.
func (d *doctor) skew(ctx context.Context) []string {
	var out []string
	for _, name := range []string{"TIDEWATCH_ELASTICSEARCH_URL", "TIDEWATCH_LOKI_URL", "TIDEWATCH_REMOTE_WRITE_URL"} {
		url := os.Getenv(name)
		if url == "" {
			continue
		}
		resp, err := d.get(ctx, url)
		if err != nil {
			out = append(out, fmt.Sprintf("%s cannot be reached from here: %v.", name, err))
			continue
		}
		resp.Body.Close()
		there, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			continue
		}
		if off := time.Since(there).Round(time.Second); off.Abs() > maxSkew {
			out = append(out, fmt.Sprintf("The clock of %s and that of this host differ by %s: one of them is wrong.", name, off.Abs()))
		}
	}
	return out
}

func printLedger(w io.Writer, l *delivery.Ledger) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "read\trefused for now\tdropped\t  source")
	for _, s := range l.Sources {
		fmt.Fprintf(t, "%.0f\t%.0f\t%.0f\t  %s\n", s.Read, s.Refused, s.DroppedTotal(), s.ID)
	}
	t.Flush()
	fmt.Fprintln(w)
	fmt.Fprintln(t, "accepted\tcarried over\texported\tqueued\tdropped\tunaccounted\t  exporter")
	for _, e := range l.Exporters {
		kind := ""
		if e.QueueCapacity > 0 && !e.Durable {
			kind = " (queue in memory)"
		}
		fmt.Fprintf(t, "%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t  %s%s\n", e.Accepted, e.Carried, e.Exported, e.Queued, e.DroppedTotal(), e.Unaccounted, e.ID, kind)
	}
	t.Flush()
	fmt.Fprintln(w)
}

func printProblems(w io.Writer, problems []string) {
	if len(problems) == 0 {
		fmt.Fprintln(w, "All is well.")
		return
	}
	fmt.Fprintln(w, "- "+strings.Join(problems, "\n- "))
}
