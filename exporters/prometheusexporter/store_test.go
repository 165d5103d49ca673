package prometheusexporter

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var (
	update = flag.Bool("update", false, "rewrite the golden pages")
	t0     = time.Unix(1_700_000_000, 0).UTC()
)

var (
	text        = expfmt.NewFormat(expfmt.TypeTextPlain)
	openMetrics = expfmt.NewFormat(expfmt.TypeOpenMetrics)
	protobuf    = expfmt.NewFormat(expfmt.TypeProtoDelim)
)

func exporterWith(t testing.TB, change func(*Config)) *metricsExporter {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = "127.0.0.1:0"
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	e, err := newExporter(cfg, exportertest.NewNopSettings(componentType))
	require.NoError(t, err)
	e.now = func() time.Time { return t0 }
	return e
}

func page(t testing.TB, e *metricsExporter, format expfmt.Format) string {
	t.Helper()
	return string(e.render(nil, format))
}

// every holds one metric of each kind.
func every() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "checkout")
	rm.Resource().Attributes().PutStr("service.version", "1.2")
	rm.Resource().Attributes().PutStr("host.name", "h1")
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	at := pcommon.NewTimestampFromTime(t0)
	exemplar := func(all pmetric.ExemplarSlice, v float64) {
		e := all.AppendEmpty()
		e.SetTraceID(pcommon.TraceID{1, 2, 3})
		e.SetSpanID(pcommon.SpanID{4})
		e.SetDoubleValue(v)
		e.SetTimestamp(at)
	}

	m := ms.AppendEmpty()
	m.SetName("queue.depth")
	m.SetDescription("Depth, with \\ and \"quotes\"\nand lines.")
	g := m.SetEmptyGauge().DataPoints()
	for i, v := range []float64{1.5, -3} {
		dp := g.AppendEmpty()
		dp.SetTimestamp(at)
		dp.SetDoubleValue(v)
		dp.Attributes().PutStr("queue", fmt.Sprintf("q%d \"x\" \\ \n", i))
	}

	m = ms.AppendEmpty()
	m.SetName("requests")
	m.SetDescription("Requests.")
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	dp := s.DataPoints().AppendEmpty()
	dp.SetTimestamp(at)
	dp.SetIntValue(42)
	exemplar(dp.Exemplars(), 1)

	m = ms.AppendEmpty()
	m.SetName("request.duration")
	m.SetDescription("Duration of a request.")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp := h.DataPoints().AppendEmpty()
	hp.SetTimestamp(at)
	hp.ExplicitBounds().FromRaw([]float64{0.1, 1, 10})
	hp.BucketCounts().FromRaw([]uint64{1, 2, 3, 4})
	hp.SetSum(88.5)
	exemplar(hp.Exemplars(), 0.5)

	m = ms.AppendEmpty()
	m.SetName("payload")
	m.SetDescription("Size of a payload.")
	m.SetUnit("By")
	e := m.SetEmptyExponentialHistogram()
	e.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	ep := e.DataPoints().AppendEmpty()
	ep.SetTimestamp(at)
	ep.SetScale(1)
	ep.SetCount(7)
	ep.SetSum(20)
	ep.SetZeroCount(1)
	ep.Positive().BucketCounts().FromRaw([]uint64{1, 2, 3})
	exemplar(ep.Exemplars(), 2)

	m = ms.AppendEmpty()
	m.SetName("gc.pause")
	m.SetDescription("Pauses of the collector.")
	m.SetUnit("s")
	sp := m.SetEmptySummary().DataPoints().AppendEmpty()
	sp.SetTimestamp(at)
	sp.SetCount(3)
	sp.SetSum(0.3)
	q := sp.QuantileValues().AppendEmpty()
	q.SetQuantile(0.5)
	q.SetValue(0.1)
	q = sp.QuantileValues().AppendEmpty()
	q.SetQuantile(1)
	q.SetValue(0.2)
	return md
}

