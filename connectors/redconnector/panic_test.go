package redconnector

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// panicky panics the first time.
type panicky struct {
	consumertest.MetricsSink
	calls atomic.Int32
}

func (p *panicky) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if p.calls.Add(1) == 1 {
		panic("odd")
	}
	return p.MetricsSink.ConsumeMetrics(ctx, md)
}

func TestSendingGoesOnAfterAPanic(t *testing.T) {
	next := &panicky{}
	cfg := createDefaultConfig().(*Config)
	cfg.Interval = time.Millisecond
	c, err := NewFactory().CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(NewFactory().Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("x")
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	require.Eventually(t, func() bool { return len(next.AllMetrics()) > 0 }, time.Minute, time.Millisecond)
	require.NoError(t, c.Shutdown(t.Context()))
}
