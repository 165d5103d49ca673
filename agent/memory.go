package agent

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
)

// memoryShare of what the cgroup allows is what the Go runtime may use; the rest is for
// the kernel's buffers and the program itself.
const memoryShare = 0.9

// limitMemory lets the runtime collect garbage harder before the cgroup's limit is
// reached, in which the kernel would kill the agent. GOMEMLIMIT is the operator's and
// stays; without a limit nothing is done. It may be called again.
func limitMemory() {
	_, _ = memlimit.Set(memlimit.WithRatio(memoryShare)) // no cgroup, no limit: that is most hosts
}

const (
	// calmPercent is Go's own default: the heap may double between two collections.
	calmPercent = 100
	// busyBytes is how much the heap may grow between two collections while a lot is
	// allocated. The agent's live heap is small, so that doubling it would mean a
	// collection every few milliseconds, which costs a third of all CPU time when
	// logs are read at full speed. It bounds what the agent holds on top of its
	// live heap, which is why it is not larger.
	busyBytes = 16 << 20
	// busyRate, in bytes per second, is more than the agent allocates at rest.
	busyRate = 16 << 20
	// calmAfter is how soon after a burst the default comes back.
	calmAfter = time.Second
	// leastPercent is what the heap may always grow: with less of it the processor would do
	// little but collect.
	leastPercent = 10
	// giveBackAfter is how long after a burst its memory goes back to the system. Go
	// alone takes minutes for that.
	giveBackAfter = 10 * time.Second
)

// heapCeiling is up to where the heap should grow before garbage is collected, in bytes; 0
// where nothing says so. It belongs to the process, as the collector does.
var heapCeiling atomic.Int64

// keepBelowLimiter has garbage collected before memory_limiter takes it for data and
// refuses some: that one counts what is allocated, whether it is still needed or not. The
// ceiling is a tenth below the least amount at which one of the configuration begins to
// refuse, as the heap still grows while it is collected.
func keepBelowLimiter(cfg *otelcol.Config) {
	least := int64(0)
	for _, c := range cfg.Processors {
		limiter, ok := c.(*memorylimiterprocessor.Config)
		if !ok || limiter.MemoryLimitMiB == 0 {
			continue
		}
		spike := limiter.MemorySpikeLimitMiB
		if spike == 0 {
			spike = limiter.MemoryLimitMiB / 5 // as memory_limiter has it
		}
		refuses := int64(limiter.MemoryLimitMiB-min(spike, limiter.MemoryLimitMiB)) << 20
		if least == 0 || refuses < least {
			least = refuses
		}
	}
	heapCeiling.Store(least / 10 * 9)
}

// collector sets how often garbage is collected by how fast it is made: rarely in
// a burst of work, by Go's default at rest, so that an idle agent stays small. It
// looks after each collection, and once more when a burst may be over.
type collector struct {
	mu      sync.Mutex // guards all below
	stopped bool
	percent int
	samples []metrics.Sample
	last    time.Time // of the last look
	total   uint64    // bytes allocated until then
	calm    *time.Timer
	back    *time.Timer
}

// tuneCollector begins to adjust; stop ends it and puts the default back. Where
// GOGC is set it is the operator's and nothing is done. A memory limit (GOMEMLIMIT)
// keeps its meaning.
func tuneCollector() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	c := &collector{
		percent: calmPercent,
		samples: []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/globals:bytes"}, {Name: "/gc/scan/stack:bytes"}},
		last:    time.Now(),
	}
	c.calm, c.back = time.AfterFunc(calmAfter, c.rest), time.AfterFunc(giveBackAfter, c.giveBack) // the start is a burst
	c.await()
	return c.stop
}

// await has collected called after the next collection.
func (c *collector) await() {
	sentinel := new([2]*collector)
	runtime.AddCleanup(sentinel, (*collector).collected, c)
}

func (c *collector) collected() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	c.adjust()
	c.await()
}

// adjust looks at what was allocated since the last time.
func (c *collector) adjust() {
	metrics.Read(c.samples)
	now, total := time.Now(), c.samples[0].Value.Uint64()
	marked := c.samples[1].Value.Uint64() + c.samples[2].Value.Uint64() + c.samples[3].Value.Uint64()
	wanted := gcPercent(total-c.total, now.Sub(c.last), marked)
	percent := belowCeiling(wanted, c.samples[1].Value.Uint64(), marked, uint64(heapCeiling.Load()))
	c.last, c.total = now, total
	if wanted > calmPercent {
		c.calm.Reset(calmAfter)
		c.back.Reset(giveBackAfter)
	}
	// Setting it stops the world for some microseconds: not for nothing.
	far := max(percent, c.percent) > min(percent, c.percent)*9/8
	if far || percent == calmPercent && c.percent != calmPercent {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
}

// rest looks again where there was no collection for a while.
func (c *collector) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		c.adjust()
	}
}

// giveBack returns what a burst took to the system.
func (c *collector) giveBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped {
		debug.FreeOSMemory()
		unmapStart()
	}
}

func (c *collector) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.calm.Stop()
	c.back.Stop()
	debug.SetGCPercent(calmPercent)
}

// gcPercent returns the growth to allow, in percent of what the collector has to
// mark, when so many bytes were allocated in a time.
func gcPercent(allocated uint64, elapsed time.Duration, marked uint64) int {
	if float64(allocated) < busyRate*elapsed.Seconds() {
		return calmPercent
	}
	return max(calmPercent, int(100*busyBytes/max(marked, 1<<20)))
}

// belowCeiling returns the percentage, or the one with which the next collection begins at
// the ceiling, if that is less. The heap grows from what was alive by that share of all
// that was marked.
func belowCeiling(percent int, alive, marked, ceiling uint64) int {
	if ceiling == 0 || alive+marked*uint64(percent)/100 <= ceiling {
		return percent
	}
	if alive >= ceiling {
		return leastPercent
	}
	return max(leastPercent, int(100*(ceiling-alive)/max(marked, 1)))
}
