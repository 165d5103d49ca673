package journaldreceiver_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
	"github.com/tidewatch/tidewatch/receivers/journaldreceiver"
)

func TestReadingPausesUnderPressure(t *testing.T) {
	r := newRig(t)
	r.numbered(1, 3)
	l := &pressuretest.Ladder{}
	l.Set(pressure.PauseReceivers)
	start := func() func() {
		rcv, err := journaldreceiver.NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(component.MustNewType("journald")), r.cfg, r.sink)
		require.NoError(t, err)
		require.NoError(t, rcv.Start(t.Context(), l.Host(host{storageID: r.memory})))
		return func() { require.NoError(t, rcv.Shutdown(context.Background())) }
	}
	start()() // it may stop while it is paused
	stop := start()
	require.Empty(t, r.sink.taken())
	l.Set(pressure.Normal)
	require.Eventually(t, func() bool { return len(r.sink.taken()) == 3 }, time.Minute, time.Millisecond)
	stop()
}
