package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/backtest"
	"github.com/tidewatch/tidewatch/internal/history"
)

// alertsBacktest is `tidewatch alerts backtest`.
type alertsBacktest struct {
	prometheus, dir, out, incidents, proposals string
	days                                       float64
	end                                        string
	step, timeout                              time.Duration
	only                                       []string
	calls                                      float64
	maxSeries                                  int

	server history.Prometheus
	ledger alerts.Ledger
}

func newAlertsBacktestCommand() *cobra.Command {
	var b alertsBacktest
	cmd := &cobra.Command{
		Use:   "backtest",
		Short: "Ask each alert rule over your history: how often would it have called you, and what to do about it",
		Long: `Evaluates each rule of the ledger over the history of your Prometheus (or what speaks its
API), as Prometheus would have, and says how often it would have called somebody, for how long,
and whether it flaps; beside a fixed threshold it sets the learned band of the same value. Of
each rule it says whether to keep it, to tune it and to what, to replace it by the band, or to close it.

Only its API is asked, in pieces that the server can bear. TIDEWATCH_PROMETHEUS_TOKEN, when set, is sent as
bearer token; user and password may be part of the URL.

  tidewatch alerts backtest --prometheus http://localhost:9090
  tidewatch alerts backtest --prometheus http://localhost:9090 --dir alerts --incidents outages.csv --out markdown --write-proposals alerts`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&b.prometheus, "prometheus", "", "URL of a Prometheus")
	flags.Float64Var(&b.days, "days", 28, "how much history")
	flags.StringVar(&b.end, "end", "", "end of the history, RFC 3339 or Unix seconds; now when empty")
	flags.DurationVar(&b.step, "step", time.Minute, "how often rules are evaluated, as evaluation_interval of the Prometheus")
	dirFlag(cmd, &b.dir)
	flags.StringSliceVar(&b.only, "rule", nil, "only these rules, by id")
	flags.StringVar(&b.out, "out", "text", "text, json or markdown")
	flags.Float64Var(&b.calls, "calls-per-week", 2, "how often a rule may call somebody")
	flags.StringVar(&b.incidents, "incidents", "", "CSV file of times at which something was really wrong: lines start,end[,rule]")
	flags.IntVar(&b.maxSeries, "max-series", 5000, "series of a rule that are looked at")
	flags.DurationVar(&b.timeout, "timeout", 5*time.Minute, "of one request")
	flags.StringVar(&b.proposals, "write-proposals", "", "write what is to be changed to this folder, as rules over those that are shipped, ready for a review")
	return cmd
}

func (b *alertsBacktest) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	o, err := b.options()
	if err != nil {
		return err
	}
	if b.ledger, err = ledgerWith(b.dir); err != nil {
		return err
	}
	report := backtest.Report{Version: backtest.Version, Source: b.prometheus, Step: alerts.Duration(b.step).String(), CallsPerWeek: b.calls, Judged: len(o.Incidents) > 0}
	if u, _, ok := strings.Cut(b.prometheus, "@"); ok && strings.Contains(u, "//") { // no passwords in reports
		report.Source = u[:strings.Index(u, "//")+2] + b.prometheus[len(u)+1:]
	}
	rules, err := b.rules(&report)
	if err != nil {
		return err
	}
	b.server = history.Prometheus{URL: b.prometheus, Token: os.Getenv("TIDEWATCH_PROMETHEUS_TOKEN"), Client: &http.Client{Timeout: b.timeout}}
	have, err := b.probe(ctx, &o, rules)
	if err != nil {
		return err
	}
	report.From, report.To, report.ComparedFrom = o.Start, o.End, o.Start.Add(o.Learn)
	show := progress{w: cmd.ErrOrStderr(), begun: time.Now()}
	for i, rule := range rules {
		out, err := b.judge(ctx, &o, rule, have)
		if err != nil {
			return err
		}
		report.Rules = append(report.Rules, out)
		show.at(float64(i+1)/float64(len(rules)), rule.ID)
	}
	if b.proposals != "" {
		n, err := writeProposals(b.proposals, b.dir, b.ledger, report.Rules, o.End)
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%d rules written to %s.\n", n, b.proposals)
	}
	return b.write(cmd.OutOrStdout(), &report)
}

