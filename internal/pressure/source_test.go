package pressure_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/pressure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type ladder struct {
	component.StartFunc
	component.ShutdownFunc
	level atomic.Int32
}

func (l *ladder) Level() pressure.Level { return pressure.Level(l.level.Load()) }

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func TestOf(t *testing.T) {
	require.Equal(t, pressure.Normal, pressure.Of(componenttest.NewNopHost()).Level())
	l := &ladder{}
	l.level.Store(2)
	s := pressure.Of(host{componenttest.NewNopHost(), map[component.ID]component.Component{component.MustNewID("l"): l}})
	require.Equal(t, pressure.DropExemplars, s.Level())
	require.False(t, pressure.Paused(s))
	require.Equal(t, pressure.Normal, pressure.None().Level())
}

func TestWait(t *testing.T) {
	l := &ladder{}
	require.True(t, pressure.Wait(l, nil))
	l.level.Store(int32(pressure.PauseReceivers))
	require.True(t, pressure.Paused(l))
	done := make(chan struct{})
	close(done)
	require.False(t, pressure.Wait(l, done), "the receiver stops")
	time.AfterFunc(time.Millisecond, func() { l.level.Store(int32(pressure.CoarsePatterns)) })
	require.True(t, pressure.Wait(l, nil))
}

func BenchmarkLevel(b *testing.B) {
	var s pressure.Source = &ladder{}
	for b.Loop() {
		_ = s.Level()
	}
}