func TestGoldenPages(t *testing.T) {
	e := exporterWith(t, nil)
	require.NoError(t, e.consume(t.Context(), every()))
	for name, format := range map[string]expfmt.Format{"page.txt": text, "page.openmetrics": openMetrics} {
		file := filepath.Join("testdata", name)
		got := page(t, e, format)
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), got)
	}
}

func gauges(values map[string]float64, stale ...string) pmetric.Metrics {
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("g")
	dps := m.SetEmptyGauge().DataPoints()
	for _, k := range stale { // first, since it must not hide what follows
		dp := dps.AppendEmpty()
		dp.Attributes().PutStr("k", k)
		dp.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	}
	for k, v := range values {
		dp := dps.AppendEmpty()
		dp.Attributes().PutStr("k", k)
		dp.SetDoubleValue(v)
	}
	return md
}

func TestStalePointHidesOnlyItself(t *testing.T) {
	e := exporterWith(t, nil)
	require.NoError(t, e.consume(t.Context(), gauges(map[string]float64{"a": 1, "b": 2, "c": 3})))
	require.NoError(t, e.consume(t.Context(), gauges(map[string]float64{"c": 4}, "a", "never")))
	require.Equal(t, "# TYPE g gauge\ng{k=\"b\"} 2\ng{k=\"c\"} 4\n", page(t, e, text))
}

func TestExpiry(t *testing.T) {
	e := exporterWith(t, nil)
	now := t0
	e.now = func() time.Time { return now }
	require.NoError(t, e.consume(t.Context(), gauges(map[string]float64{"a": 1, "b": 2})))
	now = now.Add(3 * time.Minute)
	require.NoError(t, e.consume(t.Context(), gauges(map[string]float64{"b": 3})))
	now = now.Add(3 * time.Minute)
	require.Equal(t, "# TYPE g gauge\ng{k=\"b\"} 3\n", page(t, e, text))
	now = now.Add(3 * time.Minute)
	require.Empty(t, page(t, e, text))
	require.Equal(t, "# EOF\n", page(t, e, openMetrics))
	require.NoError(t, e.consume(t.Context(), gauges(map[string]float64{"a": 5})))
	require.Equal(t, "# TYPE g gauge\ng{k=\"a\"} 5\n", page(t, e, text))
}

func TestMaxSeries(t *testing.T) {
	tel := componenttest.NewTelemetry()
	cfg := createDefaultConfig().(*Config)
	cfg.MaxSeries = 2
	set := exportertest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	e, err := newExporter(cfg, set)
	require.NoError(t, err)
	require.NoError(t, e.consume(t.Context(), gauges(map[string]float64{"a": 1, "b": 2, "c": 3})))
	stats, n := e.store.stats()
	require.Equal(t, 2, n)
	require.EqualValues(t, 1, stats.RefusedSeries)
	series, err := tel.GetMetric("tidewatch_prometheus_refused_points")
	require.NoError(t, err)
	require.NotEmpty(t, series.Data)
	require.NoError(t, e.shutdown(t.Context()))
	require.NoError(t, tel.Shutdown(t.Context()))
}

func BenchmarkPage100k(b *testing.B) {
	e := exporterWith(b, nil)
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "checkout")
	rm.Resource().Attributes().PutStr("host.name", "h1")
	for f := range 100 {
		m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
		m.SetName(fmt.Sprintf("family.%d", f))
		dps := m.SetEmptyGauge().DataPoints()
		for i := range 1000 {
			dp := dps.AppendEmpty()
			dp.SetDoubleValue(float64(i) * 1.37)
			dp.Attributes().PutStr("device", fmt.Sprintf("dev%d", i))
			dp.Attributes().PutStr("direction", "read")
		}
	}
	require.NoError(b, e.consume(b.Context(), md))
	for name, format := range map[string]expfmt.Format{"text": text, "openmetrics": openMetrics, "protobuf": protobuf} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf = e.render(buf[:0], format)
			}
		})
	}
}
