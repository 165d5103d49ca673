package anomaly_test

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// series is a noisy day with a few spikes.
func series(n int, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	out := make([]float64, n)
	for i := range out {
		out[i] = 100 + 30*math.Sin(2*math.Pi*float64(i)/1440) + 4*rng.NormFloat64()
		if rng.IntN(700) == 0 {
			out[i] += 100 * rng.ExpFloat64()
		}
	}
	return out
}

func scores(d *anomaly.Detector, from int, values []float64) []anomaly.Verdict {
	out := make([]anomaly.Verdict, len(values))
	for i, v := range values {
		out[i] = d.Observe(start.Add(time.Duration(from+i)*time.Minute), v)
	}
	return out
}

func TestSize(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(anomaly.Detector{}), uintptr(2560))
	s := anomaly.DefaultSettings()
	require.LessOrEqual(t, len(anomaly.New(&s).AppendSnapshot(nil)), 2560)
}

func TestNoAllocations(t *testing.T) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	values := series(4000, 1)
	i := 0
	require.Zero(t, testing.AllocsPerRun(len(values)-1, func() {
		d.Observe(start.Add(time.Duration(i)*time.Minute), values[i])
		i++
	}))
}

func TestScaleInvariance(t *testing.T) {
	values := series(6000, 2)
	s := anomaly.DefaultSettings()
	want := scores(anomaly.New(&s), 0, values)
	for _, factor := range []float64{1.0 / (1 << 20), 8, 1 << 30, -1} {
		scaled := make([]float64, len(values))
		for i, v := range values {
			scaled[i] = v * factor
		}
		got := scores(anomaly.New(&s), 0, scaled)
		for i := range want {
			require.InDelta(t, want[i].Score, got[i].Score, 1e-6, "factor %g, point %d", factor, i)
			require.Equal(t, want[i].State, got[i].State)
		}
	}
}

func TestShiftInvariance(t *testing.T) {
	values := series(6000, 3)
	s := anomaly.DefaultSettings()
	want := scores(anomaly.New(&s), 0, values)
	for _, shift := range []float64{-1000, 4096} {
		shifted := make([]float64, len(values))
		for i, v := range values {
			shifted[i] = v + shift
		}
		got := scores(anomaly.New(&s), 0, shifted)
		for i := range want {
			require.InDelta(t, want[i].Score, got[i].Score, 0.05, "shift %g, point %d", shift, i)
		}
	}
}

func TestRestartInTheMiddle(t *testing.T) {
	values := series(5000, 4)
	s := anomaly.DefaultSettings()
	want := scores(anomaly.New(&s), 0, values)
	for _, cut := range []int{1, 7, 1441, 3333} {
		d := anomaly.New(&s)
		scores(d, 0, values[:cut])
		b := d.AppendSnapshot([]byte("before"))
		require.Equal(t, "before", string(b[:6]))
		d, rest, err := anomaly.Restore(&s, append(b[6:], "after"...))
		require.NoError(t, err)
		require.Equal(t, "after", string(rest))
		for i, got := range scores(d, cut, values[cut:]) {
			require.Equal(t, normalize(want[cut+i]), normalize(got), "cut %d, point %d", cut, cut+i)
		}
	}
}

// TestOlderSnapshot reads what version 1 wrote after 3000 points of series 4.
func TestOlderSnapshot(t *testing.T) {
	b, err := os.ReadFile("testdata/snapshot_v1.bin")
	require.NoError(t, err)
	s := anomaly.DefaultSettings()
	d, rest, err := anomaly.Restore(&s, b)
	require.NoError(t, err)
	require.Empty(t, rest)
	values := series(3100, 4)
	fresh := anomaly.New(&s)
	want := scores(fresh, 0, values)[3000:]
	for i, got := range scores(d, 3000, values[3000:]) {
		require.InDelta(t, want[i].Expected, got.Expected, 3)
		require.Equal(t, want[i].State, got.State)
	}
	for _, version := range []byte{0, 200} {
		b[0] = version
		_, _, err = anomaly.Restore(&s, b)
		require.ErrorIs(t, err, anomaly.ErrSnapshot)
	}
}

// normalize makes verdicts comparable: NaN is not equal to itself.
func normalize(v anomaly.Verdict) anomaly.Verdict {
	for _, p := range []*float64{&v.Expected, &v.Lower, &v.Upper, &v.Receipt.LastWeek} {
		if math.IsNaN(*p) {
			*p = -12345
		}
	}
	return v
}

func TestNoLookAhead(t *testing.T) {
	values := series(3000, 5)
	s := anomaly.DefaultSettings()
	whole, part := scores(anomaly.New(&s), 0, values), scores(anomaly.New(&s), 0, values[:2000])
	for i := range part {
		require.Equal(t, normalize(whole[i]), normalize(part[i]))
	}
}

