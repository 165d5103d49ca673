package elasticsearchexporter_test

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

func startMetrics(t *testing.T, cfg *elasticsearchexporter.Config, tel *componenttest.Telemetry) exporter.Metrics {
	t.Helper()
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	if tel != nil {
		set.TelemetrySettings = tel.NewTelemetrySettings()
	}
	e, err := elasticsearchexporter.NewFactory().CreateMetrics(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e
}

const noon = pcommon.Timestamp(1795262400000000000)

// everyKindOfMetric has one point for each rule of the encoding.
func everyKindOfMetric() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("host.name", "web-1")
	rm.Resource().Attributes().PutStr("k8s.pod.name", "checkout-1")
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName("hostmetrics")

	m := sm.Metrics().AppendEmpty() // two sets of attributes, two times
	m.SetName("system.cpu.utilization")
	points := m.SetEmptyGauge().DataPoints()
	for i, state := range []string{"user", "system", "user"} {
		p := points.AppendEmpty()
		p.Attributes().PutStr("state", state)
		p.SetTimestamp(noon + pcommon.Timestamp(i/2*1e9))
		p.SetDoubleValue(0.25 * float64(i+1))
	}
	m = sm.Metrics().AppendEmpty()
	m.SetName("system.cpu.time")
	sum := m.SetEmptySum()
	for _, state := range []string{"system", "user"} {
		p := sum.DataPoints().AppendEmpty()
		p.Attributes().PutStr("state", state)
		p.SetTimestamp(noon)
		p.SetIntValue(1234)
	}
	for name, value := range map[string]float64{"not.a.number": math.NaN(), "infinite": math.Inf(1)} {
		m = sm.Metrics().AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(noon)
		p.SetDoubleValue(value)
	}
	m = sm.Metrics().AppendEmpty() // ended
	m.SetName("stale")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(noon)
	p.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))

	sm = rm.ScopeMetrics().AppendEmpty()
	m = sm.Metrics().AppendEmpty()
	m.SetName("http.server.request.duration")
	h := m.SetEmptyHistogram().DataPoints().AppendEmpty()
	h.SetTimestamp(noon)
	h.ExplicitBounds().FromRaw([]float64{0.1, 0.5, 1})
	h.BucketCounts().FromRaw([]uint64{4, 0, 2, 1})
	h.SetCount(7)
	h.SetSum(3.5)
	h.SetMin(0.01)
	h.SetMax(1.2)
	m = sm.Metrics().AppendEmpty()
	m.SetName("latency")
	x := m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
	x.SetTimestamp(noon)
	x.SetScale(0)
	x.SetZeroCount(1)
	x.Positive().SetOffset(1)
	x.Positive().BucketCounts().FromRaw([]uint64{2, 0, 3}) // (2,4], (8,16]
	x.Negative().BucketCounts().FromRaw([]uint64{5, 1})    // [-2,-1), [-4,-2)
	x.SetCount(12)
	m = sm.Metrics().AppendEmpty()
	m.SetName("gc")
	s := m.SetEmptySummary().DataPoints().AppendEmpty()
	s.SetTimestamp(noon)
	s.SetCount(10)
	s.SetSum(5)
	for _, q := range [][2]float64{{0.07, 0.1}, {0.5, 0.5}, {0.999, 0.9}, {1, math.NaN()}} {
		v := s.QuantileValues().AppendEmpty()
		v.SetQuantile(q[0])
		v.SetValue(q[1])
	}
	for range 2 { // the same name again, and one that the summary has
		m = sm.Metrics().AppendEmpty()
		m.SetName("gc.count")
		p = m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(noon)
		p.SetIntValue(10)
	}
	m = sm.Metrics().AppendEmpty() // only the mean is known
	m.SetName("mean")
	h = m.SetEmptyHistogram().DataPoints().AppendEmpty()
	h.SetTimestamp(noon)
	h.SetCount(4)
	h.SetSum(2)
	return md
}

func TestMetricDocuments(t *testing.T) {
	f := newFake(t)
	require.NoError(t, startMetrics(t, direct(f.URL), nil).ConsumeMetrics(t.Context(), everyKindOfMetric()))
	requireGolden(t, "metrics.ndjson", f.docs())
}

func TestOTelDocuments(t *testing.T) {
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.Mode = "otel"
	require.NoError(t, startLogs(t, cfg, nil).ConsumeLogs(t.Context(), everyKindOfLog()))
	require.NoError(t, startMetrics(t, cfg, nil).ConsumeMetrics(t.Context(), everyKindOfMetric()))
	e, err := elasticsearchexporter.NewFactory().CreateTraces(t.Context(), exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeTraces(t.Context(), someSpans()))
	require.NoError(t, e.Shutdown(t.Context()))
	requireGolden(t, "otel.ndjson", f.docs())
	for _, name := range []string{"logs-otel", "traces-otel", "metrics", "logs"} {
		require.Contains(t, f.templates, "tidewatch-"+name)
	}
}

func TestPointsAreCountedNotDocuments(t *testing.T) {
	f := newFake(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	busy := true
	f.item = func(d doc) (int, string) {
		switch {
		case busy && strings.Contains(d.Source, `"state":"system"`):
			busy = false
			return http.StatusTooManyRequests, "es_rejected_execution_exception"
		case strings.Contains(d.Source, `"latency`):
			return http.StatusBadRequest, "document_parsing_exception"
		}
		return 0, ""
	}
	cfg := retrying(f.URL)
	cfg.DeadLetter = false
	require.NoError(t, startMetrics(t, cfg, tel).ConsumeMetrics(t.Context(), everyKindOfMetric()))
	require.Len(t, f.docs(), 5)
	require.Equal(t, 2, f.count())
	require.Equal(t, map[string]int64{"document_parsing_exception": 3}, dropped(t, tel))
	require.Equal(t, map[string]int64{"429": 2}, sum(t, tel, "tidewatch_exporter_retried_items", "reason"), "utilization and time of one state")
}

func TestMetricsSentTwiceAreStoredOnce(t *testing.T) {
	f := newFake(t)
	e := startMetrics(t, direct(f.URL), nil)
	require.NoError(t, e.ConsumeMetrics(t.Context(), everyKindOfMetric()))
	n := len(f.docs())
	require.NoError(t, e.ConsumeMetrics(t.Context(), everyKindOfMetric()))
	require.Len(t, f.docs(), n)
}
