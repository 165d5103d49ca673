package pipelinetest

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"
	"go.yaml.in/yaml/v3"
)

// actual is a record, point or span that came out, as golden files have it.
type actual struct {
	Name       string         `yaml:"name,omitempty"`
	Time       string         `yaml:"time,omitempty"`
	Severity   string         `yaml:"severity,omitempty"`
	Body       any            `yaml:"body,omitempty"`
	Status     string         `yaml:"status,omitempty"`
	Value      *float64       `yaml:"value,omitempty"`
	Attributes map[string]any `yaml:"attributes,omitempty"`
	Resource   map[string]any `yaml:"resource,omitempty"`
}

// items lists what came out.
func (b batch) items(signal pipeline.Signal) (list []actual) {
	switch signal {
	case pipeline.SignalLogs:
		for _, rl := range b.logs.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					severity := r.SeverityNumber().String()
					if r.SeverityNumber() == 0 {
						severity = r.SeverityText()
					}
					list = append(list, actual{
						Name: r.EventName(), Time: stamp(r.Timestamp()), Severity: strings.ToUpper(severity), Body: r.Body().AsRaw(),
						Attributes: r.Attributes().AsRaw(), Resource: rl.Resource().Attributes().AsRaw(),
					})
				}
			}
		}
	case pipeline.SignalMetrics:
		for _, rm := range b.metrics.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					list = append(list, points(m, rm.Resource())...)
				}
			}
		}
	default:
		for _, rs := range b.traces.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					list = append(list, actual{
						Name: s.Name(), Time: stamp(s.StartTimestamp()), Status: strings.ToLower(s.Status().Code().String()),
						Attributes: s.Attributes().AsRaw(), Resource: rs.Resource().Attributes().AsRaw(),
					})
				}
			}
		}
	}
	return list
}

func stamp(t pcommon.Timestamp) string {
	if t == 0 {
		return ""
	}
	return t.AsTime().UTC().Format(time.RFC3339Nano)
}

// points lists the points of a metric. The value of a distribution is its count.
func points(m pmetric.Metric, res pcommon.Resource) (list []actual) {
	add := func(attrs pcommon.Map, v float64) {
		list = append(list, actual{Name: m.Name(), Value: &v, Attributes: attrs.AsRaw(), Resource: res.Attributes().AsRaw()})
	}
	number := func(slice pmetric.NumberDataPointSlice) {
		for _, p := range slice.All() {
			if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
				add(p.Attributes(), float64(p.IntValue()))
			} else {
				add(p.Attributes(), p.DoubleValue())
			}
		}
	}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		number(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		number(m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			add(p.Attributes(), float64(p.Count()))
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			add(p.Attributes(), float64(p.Count()))
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			add(p.Attributes(), float64(p.Count()))
		}
	}
	return list
}

// compare returns what is not as expected.
func (r *Runner) compare(f *File, t *Test, signal pipeline.Signal, out batch) (problems []string) {
	got := out.items(signal)
	e := &t.Expect
	at := func(line int, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%s:%d: ", f.Path, line)+fmt.Sprintf(format, args...))
	}
	switch {
	case e.Dropped && len(got) > 0:
		at(e.line, "nothing should come out, but %d came%s", len(got), listed(got))
	case e.Count != nil && *e.Count != len(got):
		at(e.line, "%d should come out, but %d came%s", *e.Count, len(got), listed(got))
	}
	if len(e.Records) > 0 && signal != pipeline.SignalLogs || len(e.Metrics) > 0 && signal != pipeline.SignalMetrics || len(e.Spans) > 0 && signal != pipeline.SignalTraces {
		at(e.line, "this pipeline is of %s", signal)
		return problems
	}
	for i := range e.Records {
		want := &e.Records[i]
		if i >= len(got) {
			at(want.line, "record %d did not come: %d came", i+1, len(got))
			continue
		}
		for _, d := range want.differences(&got[i]) {
			at(want.line, "record %d: %s", i+1, d)
		}
	}
	if n := len(e.Records); n > 0 && len(got) > n && e.Count == nil {
		at(e.line, "%d records should come out, but %d came%s", n, len(got), listed(got[n:]))
	}
	for _, want := range slices.Concat(e.Metrics, e.Spans) {
		if problem := want.among(got); problem != "" {
			at(want.line, "%s", problem)
		}
	}
	if e.Golden != "" {
		problems = append(problems, r.golden(f, e, got)...)
	}
	return problems
}