// TestBandAgreesWithScore checks that values outside of the band are those at or
// above the threshold, but for the tolerance of the band's edges.
func TestBandAgreesWithScore(t *testing.T) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	for _, v := range scores(d, 0, series(6000, 6))[2000:] {
		require.Less(t, v.Lower, v.Expected)
		require.Greater(t, v.Upper, v.Expected)
	}
	b := d.AppendSnapshot(nil)
	at := start.Add(6000 * time.Minute)
	try := func(v float64) anomaly.Verdict {
		c, _, err := anomaly.Restore(&s, b)
		require.NoError(t, err)
		return c.Observe(at, v)
	}
	band := try(try(0).Expected)
	width := band.Upper - band.Lower
	require.Less(t, try(band.Upper-0.1*width).Score, anomaly.Threshold)
	require.Greater(t, try(band.Upper+0.1*width).Score, anomaly.Threshold)
	require.Less(t, try(band.Lower+0.1*width).Score, anomaly.Threshold)
	require.Greater(t, try(band.Lower-0.1*width).Score, anomaly.Threshold)
}

func TestYoungSeriesHaveABand(t *testing.T) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	verdicts := scores(d, 0, []float64{10, 11, 9, 10, 11, 10, 9, 1000})
	require.False(t, verdicts[3].Banded)
	require.True(t, verdicts[6].Banded)
	require.Less(t, verdicts[6].Lower, 9.5)
	require.Greater(t, verdicts[6].Upper, 10.5)
	require.Equal(t, anomaly.Learning, verdicts[7].State)
	require.Zero(t, verdicts[7].Score)
}

func TestPointsThatAreNotNumbers(t *testing.T) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	want := scores(d, 0, series(100, 8))[99]
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300} {
		require.True(t, d.Observe(start.Add(100*time.Minute), v).Ignored)
	}
	require.True(t, d.Observe(start.Add(99*time.Minute), 5).Ignored, "duplicate")
	require.True(t, d.Observe(start.Add(9*time.Minute), 5).Ignored, "late")
	got := d.Observe(start.Add(100*time.Minute), 100)
	require.False(t, got.Ignored)
	require.InDelta(t, want.Expected, got.Expected, 20)
}

func TestClockSetBack(t *testing.T) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	scores(d, 10000, series(2000, 9))
	ignored := 0
	for _, v := range scores(d, 0, series(2000, 10)) {
		if v.Ignored {
			ignored++
		}
	}
	require.Less(t, ignored, 30)
}

func TestSameHourLastWeek(t *testing.T) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	for i := range 8 * 1440 {
		d.Observe(start.Add(time.Duration(i)*time.Minute), float64(i/60%24))
	}
	v, ok := d.SameHourLastWeek(start.Add(8*24*time.Hour + 7*time.Hour))
	require.True(t, ok)
	require.InDelta(t, 7, v, 0.05)
	require.Equal(t, 8*24*time.Hour-time.Minute, d.History().Round(time.Second))
	require.Equal(t, time.Minute, d.Step().Round(time.Second))
}

func TestSettingsValidate(t *testing.T) {
	s := anomaly.DefaultSettings()
	require.NoError(t, s.Validate())
	for _, bad := range []func(*anomaly.Settings){
		func(s *anomaly.Settings) { s.MinHistory = -1 },
		func(s *anomaly.Settings) { s.Direction = 9 },
		func(s *anomaly.Settings) { s.Floor = math.NaN() },
		func(s *anomaly.Settings) { s.AlarmsPerWeek = 0 },
		func(s *anomaly.Settings) { s.AdoptAfter = -1 },
	} {
		s := anomaly.DefaultSettings()
		bad(&s)
		require.Error(t, s.Validate())
	}
}

func FuzzRestore(f *testing.F) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	f.Add(d.AppendSnapshot(nil))
	scores(d, 0, series(2000, 11))
	f.Add(d.AppendSnapshot(nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, _, err := anomaly.Restore(&s, b)
		if err != nil {
			require.ErrorIs(t, err, anomaly.ErrSnapshot)
			return
		}
		for i := range 50 {
			v := d.Observe(start.Add(time.Duration(i*37)*time.Minute), float64(i%5))
			require.False(t, math.IsNaN(v.Score) || v.Score < 0 || v.Score > 1)
		}
	})
}

func BenchmarkObserve(b *testing.B) { benchmark(b, (*anomaly.Detector).Observe) }

func BenchmarkScore(b *testing.B) { benchmark(b, (*anomaly.Detector).Score) }

func benchmark(b *testing.B, observe func(*anomaly.Detector, time.Time, float64) anomaly.Verdict) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	values := series(1<<16, 1)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		observe(d, start.Add(time.Duration(i)*time.Minute), values[i&0xffff])
		i++
	}
}

// BenchmarkSize reports what a series holds in memory and in a snapshot.
func BenchmarkSize(b *testing.B) {
	s := anomaly.DefaultSettings()
	d := anomaly.New(&s)
	for b.Loop() {
		d = anomaly.New(&s)
	}
	b.ReportMetric(float64(unsafe.Sizeof(*d)), "bytes/series")
	b.ReportMetric(float64(len(d.AppendSnapshot(nil))), "bytes/snapshot")
}
