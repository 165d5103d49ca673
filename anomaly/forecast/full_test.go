package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly/forecast"
)

// follow shows a trend hours of a value per minute and returns it with the last one.
func follow(hours float64, value func(hour float64) float64) (*forecast.Trend, float64) {
	var t forecast.Trend
	v := 0.0
	for i := range int(hours * 60) {
		v = value(float64(i) / 60)
		t.Observe(monday.Add(time.Duration(i)*time.Minute), v)
	}
	return &t, v
}

func TestFullIn(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	trend, v := follow(48, func(h float64) float64 { return 40 + h/2 + rng.NormFloat64() })
	r, ok := trend.Until(100, v)
	require.True(t, ok)
	require.InDelta(t, 72, r.In.Hours(), 6)
	require.InDelta(t, 12, r.PerDay, 0.5)
	require.Less(t, r.Earliest, r.In)
	require.Greater(t, r.Latest, r.In)

	_, ok = trend.Until(0, v)
	require.False(t, ok, "it goes the other way")

	trend, v = follow(48, func(h float64) float64 { return 90 - h + rng.NormFloat64() })
	r, ok = trend.Until(0, v)
	require.True(t, ok)
	require.InDelta(t, 42, r.In.Hours(), 5)
	require.InDelta(t, -24, r.PerDay, 1)
	require.Less(t, r.Earliest, r.Latest)

	r, ok = trend.Until(v, v)
	require.True(t, ok)
	require.Zero(t, r.In)
}

func TestNotAtThisRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	for name, value := range map[string]func(float64) float64{
		"still":                func(float64) float64 { return 40 },
		"noise":                func(float64) float64 { return 40 + rng.NormFloat64() },
		"rotation every hours": func(h float64) float64 { return 40 + 10*(h/6-math.Floor(h/6)) },
		"too slow":             func(h float64) float64 { return 40 + h/1e4 },
	} {
		trend, v := follow(72, value)
		_, ok := trend.Until(100, v)
		require.False(t, ok, name)
	}
	var young forecast.Trend
	_, ok := young.Until(1, 0)
	require.False(t, ok)
}

func TestNewTrendIsSeenSoon(t *testing.T) {
	trend, v := follow(200, func(h float64) float64 { return 40 + max(0, h-150)/2 })
	r, ok := trend.Until(100, v)
	require.True(t, ok)
	require.InDelta(t, 70, r.In.Hours(), 3, "by the last hours, not by the week before")
}

func TestTrendWithGaps(t *testing.T) {
	var trend forecast.Trend
	for i := range 4000 {
		if i%7 < 3 || i > 1000 && i < 1500 {
			continue
		}
		trend.Observe(monday.Add(time.Duration(i)*time.Minute), float64(i))
		trend.Observe(monday.Add(time.Duration(i-100)*time.Minute), 1e9) // late
	}
	trend.Observe(monday.Add(4000*time.Minute), math.NaN())
	r, ok := trend.Until(5000, 4000)
	require.True(t, ok)
	require.InDelta(t, 1000, r.In.Minutes(), 20)
	trend.Observe(monday.AddDate(1, 0, 0), 1)
	trend.Observe(monday.AddDate(1, 0, 1), 1)
	_, ok = trend.Until(5000, 1)
	require.False(t, ok, "after a year of silence nothing is known")
}

func TestTrendGoesOn(t *testing.T) {
	trend, v := follow(48, func(h float64) float64 { return 40 + h })
	b := trend.AppendSnapshot(nil)
	again, rest, err := forecast.RestoreTrend(append(b, 'x'))
	require.NoError(t, err)
	require.Equal(t, "x", string(rest))
	want, _ := trend.Until(100, v)
	got, ok := again.Until(100, v)
	require.True(t, ok)
	require.Equal(t, want, got)
	for n := range len(b) {
		_, _, err := forecast.RestoreTrend(b[:n])
		require.ErrorIs(t, err, forecast.ErrSnapshot)
	}
	b[1] = 0xff
	b[8] = 0xff
	_, _, err = forecast.RestoreTrend(b)
	require.ErrorContains(t, err, "out of range")
}

func TestMeans(t *testing.T) {
	var m forecast.Means
	add := func(minute int, v float64) (time.Time, float64, bool) {
		return m.Add(monday.Add(time.Duration(minute)*time.Minute), v, step)
	}
	for i := range 5 {
		_, _, ok := add(i, float64(i))
		require.False(t, ok)
	}
	_, _, ok := add(3, math.NaN())
	require.False(t, ok)
	begin, mean, ok := add(12, 7)
	require.True(t, ok)
	require.True(t, monday.Equal(begin))
	require.Equal(t, 2.0, mean)
	_, _, ok = add(9, 7)
	require.False(t, ok, "late")
	begin, mean, ok = add(15, 0)
	require.True(t, ok)
	require.True(t, monday.Add(10*time.Minute).Equal(begin))
	require.Equal(t, 7.0, mean)
}
