package loadsheddingextension

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)

func TestProcessorTime(t *testing.T) {
	second := func(throttled uint64, used time.Duration) cpuTimes {
		return cpuTimes{ok: true, periods: 10, throttled: throttled, quota: 0.5, used: used, processors: 2}
	}
	for name, x := range map[string]struct {
		is   cpuTimes
		host bool
		want float64
	}{
		"held back in 8 of 10 periods":          {is: second(8, 490*time.Millisecond), want: 0.8},
		"a quota that suffices":                 {is: second(0, 490*time.Millisecond), want: 0},
		"another in the cgroup uses it up":      {is: second(10, 100*time.Millisecond), want: 0},
		"no quota":                              {is: cpuTimes{ok: true, used: 2 * time.Second, processors: 2, waiting: 0.9}, want: math.NaN()},
		"no quota, but the host is looked at":   {is: cpuTimes{ok: true, used: 2 * time.Second, processors: 2, waiting: 0.9}, host: true, want: 0.9},
		"no quota, and the host is busy itself": {is: cpuTimes{ok: true, used: time.Second / 2, processors: 2, waiting: 0.9}, host: true, want: 0},
		"nothing to read":                       {is: cpuTimes{}, want: math.NaN()},
	} {
		cfg := createDefaultConfig()
		cfg.CPU.HostPressure = x.host
		is := cpuTimes{ok: true, quota: x.is.quota}
		m := meter{cfg: cfg, cpu: func() cpuTimes { return is }}
		require.True(t, math.IsNaN(m.readCPU(noon)), "one reading is none")
		is = x.is
		got := m.readCPU(noon.Add(time.Second))
		if math.IsNaN(x.want) {
			require.True(t, math.IsNaN(got), name)
		} else {
			require.InDelta(t, x.want, got, 1e-9, name)
		}
	}
}

func TestMemory(t *testing.T) {
	for name, x := range map[string]struct {
		live  uint64
		limit int64
		mib   int64
		stall float64
		want  float64
	}{
		"of the configured limit":            {live: 64 << 20, limit: math.MaxInt64, mib: 128, want: 0.5},
		"of GOMEMLIMIT, which is less":       {live: 48 << 20, limit: 64 << 20, mib: 128, want: 0.75},
		"a cgroup in which all stands still": {live: 1 << 20, limit: 64 << 20, stall: 0.16, want: 0.8},
		"never above all":                    {live: 99 << 20, limit: 64 << 20, stall: 1, want: 1},
	} {
		cfg := createDefaultConfig()
		cfg.Memory.LimitMiB = x.mib
		m := meter{cfg: cfg, live: func() uint64 { return x.live }, limit: func() int64 { return x.limit }, stall: func() float64 { return x.stall }}
		require.InDelta(t, x.want, m.readMemory(), 1e-9, name)
	}
	m := meter{cfg: createDefaultConfig(), limit: func() int64 { return math.MaxInt64 }}
	require.True(t, math.IsNaN(m.readMemory()), "no limit, no reading")
}

func BenchmarkRead(b *testing.B) {
	m := newMeter(createDefaultConfig())
	b.ReportAllocs()
	for b.Loop() {
		m.read(noon)
	}
}
