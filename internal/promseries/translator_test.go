package promseries_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

var t0 = time.Unix(1_700_000_000, 0).UTC()

func ts(after time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t0.Add(after)) }

// batch is one resource with one scope.
func batch(resource map[string]any) (pmetric.Metrics, pmetric.MetricSlice) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	_ = rm.Resource().Attributes().FromRaw(resource)
	return md, rm.ScopeMetrics().AppendEmpty().Metrics()
}

func addSum(ms pmetric.MetricSlice, name string, delta, monotonic bool, start, at time.Duration, v int64, attrs map[string]any) {
	m := ms.AppendEmpty()
	m.SetName(name)
	s := m.SetEmptySum()
	s.SetIsMonotonic(monotonic)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	if delta {
		s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	}
	dp := s.DataPoints().AppendEmpty()
	dp.SetIntValue(v)
	dp.SetStartTimestamp(ts(start))
	dp.SetTimestamp(ts(at))
	_ = dp.Attributes().FromRaw(attrs)
}

func addGauge(ms pmetric.MetricSlice, name, unit string, v float64, attrs map[string]any) pmetric.NumberDataPoint {
	m := ms.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	dp := m.SetEmptyGauge().DataPoints().AppendEmpty()
	dp.SetDoubleValue(v)
	dp.SetTimestamp(ts(0))
	_ = dp.Attributes().FromRaw(attrs)
	return dp
}

func show(s *promseries.Series) string {
	var parts []string
	for _, l := range s.Labels {
		parts = append(parts, fmt.Sprintf("%s=%q", l.Name, l.Value))
	}
	return s.Family.Name + "{" + strings.Join(parts, ",") + "}"
}

func values(tr *promseries.Translator, md pmetric.Metrics) map[string]float64 {
	got := map[string]float64{}
	tr.Translate(md, t0, func(p *promseries.Point) { got[show(p.Series)] = p.Value })
	return got
}

