package agent

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tidewatch/tidewatch/anomaly/backtest"
	"github.com/tidewatch/tidewatch/internal/history"
)

// mostSeries bounds the memory of a backtest, at about 70 KB each.
const mostSeries = 5000

type backtestFlags struct {
	prometheus, query, start, end string
	step, lasting                 time.Duration
	above, below, sigma, learn    float64
	incidents, html               string
	json                          bool
}

func newBacktestCommand() *cobra.Command {
	var f backtestFlags
	cmd := &cobra.Command{
		Use:   "backtest [FILE.csv...]",
		Short: "Run alert rules over your history: fixed thresholds against learned bands",
		Long: `Runs fixed thresholds, the comparison with last week, adaptive bands and Tidewatch's own
detector over history, side by side, and says how often each would have paged you. Where
incidents are known, by --incidents or by a label in the files, it also says what was found
and how many false alarms each rule costs for finding as much.

The history is that of a Prometheus (or what speaks its API), or of files with lines
time,value[,label]; .csv.gz is read too. TIDEWATCH_PROMETHEUS_TOKEN, when set, is sent as bearer token;
user and password may be part of the URL.

  tidewatch backtest --prometheus http://localhost:9090 --query 'node_load5' --start 30d --html report.html
  tidewatch backtest --above 0.9 --incidents outages.csv cpu.csv`,
		RunE: func(cmd *cobra.Command, files []string) error { return f.run(cmd, files) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.prometheus, "prometheus", "", "URL of a Prometheus")
	flags.StringVar(&f.query, "query", "", "which series: a selector or any expression; counters need a rate()")
	flags.StringVar(&f.start, "start", "30d", "beginning of the history: RFC 3339, Unix seconds, or how long before the end")
	flags.StringVar(&f.end, "end", "", "end of the history; now when empty")
	flags.DurationVar(&f.step, "step", time.Minute, "distance of the points asked for")
	flags.Float64Var(&f.above, "above", 0, "fixed threshold: alert above this")
	flags.Float64Var(&f.below, "below", 0, "fixed threshold: alert below this")
	flags.Float64Var(&f.sigma, "sigma", 3, "half width of the band around the mean, in standard deviations")
	flags.DurationVar(&f.lasting, "for", 5*time.Minute, "how long a rule's condition lasts before it alerts")
	flags.Float64Var(&f.learn, "learn", 0.5, "the share of the history that only teaches")
	flags.StringVar(&f.incidents, "incidents", "", "CSV file of known incidents: lines start,end")
	flags.BoolVar(&f.json, "json", false, "write JSON instead of a table")
	flags.StringVar(&f.html, "html", "", "also write a report with pictures to this file")
	return cmd
}

func (f *backtestFlags) run(cmd *cobra.Command, files []string) error {
	if (f.prometheus == "") == (len(files) == 0) {
		return errors.New("name either CSV files or --prometheus with --query")
	}
	if !(f.learn > 0 && f.learn < 1) {
		return errors.New("--learn must be between 0 and 1")
	}
	o := backtest.DefaultOptions(time.Time{})
	o.Sigma, o.For = f.sigma, f.lasting
	if cmd.Flags().Changed("above") {
		o.Above = &f.above
	}
	if cmd.Flags().Changed("below") {
		o.Below = &f.below
	}
	var err error
	if f.incidents != "" {
		if o.Incidents, err = readIncidents(f.incidents); err != nil {
			return err
		}
	}
	var b *backtest.Backtest
	if len(files) > 0 {
		b, err = f.fromFiles(cmd, files, o)
	} else {
		b, err = f.fromPrometheus(cmd, o)
	}
	if err != nil {
		return err
	}
	if b.Len() == 0 {
		return errors.New("there are no points: check the query and the time")
	}
	return f.write(cmd, b.Report())
}

func (f *backtestFlags) write(cmd *cobra.Command, r *backtest.Report) error {
	if f.html != "" {
		out, err := os.Create(f.html)
		if err != nil {
			return fmt.Errorf("create report: %w", err)
		}
		if err := errors.Join(r.WriteHTML(out), out.Close()); err != nil {
			return err
		}
	}
	if f.json {
		return r.WriteJSON(cmd.OutOrStdout())
	}
	return r.WriteText(cmd.OutOrStdout())
}

// fromPrometheus streams the history through the rules as it arrives.
func (f *backtestFlags) fromPrometheus(cmd *cobra.Command, o backtest.Options) (*backtest.Backtest, error) {
	if f.query == "" {
		return nil, errors.New("--query must say which series, for example --query 'node_load5'")
	}
	end, err := parseWhen(f.end, time.Now(), time.Now())
	if err != nil {
		return nil, fmt.Errorf("--end: %w", err)
	}
	start, err := parseWhen(f.start, end, end)
	if err != nil {
		return nil, fmt.Errorf("--start: %w", err)
	}
	o.Learn = start.Add(time.Duration(f.learn * float64(end.Sub(start))))
	if err := o.Validate(); err != nil {
		return nil, err
	}
	b := backtest.New(o)
	show := progress{w: cmd.ErrOrStderr(), begun: time.Now()}
	p := history.Prometheus{
		URL: f.prometheus, Token: os.Getenv("TIDEWATCH_PROMETHEUS_TOKEN"),
		Progress: func(reached time.Time) {
			show.at(float64(reached.Sub(start))/float64(end.Sub(start)), fmt.Sprintf("%s, %d series", reached.UTC().Format("2006-01-02 15:04"), b.Len()))
		},
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	err = p.Range(ctx, f.query, start, end, f.step, func(l history.Labels, points []history.Point) error {
		s := b.Series(l.String())
		if b.Len() > mostSeries {
			return fmt.Errorf("the query has more than %d series; choose fewer", mostSeries)
		}
		for _, p := range points {
			s.Observe(time.Unix(0, p.Time), p.Value, false)
		}
		return nil
	})
	return b, err
}

// fromFiles reads each file twice: first to know where it begins and ends.
func (f *backtestFlags) fromFiles(cmd *cobra.Command, files []string, o backtest.Options) (*backtest.Backtest, error) {
	if len(files) > mostSeries {
		return nil, fmt.Errorf("more than %d files; choose fewer", mostSeries)
	}
	learn := make([]time.Time, len(files))
	for i, name := range files {
		var first, last time.Time
		err := readCSV(name, func(r history.Row) error {
			if first.IsZero() {
				first = r.Time
			}
			last = r.Time
			o.Labelled = o.Labelled || r.Labelled
			return nil
		})
		if err != nil {
			return nil, err
		}
		learn[i] = first.Add(time.Duration(f.learn * float64(last.Sub(first))))
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	b := backtest.New(o)
	show := progress{w: cmd.ErrOrStderr(), begun: time.Now()}
	names := seriesNames(files)
	for i, name := range files {
		s := b.Series(names[i])
		s.LearnUntil(learn[i])
		err := readCSV(name, func(r history.Row) error {
			s.Observe(r.Time, r.Value, r.Label)
			return nil
		})
		if err != nil {
			return nil, err
		}
		show.at(float64(i+1)/float64(len(files)), name)
	}
	return b, nil
}

// seriesNames are the files without endings, and without folders where that leaves each
// its own.
func seriesNames(files []string) []string {
	names, seen := make([]string, len(files)), map[string]bool{}
	for i, file := range files {
		names[i] = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".gz"), ".csv")
		seen[names[i]] = true
	}
	if len(seen) == len(files) {
		return names
	}
	return files
}

func readCSV(name string, visit func(history.Row) error) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("open history: %w", err)
	}
	defer file.Close()
	in := io.Reader(file)
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(file); err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
	if err := history.CSV(in, visit); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readIncidents reads lines start,end; further columns are notes.
