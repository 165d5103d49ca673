package forecast_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly/forecast"
)

func TestRestoreGoesOn(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	f := run(t, 9, func(at time.Time) float64 { return traffic(at, rng) }, nil)
	b := f.AppendSnapshot(nil)
	require.Less(t, len(b), 1400)
	g, rest, err := forecast.Restore(append(b, "next"...))
	require.NoError(t, err)
	require.Equal(t, "next", string(rest))
	for i := range 1000 {
		at := monday.AddDate(0, 0, 9).Add(time.Duration(i) * step)
		v := traffic(at, rng)
		require.True(t, f.Observe(at, v))
		require.True(t, g.Observe(at, v))
		require.Equal(t, f.Append(nil), g.Append(nil))
	}
}

func TestRestoreRefuses(t *testing.T) {
	f := run(t, 1, func(at time.Time) float64 { return float64(at.Hour()) }, nil)
	b := f.AppendSnapshot(nil)
	for n := range len(b) {
		_, _, err := forecast.Restore(b[:n])
		require.ErrorIs(t, err, forecast.ErrSnapshot)
	}
	b[0]++
	_, _, err := forecast.Restore(b)
	require.ErrorContains(t, err, "version 2, want 1")
}

func FuzzRestore(f *testing.F) {
	g, err := forecast.New(step)
	require.NoError(f, err)
	for i := range 2000 {
		g.Observe(monday.Add(time.Duration(i)*step), float64(i%288))
	}
	f.Add(g.AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		g, _, err := forecast.Restore(b)
		if err != nil {
			require.ErrorIs(t, err, forecast.ErrSnapshot)
			return
		}
		g.Observe(monday.AddDate(1, 0, 0), 1)
		require.Len(t, g.Append(nil), g.Bins())
	})
}
