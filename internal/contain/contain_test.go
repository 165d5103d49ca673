package contain_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/internal/contain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func teller(t *testing.T) (*contain.Teller, *componenttest.Telemetry, *observer.ObservedLogs) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := tel.NewTelemetrySettings()
	core, logs := observer.New(zapcore.InfoLevel)
	set.Logger = zap.New(core)
	c, err := contain.New(set, "processor", component.MustNewID("odd"))
	require.NoError(t, err)
	return c, tel, logs
}

func count(t *testing.T, tel *componenttest.Telemetry, name string) int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		return 0
	}
	p := m.Data.(metricdata.Sum[int64]).DataPoints[0]
	v, _ := p.Attributes.Value("component")
	require.Equal(t, "processor/odd", v.AsString())
	return p.Value
}

func TestTry(t *testing.T) {
	c, tel, logs := teller(t)
	require.NoError(t, c.Try(func() error { return nil }))
	other := errors.New("no")
	require.Equal(t, other, c.Try(func() error { return other }))
	for range 5 {
		var p *contain.Panic
		require.ErrorAs(t, c.Try(func() error { panic("index out of range") }), &p)
		require.Equal(t, "processor/odd panicked: index out of range", p.Error())
	}
	require.EqualValues(t, 5, count(t, tel, "tidewatch_panics"))
	require.Equal(t, 1, logs.Len(), "the stack is told once a minute")
	require.Contains(t, logs.All()[0].ContextMap()["stack"], "TestTry", "where it happened")
}

func TestRunAgain(t *testing.T) {
	c, tel, _ := teller(t)
	runs := 0
	c.Run(nil, func() {
		if runs++; runs == 1 {
			panic("once")
		}
	})
	require.Equal(t, 2, runs)
	require.EqualValues(t, 1, count(t, tel, "tidewatch_panic_restarts"))
}

func TestRunEnds(t *testing.T) {
	c, _, _ := teller(t)
	stop := make(chan struct{})
	var runs atomic.Int32
	c.Run(stop, func() {
		runs.Add(1)
		close(stop)
		panic("at the end")
	})
	require.EqualValues(t, 1, runs.Load())
}

func TestBackoff(t *testing.T) {
	var b contain.Backoff
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		require.Equal(t, want*time.Second, b.Next(time.Minute))
	}
	require.Equal(t, time.Second, b.Next(10*time.Minute), "it has run well for a while")
}

func BenchmarkTry(b *testing.B) {
	c, err := contain.New(componenttest.NewNopTelemetrySettings(), "processor", component.MustNewID("odd"))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_ = c.Try(func() error { return nil })
	}
}
