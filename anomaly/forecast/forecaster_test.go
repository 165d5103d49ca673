package forecast_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly/forecast"
)

const step = 5 * time.Minute

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// traffic is a day with a busy afternoon and a quiet Sunday, with 2 % of noise.
func traffic(t time.Time, rng *rand.Rand) float64 {
	hour := t.Sub(monday).Hours()
	v := 100 + 60*math.Sin((hour-9)/24*2*math.Pi)
	if t.Weekday() == time.Sunday {
		v *= 0.5
	}
	return v * (1 + 0.02*rng.NormFloat64())
}

func run(t *testing.T, days int, value func(time.Time) float64, each func(f *forecast.Forecaster, at time.Time)) *forecast.Forecaster {
	t.Helper()
	f, err := forecast.New(step)
	require.NoError(t, err)
	for at := monday; at.Before(monday.AddDate(0, 0, days)); at = at.Add(step) {
		if v := value(at); !math.IsNaN(v) {
			f.Observe(at, v)
		}
		if each != nil {
			each(f, at)
		}
	}
	return f
}

func TestSeasonalSeries(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	values := map[time.Time]float64{}
	for at := monday; at.Before(monday.AddDate(0, 0, 36)); at = at.Add(step) {
		values[at] = traffic(at, rng)
	}
	var off, naive, inside, n float64
	run(t, 35, func(at time.Time) float64 { return values[at] }, func(f *forecast.Forecaster, at time.Time) {
		if at.Before(monday.AddDate(0, 0, 14)) || at.Minute() != 0 {
			return
		}
		points := f.Append(nil)
		require.Len(t, points, 24)
		for i, p := range points {
			v := values[at.Add(time.Duration(i+1)*step)]
			off += math.Abs(p.Value - v)
			naive += math.Abs(values[at.Add(time.Duration(i+1)*step-24*time.Hour)] - v)
			if v >= p.Lower && v <= p.Upper {
				inside++
			}
			n++
		}
	})
	require.Less(t, off/n, 2.5, "mean error; the noise alone gives 1.5")
	require.Less(t, off/naive, 0.4, "against the value of yesterday")
	require.InDelta(t, 0.9, inside/n, 0.04, "share of values in the interval")
}

func TestWithstandsAnomaly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	incident := monday.AddDate(0, 0, 15).Add(10 * time.Hour)
	f := run(t, 16, func(at time.Time) float64 {
		if d := at.Sub(incident); d >= 0 && d < 30*time.Minute {
			return 5000
		}
		return traffic(at, rng)
	}, nil)
	for i, p := range f.Append(nil) {
		want := traffic(monday.AddDate(0, 0, 16).Add(time.Duration(i)*step), rng)
		require.InDelta(t, want, p.Value, 15, "bin %d, half a day after an incident", i)
	}
}

func TestFollowsLevelShift(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	shift := monday.AddDate(0, 0, 15).Add(12 * time.Hour)
	f := run(t, 16, func(at time.Time) float64 {
		v := traffic(at, rng)
		if !at.Before(shift) {
			v += 400
		}
		return v
	}, nil)
	for i, p := range f.Append(nil) {
		want := 400 + traffic(monday.AddDate(0, 0, 16).Add(time.Duration(i)*step), rng)
		require.InDelta(t, want, p.Value, 40, "bin %d, half a day after the shift", i)
	}
}

func TestGaps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	f := run(t, 16, func(at time.Time) float64 {
		v := traffic(at, rng)
		if rng.IntN(5) == 0 || at.After(monday.AddDate(0, 0, 14)) && at.Before(monday.AddDate(0, 0, 15)) {
			return math.NaN()
		}
		return v
	}, nil)
	for i, p := range f.Append(nil) {
		require.InDelta(t, traffic(monday.AddDate(0, 0, 16).Add(time.Duration(i)*step), rng), p.Value, 15, "bin %d", i)
	}
}

func TestInvariance(t *testing.T) {
	last := func(scale, shift float64) []forecast.Point {
		rng := rand.New(rand.NewPCG(2, 1))
		return run(t, 10, func(at time.Time) float64 { return scale*traffic(at, rng) + shift }, nil).Append(nil)
	}
	want := last(1, 0)
	for i, p := range last(1e6, 0) {
		require.InDelta(t, want[i].Value, p.Value/1e6, 0.5)
		require.InDelta(t, want[i].Upper, p.Upper/1e6, 0.5)
	}
	// Only the proportional predictor sees the zero.
	for i, p := range last(1, 1e6) {
		require.InDelta(t, want[i].Value, p.Value-1e6, 2)
	}
}

func TestConstantAndYoungSeries(t *testing.T) {
	f := run(t, 3, func(time.Time) float64 { return 42 }, nil)
	for _, p := range f.Append(nil) {
		require.InDelta(t, 42, p.Value, 1e-6)
		require.InDelta(t, 42, p.Upper, 1e-3)
	}
	f, err := forecast.New(step)
	require.NoError(t, err)
	require.Empty(t, f.Append(nil))
	_, ok := f.At(1)
	require.False(t, ok)
	require.True(t, f.Observe(monday, 7))
	p, ok := f.At(24)
	require.True(t, ok)
	require.InDelta(t, 7, p.Value, 1e-6)
	require.False(t, f.Observe(monday, 8), "a duplicate")
	require.False(t, f.Observe(monday.Add(-time.Hour), 8), "late")
	require.False(t, f.Observe(monday.Add(time.Hour), math.Inf(1)))
}

func TestNeverNegative(t *testing.T) {
	f := run(t, 3, func(at time.Time) float64 {
		if at.Hour() == 12 {
			return 1
		}
		return 0
	}, nil)
	for _, p := range f.Append(nil) {
		require.GreaterOrEqual(t, p.Lower, 0.0)
	}
}

func TestSteps(t *testing.T) {
	for d, bins := range map[time.Duration]int{step: 24, 7 * time.Minute: 17, time.Hour: 2, 2 * time.Hour: 1} {
		f, err := forecast.New(d)
		require.NoError(t, err)
		require.Equal(t, bins, f.Bins())
		require.Equal(t, d, f.Step())
		for i := range 3000 {
			require.True(t, f.Observe(monday.Add(time.Duration(i)*d), float64(i%12)))
		}
		require.Len(t, f.Append(nil), bins)
		require.Equal(t, 3000*d, f.History())
	}
	for _, d := range []time.Duration{0, time.Minute, 3 * time.Hour, -step} {
		_, err := forecast.New(d)
		require.ErrorContains(t, err, "from 5 minutes to 2 hours")
	}
}

func TestNoAllocation(t *testing.T) {
	f := run(t, 3, func(at time.Time) float64 { return float64(at.Hour()) }, nil)
	points := f.Append(nil)
	at := monday.AddDate(0, 0, 3)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		f.Observe(at, float64(at.Hour()))
		points = f.Append(points[:0])
		at = at.Add(step)
	}))
}

func BenchmarkObserve(b *testing.B) {
	rng := rand.New(rand.NewPCG(3, 1))
	f, err := forecast.New(step)
	require.NoError(b, err)
	at := monday
	for b.Loop() {
		f.Observe(at, traffic(at, rng))
		at = at.Add(step)
	}
}