func readIncidents(name string) ([]backtest.Interval, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read incidents: %w", err)
	}
	var list []backtest.Interval
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Split(strings.TrimSpace(line), ",")
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		start, err := history.ParseTime(fields[0])
		if err != nil && n == 1 {
			continue // a header
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", name, n, err)
		}
		end, err := history.ParseTime(fields[1])
		if err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", name, n, err)
		}
		if end.Before(start) {
			return nil, fmt.Errorf("read %s: line %d: the incident ends before it starts", name, n)
		}
		list = append(list, backtest.Interval{Start: start, End: end})
	}
	return list, nil
}

// parseWhen reads a time, or a duration (also in days and weeks) before base; empty is otherwise.
func parseWhen(s string, base, otherwise time.Time) (time.Time, error) {
	if s == "" {
		return otherwise, nil
	}
	number, unit := s[:len(s)-1], s[len(s)-1]
	if days, err := strconv.ParseFloat(number, 64); err == nil && (unit == 'd' || unit == 'w') && days > 0 && days < 1e5 {
		if unit == 'w' {
			days *= 7
		}
		return base.Add(-time.Duration(days * 24 * float64(time.Hour))), nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return base.Add(-d), nil
	}
	return history.ParseTime(s)
}

// progress says now and then how far a long run is.
type progress struct {
	w           io.Writer
	begun, last time.Time
}

func (p *progress) at(share float64, what string) {
	const often = 2 * time.Second
	now := time.Now()
	if now.Sub(p.begun) < often || now.Sub(p.last) < often {
		return
	}
	p.last = now
	left := time.Duration(float64(now.Sub(p.begun)) * (1 - share) / max(share, 1e-3)).Round(time.Second)
	fmt.Fprintf(p.w, "%3.0f %%, about %s left: %s\n", 100*share, left, what)
}
