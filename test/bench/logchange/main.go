// Command logchange pools the scores of alerts on several streams of log lines
// with known changes:
//
//	logchange ALERTS STREAM...
//
// Each STREAM is a folder with events.json, labels.txt and the file ALERTS. An
// alert is right if it lies in an event's window, up to five minutes after it,
// and is about one of the event's templates; others are false alarms. New and
// flood are also told apart by the event's rate. `-by-example` takes the template
// of an alert from its example, for detectors that are given the templates.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// grace is how long after its end an event may be alerted, in ms.
const grace = 300_000

type event struct {
	Kind    string   `json:"kind"`
	Service string   `json:"service"`
	Start   int64    `json:"start_ms"`
	End     int64    `json:"end_ms"`
	Labels  []string `json:"labels"`
	Alert   bool     `json:"alert"`
	Rate    float64  `json:"lines_per_s"`
}

type truth struct {
	To       int64   `json:"to_ms"`
	TestFrom int64   `json:"test_from_ms"`
	Events   []event `json:"events"`
}

type alert struct {
	Time    int64  `json:"t_ms"`
	Service string `json:"service"`
	Kind    string `json:"kind"`
	Line    *int   `json:"line"`
	Example string `json:"example"`
	label   string
}

// covers reports whether the alert is about the event. What a deploy renamed
// belongs to it for ever.
func (e *event) covers(a *alert) bool {
	if a.Service != e.Service || a.Time < e.Start {
		return false
	}
	in := a.Time <= e.End+grace
	if a.label == "" || len(e.Labels) == 0 {
		return in
	}
	if slices.Contains(e.Labels, a.label) {
		return in || e.Kind == "deploy"
	}
	return e.Kind == "deploy" && slices.Contains(e.Labels, strings.TrimSuffix(a.label, "+"))
}

// row is one line of the table.
type row struct {
	events, found, alerts int
	delays                []float64 // s
}

type table struct {
	rows       map[string]*row
	falseKinds map[string]int
	falses     int
	days       float64
}

func (t *table) row(name string) *row {
	r := t.rows[name]
	if r == nil {
		r = &row{}
		t.rows[name] = r
	}
	return r
}

// add scores one stream.
func (t *table) add(tr *truth, alerts []alert) {
	t.days += float64(tr.To-tr.TestFrom) / 86_400_000
	count, first := make([]int, len(tr.Events)), make([]int64, len(tr.Events))
	slices.SortStableFunc(alerts, func(a, b alert) int { return int(a.Time - b.Time) })
	for i := range alerts {
		a := &alerts[i]
		hit := -1
		for j := range tr.Events {
			if e := &tr.Events[j]; e.covers(a) && (hit < 0 || e.Alert && !tr.Events[hit].Alert) {
				hit = j
			}
		}
		if hit < 0 || !tr.Events[hit].Alert {
			t.falses++
			t.falseKinds[a.Kind]++
			continue
		}
		if count[hit]++; count[hit] == 1 {
			first[hit] = a.Time
		}
	}
	for j, e := range tr.Events {
		if !e.Alert {
			continue
		}
		names := []string{"all", e.Kind}
		if e.Kind == "new" || e.Kind == "flood" {
			names = append(names, fmt.Sprintf("%s %g/s", e.Kind, e.Rate))
		}
		for _, name := range names {
			r := t.row(name)
			r.events++
			r.alerts += count[j]
			if count[j] > 0 {
				r.found++
				r.delays = append(r.delays, float64(first[j]-e.Start)/1000)
			}
		}
	}
}

func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "%-12s %6s %6s %6s %6s %9s\n", "event", "found", "of", "p50 s", "p95 s", "alerts")
	for _, name := range []string{
		"new", "new 0.2/s", "new 1/s", "new 5/s", "flood", "flood 0.2/s", "flood 1/s", "flood 5/s", "spike", "silence", "deploy",
	} {
		r := t.rows[name]
		if r == nil {
			continue
		}
		fmt.Fprintf(w, "%-12s %6d %6d %6.0f %6.0f %9.2f\n", name, r.found, r.events, quantile(r.delays, 0.5), quantile(r.delays, 0.95), float64(r.alerts)/float64(r.events))
	}
	all := t.row("all")
	fmt.Fprintf(w, "recall %.3f, %.2f false alarms a day over all services in %.0f days %v\n",
		float64(all.found)/float64(max(1, all.events)), float64(t.falses)/t.days, t.days, t.falseKinds)
}

func quantile(v []float64, p float64) float64 {
	if len(v) == 0 {
		return -1
	}
	slices.Sort(v)
	return v[min(len(v)-1, int(p*float64(len(v))))]
}

func load(dir, name string, byExample bool) (*truth, []alert, error) {
	b, err := os.ReadFile(filepath.Join(dir, "events.json"))
	if err != nil {
		return nil, nil, err
	}
	tr := &truth{}
	if err := json.Unmarshal(b, tr); err != nil {
		return nil, nil, fmt.Errorf("read events of %s: %w", dir, err)
	}
	if b, err = os.ReadFile(filepath.Join(dir, "labels.txt")); err != nil {
		return nil, nil, err
	}
	labels := strings.Split(string(b), "\n")
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	var alerts []alert
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a alert
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return nil, nil, fmt.Errorf("read alerts of %s: %w", dir, err)
		}
		if a.Kind == "info" || a.Time < tr.TestFrom {
			continue
		}
		switch {
		case byExample:
			a.label = a.Example
		case a.Line != nil && *a.Line >= 0 && *a.Line < len(labels):
			a.label = labels[*a.Line]
		}
		alerts = append(alerts, a)
	}
	return tr, alerts, lines.Err()
}

func main() {
	byExample := flag.Bool("by-example", false, "the example of an alert is its template")
	flag.Parse()
	if flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: logchange [-by-example] ALERTS STREAM...")
		os.Exit(2)
	}
	t := &table{rows: map[string]*row{}, falseKinds: map[string]int{}}
	for _, dir := range flag.Args()[1:] {
		tr, alerts, err := load(dir, flag.Arg(0), *byExample)
		if err != nil {
			fmt.Fprintln(os.Stderr, "logchange:", err)
			os.Exit(1)
		}
		t.add(tr, alerts)
	}
	t.print(os.Stdout)
}
