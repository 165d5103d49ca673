package pressure_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/pressure"
)

var (
	start  = time.Date(2026, 3, 9, 3, 0, 0, 0, time.UTC)
	limits = pressure.Limits{High: 0.8, Low: 0.5, Up: 5 * time.Second, Down: time.Minute, Most: pressure.PauseReceivers}
)

// climb gives a reading each second and returns the levels.
func climb(l *pressure.Ladder, from time.Time, seconds int, reading float64) (time.Time, pressure.Level) {
	var level pressure.Level
	for range seconds {
		level = l.Observe(from, reading)
		from = from.Add(time.Second)
	}
	return from, level
}

func TestUpStepByStepAndDownSlowly(t *testing.T) {
	l := pressure.NewLadder(limits)
	at, level := climb(l, start, 5, 0.9)
	require.Equal(t, pressure.Normal, level, "not for less than Up")
	for _, want := range []pressure.Level{pressure.SampleDebug, pressure.DropExemplars, pressure.CoarsePatterns, pressure.PauseReceivers} {
		at, level = climb(l, at, 1, 0.9)
		require.Equal(t, want, level)
		at, level = climb(l, at, 4, 0.9)
		require.Equal(t, want, level)
	}
	at, level = climb(l, at, 600, 0.9)
	require.Equal(t, pressure.PauseReceivers, level, "there is no more")
	at, level = climb(l, at, 600, 0.6)
	require.Equal(t, pressure.PauseReceivers, level, "between the limits it stays")
	at, _ = climb(l, at, 1, 0.4)
	for want := pressure.CoarsePatterns; want >= pressure.Normal; want-- {
		at, level = climb(l, at, 59, 0.4)
		require.Equal(t, want+1, level)
		at, level = climb(l, at, 1, 0.4)
		require.Equal(t, want, level)
	}
}

func TestPeaksAndGapsDoNothing(t *testing.T) {
	l := pressure.NewLadder(limits)
	for i := range 3600 {
		reading := 1.0
		if i%5 == 4 {
			reading = 0.7
		}
		require.Equal(t, pressure.Normal, l.Observe(start.Add(time.Duration(i)*time.Second), reading))
	}
	require.Equal(t, pressure.Normal, l.Observe(start.Add(2*time.Hour), math.NaN()))
}

func TestWhatComesBackIsHeldLonger(t *testing.T) {
	l := pressure.NewLadder(limits)
	at, last, changes := start, pressure.Normal, 0
	for range 2 * 3600 { // it is well only while something is shed
		reading := 0.9
		if last > pressure.Normal {
			reading = 0.4
		}
		level := l.Observe(at, reading)
		if level != last {
			changes++
		}
		last, at = level, at.Add(time.Second)
	}
	require.Less(t, changes, 30, "two hours at a step per minute would be 200")
	at, _ = climb(l, at, 3600, 0.4)
	_, _ = climb(l, at, 6, 0.9)
	at, level := climb(l, at.Add(6*time.Second), 1, 0.9)
	require.Equal(t, pressure.SampleDebug, level)
	_, level = climb(l, at, 62, 0.4)
	require.Equal(t, pressure.Normal, level, "after a calm time it is patient no more")
}

func TestNames(t *testing.T) {
	for l := range pressure.Levels {
		got, ok := pressure.ParseLevel(l.String())
		require.True(t, ok)
		require.Equal(t, l, got)
	}
	_, ok := pressure.ParseLevel("other")
	require.False(t, ok)
	require.Equal(t, "level(9)", pressure.Level(9).String())
}

// FuzzLadder checks what Ladder promises for any readings.
func FuzzLadder(f *testing.F) {
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 128, 128, 255}, uint8(1), uint8(3), uint8(3))
	f.Fuzz(func(t *testing.T, readings []byte, up, down, most uint8) {
		limits := pressure.Limits{
			High: 0.8, Low: 0.5, Up: time.Duration(up) * time.Second, Down: time.Duration(down) * time.Second,
			Most: pressure.Level(most) % pressure.Levels,
		}
		l := pressure.NewLadder(limits)
		at, last, stepped := start, pressure.Normal, time.Time{}
		for _, r := range readings {
			reading := float64(r) / 255
			level := l.Observe(at, reading)
			require.GreaterOrEqual(t, level, pressure.Normal)
			require.LessOrEqual(t, level, limits.Most)
			switch level - last {
			case 0:
			case 1:
				require.GreaterOrEqual(t, reading, limits.High)
				require.True(t, stepped.IsZero() || at.Sub(stepped) >= limits.Up)
				stepped = at
			case -1:
				require.LessOrEqual(t, reading, limits.Low)
				require.GreaterOrEqual(t, at.Sub(stepped), limits.Down)
				stepped = at
			default:
				require.Fail(t, "more than one step at once")
			}
			last, at = level, at.Add(time.Second)
		}
		for range int(pressure.Levels) * 17 * (int(down) + 2) {
			last = l.Observe(at, 0)
			at = at.Add(time.Second)
		}
		require.Equal(t, pressure.Normal, last, "all is taken back by itself")
	})
}
