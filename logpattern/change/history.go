package change

import (
	"math"
	"time"
)

const (
	bucket  = int64(10 * time.Second)
	buckets = 6 // a window is a minute
	minute  = bucket * buckets

	// memory is over how many minutes the mean is taken: a day.
	memory = 24 * 60
)

// history is what is known of the rate of one pattern.
type history struct {
	ring   [buckets]uint32
	end    int64 // number of the newest bucket of ring
	window uint32

	minute int64   // number of the minute that is being counted
	count  float64 // lines in it
	age    float64 // minutes that were folded, at most memory
	mean   float64 // lines per minute
	peak   float64 // highest minute, halved every day
}

// roll moves the window so that it ends with the bucket of t.
func (h *history) roll(t int64) {
	b := t / bucket
	switch {
	case b <= h.end:
		return
	case b-h.end >= buckets:
		h.ring, h.window = [buckets]uint32{}, 0
	default:
		for i := h.end + 1; i <= b; i++ {
			h.window -= h.ring[i%buckets]
			h.ring[i%buckets] = 0
		}
	}
	h.end = b
}

// add counts a line written at t. Lines older than the window do not count.
// limit is what one minute may teach at most.
func (h *history) add(t int64, limit float64) {
	h.roll(t)
	h.fold(t, limit)
	if b := t / bucket; b > h.end-buckets && b >= 0 {
		h.ring[b%buckets]++
		h.window++
		h.count++
	}
}

// fold takes the minutes before that of t into mean and peak.
func (h *history) fold(t int64, limit float64) {
	m := t / minute
	gap := m - h.minute
	if gap <= 0 {
		return
	}
	x := min(h.count, limit)
	h.age = min(h.age+1, memory)
	h.mean += (x - h.mean) / h.age
	h.peak = max(h.peak, x)
	if zero := float64(gap - 1); zero > 0 {
		// Minutes without a line: a plain mean first, then one that forgets.
		young := min(zero, memory-h.age)
		h.mean *= h.age / (h.age + young)
		h.age += young
		h.mean *= math.Exp(-(zero - young) / memory)
	}
	h.peak *= math.Exp2(-float64(gap) / memory)
	h.minute, h.count = m, 0
}

// since is the time of the first bucket of the window that has lines.
func (h *history) since() int64 {
	for i := h.end - buckets + 1; i < h.end; i++ {
		if i >= 0 && h.ring[i%buckets] > 0 {
			return i * bucket
		}
	}
	return h.end * bucket
}
