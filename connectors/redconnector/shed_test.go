package redconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
	"github.com/tidewatch/tidewatch/signals"
)

func examples(md pmetric.Metrics) (n int) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			if m.Name() == signals.MetricSpanDuration {
				for _, p := range m.ExponentialHistogram().DataPoints().All() {
					n += p.Exemplars().Len()
				}
			}
		}
	}
	return n
}

func TestExemplarsAreDroppedUnderPressure(t *testing.T) {
	r := newRig(t, nil)
	l := &pressuretest.Ladder{}
	r.red.pressure = l
	collect := func(level pressure.Level) int {
		l.Set(level)
		r.consume(spec{service: "web", kind: ptrace.SpanKindServer, name: "GET /", id: 1, trace: 1, took: time.Second})
		return examples(r.collect())
	}
	require.Positive(t, collect(pressure.SampleDebug))
	require.Zero(t, collect(pressure.DropExemplars))
	require.Zero(t, collect(pressure.PauseReceivers))
	require.Positive(t, collect(pressure.Normal))
}
