package alerts

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/stretchr/testify/require"
)

// memory is a store of few series, as many as a test of a rule has.
type memory struct {
	series []*memorySeries
	byKey  map[string]*memorySeries
}

type memorySeries struct {
	labels  labels.Labels
	samples []chunks.Sample
}

type point struct {
	t int64
	v float64
}

func (p point) T() int64                                      { return p.t }
func (point) ST() int64                                       { return 0 }
func (p point) F() float64                                    { return p.v }
func (point) H() *histogram.Histogram                         { return nil }
func (point) FH() *histogram.FloatHistogram                   { return nil }
func (p point) Copy() chunks.Sample                           { return p }
func (point) Type() chunkenc.ValueType                        { return chunkenc.ValFloat }
func (memory) Close() error                                   { return nil }
func (m *memory) Querier(_, _ int64) (storage.Querier, error) { return m, nil }

func (memory) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (memory) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (m *memory) Select(_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found []storage.Series
	for _, s := range m.series {
		if !slices.ContainsFunc(matchers, func(want *labels.Matcher) bool { return !want.Matches(s.labels.Get(want.Name)) }) {
			found = append(found, storage.NewListSeries(s.labels, s.samples))
		}
	}
	slices.SortFunc(found, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	return &seriesSet{series: found, at: -1}
}

// seriesSet is a set of series, in order.
type seriesSet struct {
	series []storage.Series
	at     int
}

func (f *seriesSet) Next() bool                      { f.at++; return f.at < len(f.series) }
func (f *seriesSet) At() storage.Series              { return f.series[f.at] }
func (*seriesSet) Err() error                        { return nil }
func (*seriesSet) Warnings() annotations.Annotations { return nil }

func (m *memory) add(l labels.Labels, t int64, v float64) {
	key := l.String()
	s := m.byKey[key]
	if s == nil {
		s = &memorySeries{labels: l}
		m.byKey[key] = s
		m.series = append(m.series, s)
	}
	s.samples = append(s.samples, point{t, v})
}

var engine = promql.NewEngine(promql.EngineOpts{MaxSamples: 10e6, Timeout: time.Minute, EnableNegativeOffset: true, EnableAtModifier: true})

func query(t *testing.T, m *memory, expr string, at time.Time) (promql.Vector, error) {
	t.Helper()
	q, err := engine.NewInstantQuery(t.Context(), m, nil, expr, at)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	defer q.Close()
	res := q.Exec(t.Context())
	if res.Err != nil {
		return nil, fmt.Errorf("%s: %w", expr, res.Err)
	}
	v, err := res.Vector()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", expr, err)
	}
	return slices.Clone(v), nil
}

// active is the state of an alert as Prometheus keeps it.
type active struct {
	labels           map[string]string
	since, keptSince time.Time
	firing           bool
}

// fires runs a test of the rule step by step, as promtool does, and returns the labels of the alerts that fire at
// its end.
func fires(t *testing.T, r *Rule, test Test) ([]string, error) {
	t.Helper()
	c, err := r.Compile()
	if err != nil {
		return nil, err
	}
	m := &memory{byKey: map[string]*memorySeries{}}
	interval := max(time.Duration(test.Interval), 0)
	if interval == 0 {
		interval = time.Minute
	}
	read := parser.NewParser(parser.Options{})
	for _, s := range test.Series {
		l, values, err := read.ParseSeriesDesc(s.Series + " " + s.Values)
		if err != nil {
			return nil, fmt.Errorf("test %q: %w", test.Name, err)
		}
		for i, v := range values {
			if !v.Omitted {
				m.add(l, time.Unix(0, 0).Add(time.Duration(i)*interval).UnixMilli(), v.Value)
			}
		}
	}
	end := time.Unix(0, 0).Add(time.Duration(test.At))
	recorded := make([]map[string]labels.Labels, len(c.Recordings))
	states := make([]map[string]*active, len(c.Alertings))
	for now := time.Unix(0, 0); !now.After(end); now = now.Add(time.Duration(test.Evaluation())) {
		for i, rec := range c.Recordings {
			if recorded[i], err = record(t, m, rec, recorded[i], now); err != nil {
				return nil, err
			}
		}
		for i, a := range c.Alertings {
			result, err := query(t, m, a.Expr, now)
			if err != nil {
				return nil, err
			}
			if states[i] == nil {
				states[i] = map[string]*active{}
			}
			step(states[i], a, r.labels(a), result, now)
		}
	}
	var firing []string
	for _, alerts := range states {
		for _, a := range alerts {
			if a.firing {
				a.labels["alertname"] = r.ID
				firing = append(firing, selector(a.labels))
			}
		}
	}
	slices.Sort(firing)
	return firing, nil
}

func record(t *testing.T, m *memory, rec Recording, before map[string]labels.Labels, now time.Time) (map[string]labels.Labels, error) {
	t.Helper()
	result, err := query(t, m, rec.Expr, now)
	if err != nil {
		return nil, err
	}
	after := map[string]labels.Labels{}
	for _, s := range result {
		b := labels.NewBuilder(s.Metric).Set(model.MetricNameLabel, rec.Record)
		for k, v := range rec.Labels {
			b.Set(k, v)
		}
		l := b.Labels()
		after[l.String()] = l
		m.add(l, now.UnixMilli(), s.F)
	}
	for key, l := range before {
		if after[key].IsEmpty() {
			m.add(l, now.UnixMilli(), math.Float64frombits(value.StaleNaN))
		}
	}
	return after, nil
}

// step moves the alerts of one expression to the next minute.
func step(states map[string]*active, a Alerting, set map[string]string, result promql.Vector, now time.Time) {
	present := map[string]bool{}
	for _, s := range result {
		all := s.Metric.Map()
		delete(all, model.MetricNameLabel)
		maps.Copy(all, set)
		key := selector(all)
		present[key] = true
		if states[key] == nil {
			states[key] = &active{labels: all, since: now}
		}
		states[key].keptSince = time.Time{}
	}
	for key, s := range states {
		if !present[key] {
			if s.keptSince.IsZero() {
				s.keptSince = now
			}
			if !s.firing || now.Sub(s.keptSince) >= time.Duration(a.KeepFiringFor) {
				delete(states, key)
			}
			continue
		}
		s.firing = s.firing || now.Sub(s.since) >= time.Duration(a.For)
	}
}

// holds says whether a test of the rule has the result that it states.
func holds(t *testing.T, r *Rule, test Test) error {
	t.Helper()
	got, err := fires(t, r, test)
	if err != nil {
		return err
	}
	var want []string
	for _, a := range test.Alerts {
		want = append(want, selector(r.ExpectedLabels(a)))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s, test %q at %s:\n  expected %s\n  got      %s", r.ID, test.Name, test.At, orNone(want), orNone(got))
	}
	return nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

func promRules(t *testing.T) []*Rule {
	t.Helper()
	l, err := Shipped()
	require.NoError(t, err)
	return slices.DeleteFunc(slices.Concat(demo(t).Enabled(), l.Enabled()), (*Rule).LogQL)
}

// TestRulesPassTheirTests runs the tests of every rule in the engine of Prometheus.
func TestRulesPassTheirTests(t *testing.T) {
	for _, r := range promRules(t) {
		t.Run(r.ID, func(t *testing.T) {
			for i, test := range r.Tests {
				if err := holds(t, r, test); err != nil {
					t.Errorf("%s: %s", r.Position(fmt.Sprintf("tests.%d", i)), err)
				}
			}
		})
	}
}
