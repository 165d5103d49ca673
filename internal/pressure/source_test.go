package pressure_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/internal/pressure/pressuretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOf(t *testing.T) {
	require.Equal(t, pressure.Normal, pressure.Of(componenttest.NewNopHost()).Level())
	l := &pressuretest.Ladder{}
	l.Set(pressure.DropExemplars)
	s := pressure.Of(l.Host(componenttest.NewNopHost()))
	require.Equal(t, pressure.DropExemplars, s.Level())
	require.False(t, pressure.Paused(s))
	require.Equal(t, pressure.Normal, pressure.None().Level())
}

func TestWait(t *testing.T) {
	l := &pressuretest.Ladder{}
	require.True(t, pressure.Wait(l, nil))
	l.Set(pressure.PauseReceivers)
	require.True(t, pressure.Paused(l))
	done := make(chan struct{})
	close(done)
	require.False(t, pressure.Wait(l, done), "the receiver stops")
	time.AfterFunc(time.Millisecond, func() { l.Set(pressure.CoarsePatterns) })
	require.True(t, pressure.Wait(l, nil))
}

func BenchmarkLevel(b *testing.B) {
	var s pressure.Source = &pressuretest.Ladder{}
	for b.Loop() {
		_ = s.Level()
	}
}