func (b *alertsBacktest) write(w io.Writer, r *backtest.Report) error {
	switch b.out {
	case "json":
		return r.WriteJSON(w)
	case "markdown":
		return r.WriteMarkdown(w)
	}
	return r.WriteText(w)
}

func (b *alertsBacktest) options() (backtest.Options, error) {
	switch {
	case b.prometheus == "":
		return backtest.Options{}, errors.New("--prometheus must say where your history is, for example http://localhost:9090")
	case !slices.Contains([]string{"text", "json", "markdown"}, b.out):
		return backtest.Options{}, fmt.Errorf("--out must be text, json or markdown, not %q", b.out)
	case !(b.days > 0 && b.days < 3660):
		return backtest.Options{}, errors.New("--days must be positive, and less than ten years")
	case b.step < time.Second || b.step > time.Hour:
		return backtest.Options{}, errors.New("--step must be from 1s to 1h")
	}
	end, err := parseWhen(b.end, time.Now(), time.Now())
	if err != nil {
		return backtest.Options{}, fmt.Errorf("--end: %w", err)
	}
	end = end.Truncate(b.step)
	grid := backtest.Grid{Start: end.Add(-time.Duration(b.days * 24 * float64(time.Hour))).Truncate(b.step), End: end, Step: b.step}
	o := backtest.DefaultOptions(grid)
	o.CallsPerWeek, o.MaxSeries = b.calls, b.maxSeries
	if b.incidents != "" {
		file, err := os.Open(b.incidents)
		if err != nil {
			return o, fmt.Errorf("open incidents: %w", err)
		}
		defer file.Close()
		if o.Incidents, err = backtest.ReadIncidents(file); err != nil {
			return o, fmt.Errorf("%s: %w", b.incidents, err)
		}
	}
	return o, o.Validate()
}

// rules are those that a Prometheus can answer; the others are named in the report.
func (b *alertsBacktest) rules(report *backtest.Report) (out []backtest.Rule, err error) {
	for _, id := range b.only {
		if _, ok := b.ledger.Rule(id); !ok {
			return nil, fmt.Errorf("--rule: there is no rule %s", id)
		}
	}
	for _, r := range b.ledger.Enabled() {
		if len(b.only) > 0 && !slices.Contains(b.only, r.ID) {
			continue
		}
		if r.LogQL() {
			report.Skipped = append(report.Skipped, backtest.Skipped{ID: r.ID, Why: "it asks Loki, which has no range of rules to ask"})
			continue
		}
		compiled, err := backtest.FromLedger(r)
		if err != nil {
			report.Skipped = append(report.Skipped, backtest.Skipped{ID: r.ID, Why: err.Error()})
			continue
		}
		out = append(out, compiled...)
	}
	if len(out) == 0 && len(report.Skipped) == 0 {
		return nil, errors.New("there are no rules to judge: all of them are disabled")
	}
	return out, nil
}

// probes of metrics are asked for so many names at once, at so many steps.
const (
	probeNames = 40
	probeSteps = 400
)