func TestNamesAndLabels(t *testing.T) {
	host := map[string]any{"host.name": "h1", "os.type": "linux"}
	for _, c := range []struct {
		name     string
		resource map[string]any
		unit     string
		metric   string
		attrs    map[string]any
		want     string
	}{
		{"unit", host, "By", "system.memory.usage", map[string]any{"state": "used"}, `system_memory_usage_bytes{host_name="h1",instance="h1",job="tidewatch",state="used"}`},
		{"ratio", host, "1", "load", nil, `load_ratio{host_name="h1",instance="h1",job="tidewatch"}`},
		{"service", map[string]any{"service.name": "checkout", "service.namespace": "shop", "service.instance.id": "i1"}, "", "x", nil, `x{instance="i1",job="shop/checkout",service_name="checkout"}`},
		{"nobody", nil, "", "x", nil, `x{}`},
		{"utf8", nil, "", "größe.x", map[string]any{"schlüssel": "wert", "1st": "y"}, `gr_e_x{key_1st="y",schl_ssel="wert"}`},
		{"joined", nil, "", "x", map[string]any{"a_b": "2", "a.b": "1"}, `x{a_b="1;2"}`},
		{"reserved", host, "", "x", map[string]any{"job": "j", "__name__": "n"}, `x{exported_job="j",host_name="h1",instance="h1",job="tidewatch",key__name__="n"}`},
		{"point before resource", host, "", "x", map[string]any{"host.name": "other"}, `x{host_name="other",instance="h1",job="tidewatch"}`},
		{"empty value", nil, "", "x", map[string]any{"a": "", "b": true, "c": 7}, `x{b="true",c="7"}`},
		{"invalid UTF-8", nil, "", "x", map[string]any{"a": "\xff!"}, "x{a=\"\uFFFD!\"}"},
		{"long value", nil, "", "x", map[string]any{"a": strings.Repeat("é", 4000)}, `x{a="` + strings.Repeat("é", 2048) + `"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			md, ms := batch(c.resource)
			addGauge(ms, c.metric, c.unit, 1, c.attrs)
			got := values(promseries.New(promseries.Settings{MaxSeries: 10}), md)
			require.Contains(t, slices.Collect(maps.Keys(got)), c.want)
		})
	}
}

func TestTargetInfo(t *testing.T) {
	md, ms := batch(map[string]any{"service.name": "s", "os.type": "linux"})
	addGauge(ms, "x", "", 1, nil)
	require.Equal(t, map[string]float64{`x{job="s",service_name="s"}`: 1, `target_info{job="s",os_type="linux"}`: 1},
		values(promseries.New(promseries.Settings{MaxSeries: 10}), md))
}

func TestSums(t *testing.T) {
	tr := promseries.New(promseries.Settings{MaxSeries: 10})
	next := func(start, at time.Duration) map[string]float64 {
		md, ms := batch(nil)
		addSum(ms, "hits", true, true, start, at, 5, nil)
		addSum(ms, "open", false, false, start, at, 7, nil)
		return values(tr, md)
	}
	require.Equal(t, map[string]float64{"hits_total{}": 5, "open{}": 7}, next(0, time.Second))
	require.Equal(t, map[string]float64{"hits_total{}": 10, "open{}": 7}, next(time.Second, 2*time.Second))
	require.Equal(t, map[string]float64{"open{}": 7}, next(time.Second, 2*time.Second), "the same delta again")
	require.EqualValues(t, 1, tr.Stats().DuplicateDeltas)
	tr.Expire(t0.Add(time.Hour), nil)
	require.Zero(t, tr.Len())
	require.Equal(t, 5., next(2*time.Second, 3*time.Second)["hits_total{}"], "starts anew, as after a restart")
}

func TestDeltaHistograms(t *testing.T) {
	tr := promseries.New(promseries.Settings{MaxSeries: 10})
	var classic promseries.Histogram
	var native promseries.Native
	for i := range 3 {
		md, ms := batch(nil)
		m := ms.AppendEmpty()
		m.SetName("lat")
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		dp := h.DataPoints().AppendEmpty()
		dp.SetTimestamp(ts(time.Duration(i+1) * time.Second))
		dp.ExplicitBounds().FromRaw([]float64{1, 2})
		dp.BucketCounts().FromRaw([]uint64{1, 0, 2})
		dp.SetSum(10)
		e := ms.AppendEmpty()
		e.SetName("exp")
		eh := e.SetEmptyExponentialHistogram()
		eh.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		ep := eh.DataPoints().AppendEmpty()
		ep.SetTimestamp(ts(time.Duration(i+1) * time.Second))
		ep.SetScale(int32(2 - i)) // coarser each time
		ep.SetCount(4)
		ep.SetSum(4)
		ep.SetZeroCount(1)
		ep.Positive().SetOffset(int32(i))
		ep.Positive().BucketCounts().FromRaw([]uint64{1, 1, 1})
		tr.Translate(md, t0, func(p *promseries.Point) {
			if p.Series.Family.Name == "lat" {
				classic = p.Histogram
			} else {
				native.CopyFrom(&p.Native)
			}
		})
	}
	require.Equal(t, []uint64{3, 3, 9}, classic.Cumulative)
	require.EqualValues(t, 9, classic.Count)
	require.Equal(t, 30., classic.Sum)
	require.EqualValues(t, 0, native.Schema)
	require.EqualValues(t, 12, native.Count)
	require.EqualValues(t, 3, native.ZeroCount)
	// Scale 2, offset 0: all three in (1,2]. Scale 1, offset 1: one in (1,2], two in
	// (2,4]. Scale 0, offset 2: one each in (4,8], (8,16], (16,32].
	require.Equal(t, promseries.Buckets{Offset: 1, Counts: []uint64{4, 2, 1, 1, 1}}, native.Positive)
	spans, deltas := native.Positive.Sparse()
	require.Equal(t, []promseries.Span{{Offset: 1, Length: 5}}, spans)
	require.Equal(t, []int64{4, -2, -1, 0, 0}, deltas)
	c := native.Classic()
	require.Equal(t, []float64{2, 4, 8, 16, 32}, c.Bounds[1:])
	require.Equal(t, []uint64{3, 7, 9, 10, 11, 12, 12}, c.Cumulative)
}

func TestSparseKeepsShortGaps(t *testing.T) {
	b := promseries.Buckets{Offset: -3, Counts: []uint64{1, 0, 0, 2, 0, 0, 0, 5}}
	spans, deltas := b.Sparse()
	require.Equal(t, []promseries.Span{{-3, 4}, {3, 1}}, spans)
	require.Equal(t, []int64{1, -1, 0, 2, 3}, deltas)
}

func TestUpperBound(t *testing.T) {
	require.InDelta(t, 2, promseries.UpperBound(0, 1), 0)
	require.InDelta(t, 1, promseries.UpperBound(3, 0), 0)
	require.InDelta(t, math.Sqrt2, promseries.UpperBound(1, 1), 1e-15)
	require.InDelta(t, 1/math.Sqrt2, promseries.UpperBound(1, -1), 1e-15)
	require.InDelta(t, 16, promseries.UpperBound(-2, 1), 0)
}

func TestStale(t *testing.T) {
	md, ms := batch(nil)
	addGauge(ms, "gone", "", 0, nil).SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	addGauge(ms, "here", "", 1, nil)
	stale := map[string]bool{}
	promseries.New(promseries.Settings{MaxSeries: 10}).Translate(md, t0, func(p *promseries.Point) { stale[show(p.Series)] = p.Stale })
	require.Equal(t, map[string]bool{"gone{}": true, "here{}": false}, stale)
}

func TestBounds(t *testing.T) {
	md, ms := batch(nil)
	for i := range 5 {
		addSum(ms, "n", true, true, 0, time.Second, 1, map[string]any{"i": i})
		addGauge(ms, "g", "", 1, map[string]any{"i": i})
	}
	for _, pass := range []bool{false, true} {
		tr := promseries.New(promseries.Settings{MaxSeries: 4, PassOverflow: pass})
		got := values(tr, md)
		require.Equal(t, 4, tr.Len())
		if pass {
			require.Len(t, got, 7, "gauges pass, deltas cannot be remembered")
			require.EqualValues(t, 3, tr.Stats().RefusedSeries)
		} else {
			require.Len(t, got, 4)
			require.EqualValues(t, 6, tr.Stats().RefusedSeries)
		}
	}
}

// Series are found in whatever order they come, forgotten ones too.
func TestOrderOfSeries(t *testing.T) {
	tr := promseries.New(promseries.Settings{MaxSeries: 100})
	for round := range 20 {
		md, ms := batch(nil)
		for i := range 30 {
			k := (i*(2*round+1) + round) % 32
			addGauge(ms, "g", "", float64(k), map[string]any{"k": k})
		}
		got := values(tr, md)
		require.Len(t, got, 30)
		for name, v := range got {
			require.Equal(t, fmt.Sprintf(`g{k="%g"}`, v), name)
		}
		if round%4 == 3 {
			tr.Each(func(s *promseries.Series) bool {
				if s.Hash%3 == 0 {
					tr.Forget(s)
				}
				return true
			})
		}
	}
}

func TestConflicts(t *testing.T) {
	tr := promseries.New(promseries.Settings{MaxSeries: 10, OneTypePerName: true})
	md, ms := batch(nil)
	addGauge(ms, "x", "", 1, nil)
	ms.AppendEmpty().SetName("x")
	h := ms.At(1).SetEmptySummary()
	h.DataPoints().AppendEmpty()
	addGauge(ms, "x", "{item}", 2, nil) // same name, other description
	ms.At(2).SetDescription("other")
	require.Equal(t, map[string]float64{"x{}": 2}, values(tr, md))
	require.EqualValues(t, 1, tr.Stats().TypeConflicts)
	require.EqualValues(t, 1, tr.Stats().HelpConflicts)
	require.EqualValues(t, 1, tr.Stats().Collisions)
}

func TestExemplars(t *testing.T) {
	md, ms := batch(nil)
	addSum(ms, "n", false, true, 0, time.Second, 1, nil)
	e := ms.At(0).Sum().DataPoints().At(0).Exemplars().AppendEmpty()
	e.SetTraceID(pcommon.TraceID{1, 2})
	e.SetSpanID(pcommon.SpanID{3})
	e.SetIntValue(4)
	e.SetTimestamp(ts(time.Second))
	e.FilteredAttributes().PutStr("user", "u")
	e.FilteredAttributes().PutStr("long", strings.Repeat("x", 200))
	var got []promseries.Exemplar
	promseries.New(promseries.Settings{MaxSeries: 10}).Translate(md, t0, func(p *promseries.Point) { got = slices.Clone(p.Exemplars) })
	require.Equal(t, []promseries.Exemplar{{Value: 4, Time: t0.UnixMilli() + 1000, Labels: []promseries.Label{
		{"span_id", "0300000000000000"}, {"trace_id", "01020000000000000000000000000000"}, {"user", "u"},
	}}}, got)
}

func BenchmarkKnownSeries(b *testing.B) {
	md, ms := batch(map[string]any{"service.name": "s", "host.name": "h"})
	m := ms.AppendEmpty()
	m.SetName("system.cpu.time")
	m.SetUnit("s")
	g := m.SetEmptyGauge()
	for i := range 1000 {
		dp := g.DataPoints().AppendEmpty()
		dp.SetTimestamp(ts(0))
		dp.SetDoubleValue(float64(i))
		dp.Attributes().PutStr("cpu", fmt.Sprint("cpu", i))
		dp.Attributes().PutStr("state", "idle")
	}
	tr := promseries.New(promseries.Settings{MaxSeries: 10_000})
	tr.Translate(md, t0, func(*promseries.Point) {})
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		tr.Translate(md, t0, func(*promseries.Point) {})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1001, "ns/point")
}
