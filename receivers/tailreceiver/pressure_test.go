package tailreceiver_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

func TestReadingPausesUnderPressure(t *testing.T) {
	r := newRig(t, nil)
	l := &pressuretest.Ladder{}
	l.Set(pressure.PauseReceivers)
	start := func() func() {
		rcv, err := tailreceiver.NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(component.MustNewType("tail")), r.cfg, r.sink)
		require.NoError(t, err)
		require.NoError(t, rcv.Start(t.Context(), l.Host(host{storageID: r.memory})))
		return func() { require.NoError(t, rcv.Shutdown(context.Background())) }
	}
	r.write("a.log", "one\n", "two\n")
	start()() // it may stop while it is paused
	stop := start()
	require.Empty(t, r.sink.taken())
	l.Set(pressure.CoarsePatterns)
	require.Eventually(t, func() bool { return len(r.sink.taken()) == 2 }, time.Minute, time.Millisecond)
	stop()
	require.Equal(t, []string{"one", "two"}, r.sink.taken())
}

// panics panics on a body, as often as it is told.
type panics struct {
	consumer.Logs
	left atomic.Int32
}

func (p *panics) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	body := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str()
	if body == "poison" && p.left.Add(-1) >= 0 {
		panic("odd")
	}
	return p.Logs.ConsumeLogs(ctx, ld)
}

func TestAPanicInAWorkerRestsTheFile(t *testing.T) {
	r := newRig(t, nil)
	next := &panics{Logs: r.sink}
	next.left.Store(1)
	start := func() func() {
		rcv, err := tailreceiver.NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(component.MustNewType("tail")), r.cfg, next)
		require.NoError(t, err)
		require.NoError(t, rcv.Start(t.Context(), host{storageID: r.memory}))
		return func() { require.NoError(t, rcv.Shutdown(context.Background())) }
	}
	r.write("a.log", "poison\n")
	stop := start()
	require.Eventually(t, func() bool { return next.left.Load() == 0 }, time.Minute, time.Millisecond)
	r.write("b.log", "hello\n")
	require.Eventually(t, func() bool { return len(r.sink.taken()) == 1 }, time.Minute, time.Millisecond)
	require.Equal(t, []string{"hello"}, r.sink.taken(), "the others go on")
	stop()
	stop = start()
	require.Eventually(t, func() bool { return len(r.sink.taken()) == 2 }, time.Minute, time.Millisecond)
	stop()
	require.Equal(t, []string{"hello", "poison"}, r.sink.taken(), "nothing is lost")
}
