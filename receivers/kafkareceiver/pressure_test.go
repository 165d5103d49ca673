package kafkareceiver_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
	"github.com/tidewatch/tidewatch/receivers/kafkareceiver"
)

func TestReadingPausesUnderPressure(t *testing.T) {
	c := brokers(t)
	w := &writer{t: t, to: client(t, c)}
	w.write(9)
	l := &pressuretest.Ladder{}
	l.Set(pressure.PauseReceivers)
	s := &sink{}
	start := func() func() {
		f := kafkareceiver.NewFactory()
		r, err := f.CreateLogs(t.Context(), receivertest.NewNopSettings(f.Type()), config(c), s)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), l.Host(componenttest.NewNopHost())))
		return func() { require.NoError(t, r.Shutdown(context.Background())) }
	}
	start()() // it may stop while it is paused
	stop := start()
	require.Zero(t, s.distinct())
	l.Set(pressure.Normal)
	arrive(t, 9, s)
	stop()
}
