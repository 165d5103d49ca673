package main

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// course is 300 looks in 50 minutes: a level, growth by the hour, noise, and every tenth
// look far off.
func course(level, growth, noise float64) (x, y []float64) {
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range 300 {
		hours := float64(i) / 360
		v := level + growth*hours + noise*rng.NormFloat64()
		if i%10 == 3 {
			v += 20 * noise
		}
		x, y = append(x, hours), append(y, v)
	}
	return x, y
}

func TestTheilSen(t *testing.T) {
	x, y := course(100, 0, 5)
	flat := theilSen(x, y)
	require.InDelta(t, 0, flat.Slope, 3)
	require.LessOrEqual(t, flat.Low, 0.0)
	x, y = course(100, 40, 5)
	grows := theilSen(x, y)
	require.InDelta(t, 40, grows.Slope, 3)
	require.InDelta(t, 37, grows.Low, 4)
	require.Less(t, grows.Low, grows.Slope)
	require.Equal(t, trend{}, theilSen([]float64{1, 2}, []float64{1, 9}))
	require.InDelta(t, 2.5, medianOf([]float64{4, 1, 2, 3}), 0)
}

func looks(goroutines func(hours float64) float64) []look {
	var out []look
	x, _ := course(0, 0, 0)
	for _, hours := range x {
		out = append(out, look{Seconds: hours * 3600, Load: hours * 3600, Goroutines: goroutines(hours), Anon: 100 << 20})
	}
	return out
}

func TestFlat(t *testing.T) {
	for _, c := range flat(looks(func(float64) float64 { return 60 }), 600) {
		require.True(t, c.OK, c)
	}
	// One goroutine left behind every minute.
	for _, c := range flat(looks(func(hours float64) float64 { return 60 + 60*hours }), 600) {
		require.Equal(t, c.Name != "goroutines flat", c.OK, c)
	}
	for _, c := range flat(nil, 600) {
		require.False(t, c.OK, "nothing was seen: %v", c)
	}
}

func TestSettled(t *testing.T) {
	course := []look{{Load: 1, Goroutines: 50}, {Load: 2, Goroutines: 60}, {Load: 9, Goroutines: 500}}
	require.True(t, settled(course, 4, &look{Goroutines: 70})[0].OK)
	require.False(t, settled(course, 4, &look{Goroutines: 90})[0].OK)
	require.False(t, settled(nil, 4, &look{Goroutines: 90})[0].OK)
}
