package undelivered_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/undelivered"
)

func TestABatchThatPanicsGoesBackAndThenIsDropped(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(t.Context())) }()
	c, err := undelivered.NewCounter(tel.NewTelemetrySettings(), component.MustNewID("x"))
	require.NoError(t, err)
	later := errors.New("later")
	inGoroutine := 3
	push := undelivered.Contained(c, func(batch *string) int { return len(*batch) }, func(_ context.Context, batch *string) error {
		switch *batch {
		case "poison":
			panic("odd")
		case "slow":
			return later
		case "inside":
			if inGoroutine--; inGoroutine >= 0 {
				return c.Try(func() error { panic("odd") })
			}
		}
		return nil
	})
	for _, text := range []string{"poison", "inside"} {
		batch := &text
		for range 2 {
			var p *contain.Panic
			require.ErrorAs(t, push(t.Context(), batch), &p)
			fine, slow := "fine", "slow"
			require.NoError(t, push(t.Context(), &fine))
			require.ErrorIs(t, push(t.Context(), &slow), later)
		}
		require.NoError(t, push(t.Context(), batch))
	}
	value := func(name string) int64 {
		m, err := tel.GetMetric(name)
		require.NoError(t, err)
		return m.Data.(metricdata.Sum[int64]).DataPoints[0].Value
	}
	require.EqualValues(t, 6, value("tidewatch_panics"))
	require.EqualValues(t, 12, value("tidewatch_exporter_dropped_items"))
}
