package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func reasons(dropped map[string]float64) string {
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(dropped)) {
		if dropped[why] > 0 {
			parts = append(parts, fmt.Sprintf("%s %.0f", why, dropped[why]))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// column is one course.
type column struct {
	name string
	of   func(*look) float64
}

// columns are the courses, in the order of the file.
var columns = []column{
	{"seconds", func(l *look) float64 { return l.Seconds }},
	{"load_seconds", func(l *look) float64 { return l.Load }},
	{"cpu_seconds", func(l *look) float64 { return l.CPU }},
	{"rss_mib", func(l *look) float64 { return l.RSS / (1 << 20) }},
	{"rss_anon_mib", func(l *look) float64 { return l.Anon / (1 << 20) }},
	{"heap_mib", func(l *look) float64 { return l.Heap / (1 << 20) }},
	{"goroutines", func(l *look) float64 { return l.Goroutines }},
	{"descriptors", func(l *look) float64 { return l.Descriptors }},
	{"open_log_files", func(l *look) float64 { return l.LogFiles }},
	{"threads", func(l *look) float64 { return l.Threads }},
	{"state_mib", func(l *look) float64 { return l.State / (1 << 20) }},
	{"queues_mib", func(l *look) float64 { return l.Queues / (1 << 20) }},
	{"queued_records", func(l *look) float64 { return l.Queued }},
	{"read_records", func(l *look) float64 { return l.Read }},
	{"refused_records", func(l *look) float64 { return l.Refused }},
	{"dropped_records", func(l *look) float64 { return l.Dropped }},
	{"saturated_exporters", func(l *look) float64 { return float64(l.Saturated) }},
	{"waiting_exporters", func(l *look) float64 { return float64(l.Waiting) }},
}

// courses writes all looks as CSV.
func (r *run) courses() error {
	f, err := os.Create(r.path("courses.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	_ = w.Write(row) // what fails is told by Error
	for i := range r.looks {
		for k, c := range columns {
			row[k] = strconv.FormatFloat(c.of(&r.looks[i]), 'f', 2, 64)
		}
		_ = w.Write(row) // as above
	}
	w.Flush()
	return w.Error()
}

// table prints quantiles of the courses after the warm-up.
func (r *run) table(out io.Writer) {
	fmt.Fprintf(out, "\n== Courses after the warm-up of %d s, %d looks\n", r.plan.Warm, len(r.looks))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\tfirst\tleast\tmedian\tmost\tlast\t\n")
	for _, c := range columns[3:14] {
		var v []float64
		for i := range r.looks {
			if r.looks[i].Load >= float64(r.plan.Warm) {
				v = append(v, c.of(&r.looks[i]))
			}
		}
		if len(v) > 0 {
			fmt.Fprintf(t, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t\n", c.name, v[0], slices.Min(v), medianOf(v), slices.Max(v), v[len(v)-1])
		}
	}
	_ = t.Flush() // it is for people to read
}

// costs prints what the agent and this program have used.
func (r *run) costs(out io.Writer, own float64) {
	lines := 0
	for _, w := range r.writers {
		lines += w.n
	}
	fmt.Fprintf(out, "\n== Cost\nagent %.1f CPU s in %.0f s (%.1f %% of a core), %.2f CPU s per million lines with all else that it did meanwhile; generator and sinks %.1f CPU s\n",
		r.last.CPU, r.last.Seconds, 100*r.last.CPU/max(1, r.last.Seconds), r.last.CPU*1e6/float64(max(1, lines)), own)
	fmt.Fprintf(out, "%d lines, %d points, %d spans; the load of %d s took %.0f s, and all had arrived %.0f s later\n", lines, r.points.records.Load(), r.spans.records.Load(),
		r.plan.Seconds, r.last.Seconds-r.drained.Seconds(), r.drained.Seconds())
}

// report prints the verdict and writes the files; it returns whether all holds.
func (r *run) report(out io.Writer, own float64) (bool, error) {
	checks := r.verdict()
	r.table(out)
	r.costs(out, own)
	fmt.Fprintln(out, "\n== Verdict")
	ok := true
	for _, c := range checks {
		word := "ok  "
		if !c.OK {
			word, ok = "FAIL", false
		}
		fmt.Fprintf(out, "%s  %s: %s\n", word, c.Name, c.Said)
	}
	for _, p := range r.problems {
		fmt.Fprintf(out, "      the doctor said under load: %s\n", p)
	}
	f, err := json.MarshalIndent(struct {
		Plan    plan                 `json:"plan"`
		Seed    uint64               `json:"seed"`
		OK      bool                 `json:"ok"`
		Checks  []check              `json:"checks"`
		Weather map[string][]episode `json:"weather"`
		Last    look                 `json:"last"`
		Own     float64              `json:"generator_cpu_seconds"`
		Doctor  []string             `json:"doctor_under_load"`
		Looks   []look               `json:"looks"`
	}{r.plan, r.seed, ok, checks, r.forecasts(), r.last, own, r.problems, r.looks}, "", " ")
	if err == nil {
		err = os.WriteFile(r.path("result.json"), f, 0o644)
	}
	if err == nil {
		err = r.courses()
	}
	if err == nil {
		err = os.WriteFile(r.path("courses.svg"), r.plot(), 0o644)
	}
	return ok, err
}

func (r *run) forecasts() map[string][]episode {
	out := map[string][]episode{}
	for _, s := range r.sites {
		out[s.name] = s.weather.episodes
	}
	return out
}
