package anomalyconnector

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/signals"
)

// shop is a service with a daily cycle: calls, errors and p99 of the last minute, as the RED connector sends
// them.
type shop struct {
	rng     *rand.Rand
	trouble bool
}

func (s *shop) scrape(at time.Time) pmetric.Metrics {
	hour := at.Sub(at.Truncate(24 * time.Hour)).Hours()
	calls := 20 - 15*math.Cos(2*math.Pi*hour/24)
	wrong, p99 := 0.01, 0.2*(1+calls/100)
	if s.trouble {
		wrong, p99 = 0.125, 2
	}
	n := 60 * calls
	calls += math.Sqrt(n) * s.rng.NormFloat64() / 60
	wrong = max(0, wrong+math.Sqrt(wrong*(1-wrong)/n)*s.rng.NormFloat64())
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr(signals.AttrServiceName, "inventory")
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	for name, v := range map[string]float64{
		signals.MetricServiceCalls: calls, signals.MetricServiceErrors: wrong, signals.MetricServiceLatencyP99: p99 * math.Exp(0.1*s.rng.NormFloat64()),
		signals.MetricServiceLatencyMean: p99 / 5, signals.MetricSpanCalls: n,
	} {
		m := metrics.AppendEmpty()
		m.SetName(name)
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(at))
		p.SetDoubleValue(v)
	}
	return md
}

func TestServicesHaveBaselines(t *testing.T) {
	r := newRig(t, createDefaultConfig().(*Config), componenttest.NewNopHost())
	defer r.stop()
	s := &shop{rng: rand.New(rand.NewPCG(7, 7))}
	at := begin
	for ; at.Before(begin.Add(4 * 24 * time.Hour)); at = at.Add(10 * time.Second) {
		r.feed(s.scrape(at))
		r.metrics.Reset()
	}
	for _, f := range r.findings() {
		t.Error(f.Timestamp().AsTime(), f.Body().Str())
	}
	s.trouble = true
	for until := at.Add(3 * time.Minute); at.Before(until); at = at.Add(10 * time.Second) {
		r.feed(s.scrape(at))
	}
	found := map[string]bool{}
	for _, f := range r.findings() {
		name, _ := f.Attributes().Get(signals.AttrFindingMetric)
		found[name.Str()] = true
	}
	require.True(t, found[signals.MetricServiceErrors] || found[signals.MetricServiceLatencyP99], "%v", found)
	require.NotContains(t, found, signals.MetricServiceLatencyMean)
	require.NotContains(t, found, signals.MetricSpanCalls)
}
