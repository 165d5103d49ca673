package agent

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
