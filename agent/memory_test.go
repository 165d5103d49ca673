package agent

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
)

func TestGarbageIsCollectedRarelyOnlyInABurst(t *testing.T) {
	const mb = 1 << 20
	require.Equal(t, 100, gcPercent(10*mb, time.Second, 8*mb), "at rest")
	require.Equal(t, 200, gcPercent(10*mb, 10*time.Millisecond, 8*mb), "8 MB live grow by 16 MB")
	require.Equal(t, 100, gcPercent(100*mb, time.Second, 500*mb), "a large heap doubles as ever")
	require.Equal(t, 1600, gcPercent(100*mb, time.Second, 0))
}

func TestTheCollectorFollowsTheRateOfAllocation(t *testing.T) {
	t.Setenv("GOGC", "")
	stop := tuneCollector()
	defer stop()
	current := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	require.Eventually(t, func() bool {
		for range 64 {
			garbage = make([]byte, 1<<20)
		}
		runtime.GC()
		return current() > calmPercent
	}, time.Minute, time.Millisecond)
	require.Eventually(t, func() bool { return current() == calmPercent }, time.Minute, 10*time.Millisecond, "the burst is over")
}

var garbage []byte

func TestTheOperatorsSettingStays(t *testing.T) {
	t.Setenv("GOGC", "50")
	before := debug.SetGCPercent(50)
	defer debug.SetGCPercent(before)
	tuneCollector()()
	require.Equal(t, 50, debug.SetGCPercent(50))
}

func TestGarbageIsCollectedBeforeMemoryLimiterRefuses(t *testing.T) {
	const mb = 1 << 20
	require.Equal(t, 100, belowCeiling(100, 60*mb, 62*mb, 0), "nobody refuses")
	require.Equal(t, 100, belowCeiling(100, 60*mb, 62*mb, 184*mb), "there is room to double")
	require.Equal(t, 36, belowCeiling(100, 134*mb, 136*mb, 184*mb))
	require.Equal(t, leastPercent, belowCeiling(1600, 300*mb, 302*mb, 184*mb), "too much is alive")

	defer heapCeiling.Store(heapCeiling.Load())
	id := component.MustNewID("memory_limiter")
	configured := func(limit, spike uint32) int64 {
		keepBelowLimiter(&otelcol.Config{Processors: map[component.ID]component.Config{
			id:                           &memorylimiterprocessor.Config{MemoryLimitMiB: limit, MemorySpikeLimitMiB: spike},
			component.MustNewID("other"): struct{}{},
			component.MustNewIDWithName("memory_limiter", "share"): &memorylimiterprocessor.Config{MemoryLimitPercentage: 80},
		}})
		return heapCeiling.Load() / mb
	}
	require.EqualValues(t, 184, configured(256, 0), "nine tenths of 256 less a fifth")
	require.EqualValues(t, 180, configured(256, 56))
	require.Zero(t, configured(0, 0), "a share of the machine's memory is not known here")
	require.Zero(t, configured(10, 20))
}
