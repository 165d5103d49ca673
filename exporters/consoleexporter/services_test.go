package consoleexporter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/exporters/consoleexporter"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// red is what the RED connector sends; n requests so far.
func red(at time.Time, n int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr(signals.AttrServiceName, "cart")
	rm.Resource().Attributes().PutStr("service.namespace", "shop")
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	for name, v := range map[string]float64{
		signals.MetricServiceCalls: 5, signals.MetricServiceErrors: 0.125, signals.MetricServiceLatencyMean: 0.5, signals.MetricServiceLatencyP99: 2,
	} {
		m := metrics.AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetDoubleValue(v)
		p.Attributes().PutStr("span.name", "add")
	}
	name := func(to pcommon.Map) {
		to.PutStr("client", "web")
		to.PutStr("server", "cart")
		to.PutStr("connection_type", "")
	}
	for metric, share := range map[string]int{signals.MetricGraphRequests: 1, signals.MetricGraphFailed: 4} {
		m := metrics.AppendEmpty()
		m.SetName(metric)
		s := m.SetEmptySum()
		s.SetIsMonotonic(true)
		s.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := s.DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetIntValue(int64(n / share))
		name(p.Attributes())
	}
	m := metrics.AppendEmpty()
	m.SetName(signals.MetricGraphClient)
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	p := h.DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(at))
	p.SetCount(uint64(n))
	p.SetSum(float64(n) / 2)
	name(p.Attributes())
	m = metrics.AppendEmpty()
	m.SetName(signals.MetricGraphServer)
	x := m.SetEmptyExponentialHistogram()
	x.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	xp := x.DataPoints().AppendEmpty()
	xp.SetTimestamp(pcommon.NewTimestampFromTime(at))
	xp.SetCount(uint64(n))
	xp.SetSum(float64(n) / 4)
	name(xp.Attributes())
	return md
}

func TestServices(t *testing.T) {
	store, h := newHost()
	f := consoleexporter.NewFactory()
	e, err := f.CreateMetrics(t.Context(), exportertest.NewNopSettings(f.Type()), f.CreateDefaultConfig())
	run(t, h, e, err, func(e exporter.Metrics) {
		require.NoError(t, e.ConsumeMetrics(t.Context(), red(when, 0)))
		require.NoError(t, e.ConsumeMetrics(t.Context(), red(when.Add(10*time.Second), 80)))
	})
	now := when.Add(10 * time.Second)
	require.Equal(t, []localstore.ServiceView{{
		Service: "cart", Operation: "add", Attrs: []localstore.Attr{{Key: "service.namespace", Value: "shop"}},
		Calls: 5, Errors: 0.125, LatencyMean: 0.5, LatencyP99: 2, Updated: now.Unix(),
	}}, store.Services(now))
	require.Equal(t, []localstore.EdgeView{{
		Edge: localstore.Edge{Client: "web", Server: "cart"}, Calls: 8, Errors: 0.25, LatencyMean: 0.25, Requests: 80, Failed: 20,
	}}, store.Edges(now))
}