// probe asks which metrics of the rules there are, and since when: the history begins no earlier.
func (b *alertsBacktest) probe(ctx context.Context, o *backtest.Options, rules []backtest.Rule) (map[string]bool, error) {
	names := []string{"up"}
	for _, r := range rules {
		for _, m := range backtest.Metrics(r.Expr) {
			if !slices.Contains(names, m) {
				names = append(names, m)
			}
		}
	}
	have := map[string]bool{}
	earliest := o.End
	step := max(o.Step, (o.End.Sub(o.Start) / probeSteps).Truncate(time.Second))
	for some := range slices.Chunk(names, probeNames) {
		quoted := make([]string, len(some))
		for i, n := range some {
			quoted[i] = regexp.QuoteMeta(n)
		}
		query := fmt.Sprintf("group by (__name__) ({__name__=~%q})", strings.Join(quoted, "|"))
		err := b.server.Range(ctx, query, o.Start, o.End, step, func(l history.Labels, points []history.Point) error {
			have[l["__name__"]] = true
			if t := time.Unix(0, points[0].Time).UTC(); t.Before(earliest) {
				earliest = t
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for metrics: %w", err)
		}
	}
	if len(have) == 0 {
		return nil, fmt.Errorf("%s has neither `up` nor any metric of these rules between %s and %s: is it the right one?", b.prometheus, o.Start.UTC().Format(time.RFC3339), o.End.UTC().Format(time.RFC3339))
	}
	if earliest = earliest.Add(-step).Truncate(o.Step); earliest.After(o.Start) { // the first step that has it may be one late
		o.Start = earliest
	}
	o.Learn = backtest.DefaultOptions(o.Grid).Learn
	return have, o.Validate()
}

// errMany says that a value has too many series to look at.
var errMany = errors.New("too many series")

// judge asks for one rule, and again for other thresholds where that is of use.
func (b *alertsBacktest) judge(ctx context.Context, o *backtest.Options, rule backtest.Rule, have map[string]bool) (backtest.Outcome, error) {
	var missing []string
	for _, m := range backtest.Metrics(rule.Expr) {
		if !have[m] {
			missing = append(missing, m)
		}
	}
	r := backtest.NewRun(o, rule)
	err := b.feed(ctx, o, r)
	if errors.Is(err, errMany) {
		r = backtest.NewRun(o, rule)
		r.Whole()
		err = b.feed(ctx, o, r)
	}
	var trial *backtest.Run
	if err == nil {
		r.Finish()
		if trial = r.Trial(); trial != nil {
			if err = b.feed(ctx, o, trial); err == nil {
				trial.Finish()
			}
		}
	}
	if refusal, ok := errors.AsType[*history.Refusal](err); ok {
		return r.Failed(explainRefusal(refusal)), nil
	}
	if err != nil {
		return backtest.Outcome{}, fmt.Errorf("judge %s: %w", rule.ID, err)
	}
	return r.Judge(trial, missing, familiar(missing, have)), nil
}

// familiar says whether there are metrics that begin with the same word as one that is missing.
func familiar(missing []string, have map[string]bool) bool {
	for _, m := range missing {
		kind, _, _ := strings.Cut(m, "_")
		for name := range have {
			if k, _, _ := strings.Cut(name, "_"); k == kind {
				return true
			}
		}
	}
	return false
}

// feed shows a run its history.
func (b *alertsBacktest) feed(ctx context.Context, o *backtest.Options, r *backtest.Run) error {
	return b.server.Range(ctx, r.Query(), o.Start, o.End, o.Step, func(l history.Labels, points []history.Point) error {
		delete(l, "__name__") // an alert has none
		s := r.Series(l.String())
		if s == nil {
			if r.Compared() {
				return errMany
			}
			r.Beyond()
			return nil
		}
		for _, p := range points {
			s.Observe(p.Time, p.Value)
		}
		return nil
	})
}

// explainRefusal says in words what a server's refusal means.
func explainRefusal(r *history.Refusal) string {
	switch {
	case strings.Contains(r.Message, "too many samples"):
		return "even a single step needs more samples than the server may load (--query.max-samples): " + r.Message
	case r.Kind == "timeout" || strings.Contains(r.Message, "timed out"):
		return "even a single step takes longer than the server allows (--query.timeout): " + r.Message
	case r.Kind == "bad_data":
		return "the server does not understand the expression: " + r.Message
	}
	return "the server refused: " + r.Message
}
