package undelivered_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/internal/undelivered"
)

func TestCounterBoundsReasonsAndWarnsOncePerReason(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(t.Context())) }()
	core, logs := observer.New(zap.WarnLevel)
	set := tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	c, err := undelivered.NewCounter(set, component.MustNewID("x"))
	require.NoError(t, err)

	for i := range 100 {
		c.Drop(t.Context(), fmt.Sprintf("reason %d", i), 2, "because")
		c.Drop(t.Context(), fmt.Sprintf("reason %d", i), 1, "because")
	}
	c.Retry(t.Context(), "429", 3)
	c.Repeat(t.Context(), 4)

	require.Equal(t, 33, logs.Len(), "32 reasons and the overflow, once each")
	m, err := tel.GetMetric("tidewatch_exporter_dropped_items")
	require.NoError(t, err)
	points := m.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 33)
	total := int64(0)
	for _, p := range points {
		total += p.Value
		if v, _ := p.Attributes.Value(attribute.Key("reason")); v.AsString() == undelivered.Other {
			require.Equal(t, int64(68*3), p.Value)
		}
	}
	require.Equal(t, int64(300), total)
}