// listed shows the first of what came.
func listed(got []actual) string {
	var b strings.Builder
	for i := range got[:min(len(got), 5)] {
		text := got[i].Name
		if text == "" {
			text = fmt.Sprint(got[i].Body)
		}
		fmt.Fprintf(&b, "\n    %.150s", text)
	}
	return b.String()
}

// among looks for the nearest of what came.
func (want *Item) among(got []actual) string {
	var nearest []string
	for i := range got {
		if want.Name != nil && got[i].Name != *want.Name {
			continue
		}
		d := want.differences(&got[i])
		if len(d) == 0 {
			return ""
		}
		if nearest == nil || len(d) < len(nearest) {
			nearest = d
		}
	}
	name := "it"
	if want.Name != nil {
		name = *want.Name
	}
	if nearest == nil {
		return fmt.Sprintf("%s did not come%s", name, listed(got))
	}
	return fmt.Sprintf("%s did not come; the nearest: %s", name, strings.Join(nearest, "; "))
}

// differences says in what a record, point or span is not what is wanted.
func (want *Item) differences(got *actual) (list []string) {
	text := func(what string, w *string, g string) {
		if w != nil && *w != g {
			list = append(list, fmt.Sprintf("%s should be %q, and is %q", what, *w, g))
		}
	}
	text("name", want.Name, got.Name)
	if want.Severity != nil {
		s := strings.ToUpper(*want.Severity)
		text("severity", &s, got.Severity)
	}
	text("time", want.Time, got.Time)
	text("status", want.Status, got.Status)
	if want.Body != nil && !equal(want.Body, got.Body) {
		list = append(list, fmt.Sprintf("body should be %s, and is %s", show(want.Body), show(got.Body)))
	}
	if want.Value != nil && (got.Value == nil || math.Abs(*want.Value-*got.Value) > 1e-9*math.Max(1, math.Abs(*want.Value))) {
		list = append(list, fmt.Sprintf("value should be %v, and is %s", *want.Value, show(got.Value)))
	}
	list = append(list, members("attributes", want.Attributes, got.Attributes)...)
	return append(list, members("resource", want.Resource, got.Resource)...)
}

func members(what string, want, got map[string]any) (list []string) {
	for key, w := range want {
		g, has := got[key]
		switch {
		case w == nil && has:
			list = append(list, fmt.Sprintf("%s::%s should not be there, and is %s", what, key, show(g)))
		case w != nil && !has:
			list = append(list, fmt.Sprintf("%s::%s should be %s, and is not there", what, key, show(w)))
		case w != nil && !equal(w, g):
			list = append(list, fmt.Sprintf("%s::%s should be %s, and is %s", what, key, show(w), show(g)))
		}
	}
	slices.Sort(list)
	return list
}

// equal compares what YAML says with what pdata says; a map must have the members that are
// named.
func equal(want, got any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		return ok && len(members("", w, g)) == 0
	case []any:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(w, g, equal)
	case int:
		if g, ok := got.(float64); ok {
			return g == float64(w)
		}
		return got == int64(w)
	case time.Time:
		return got == w.Format(time.RFC3339Nano)
	}
	return want == got
}

func show(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case *float64:
		if v == nil {
			return "none"
		}
		return fmt.Sprint(*v)
	}
	return fmt.Sprint(v)
}

// golden compares all with a file, or writes it.
func (r *Runner) golden(f *File, e *Expect, got []actual) []string {
	path := f.beside(e.Golden)
	text, err := yaml.Marshal(got)
	if err == nil && r.Update {
		err = os.WriteFile(path, text, 0o644) //nolint:gosec // a file of the user's own tests
		if err == nil {
			return nil
		}
	}
	if err != nil {
		return []string{fmt.Sprintf("%s:%d: golden: %v", f.Path, e.line, err)}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		return []string{fmt.Sprintf("%s:%d: golden: %v; write it with --update", f.Path, e.line, err)}
	}
	if string(want) == string(text) {
		return nil
	}
	wants, gots := strings.Split(string(want), "\n"), strings.Split(string(text), "\n")
	line := 0
	for line < min(len(wants), len(gots)) && wants[line] == gots[line] {
		line++
	}
	lineOf := func(list []string) string {
		if line < len(list) {
			return strings.TrimSpace(list[line])
		}
		return "the end"
	}
	return []string{fmt.Sprintf("%s:%d: should be %q, and is %q; if that is right, run with --update", path, line+1, lineOf(wants), lineOf(gots))}
}
