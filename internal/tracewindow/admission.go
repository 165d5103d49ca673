package tracewindow

import (
	"math"
	"time"
)

// admission decides which new traces come in. It turns traces away by a hash of their id before
// room has to be made at the cost of traces that are not at rest: what is admitted stays
// whole.
type admission struct {
	share    float64 // of new traces that are admitted
	adjusted time.Time
	halved   time.Time
}

const (
	// Between the two nothing changes: traces at rest need the other half of the memory.
	highWater = 0.6
	lowWater  = 0.4
	// What remains at the very least: one of a thousand.
	leastShare = 1.0 / 1024
)

func (a *admission) takes(hash uint64) bool {
	return a.share >= 1 || float64(hash) < a.share*math.MaxUint64
}

// adjust moves the share once a second by how much of the memory is waiting.
func (a *admission) adjust(now time.Time, waiting, most int64) {
	if now.Sub(a.adjusted) < time.Second {
		return
	}
	a.adjusted = now
	switch filled := float64(waiting) / float64(most); {
	case filled > highWater:
		a.share = max(leastShare, a.share*0.7)
	case filled < lowWater:
		a.share = min(1, a.share*1.2)
	}
}

// overflowed halves the share when a trace was lost, though no more often than ten times a second:
// losses come in bursts.
func (a *admission) overflowed(now time.Time) {
	if now.Sub(a.halved) >= 100*time.Millisecond {
		a.halved, a.adjusted = now, now
		a.share = max(leastShare, a.share/2)
	}
}
