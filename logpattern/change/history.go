package change

import (
	"math"
	"time"
)

const (
	bucket  = int64(10 * time.Second)
	buckets = 6 // a minute
	minute  = int64(time.Minute)
	minutes = 10
	hour    = int64(time.Hour)

	// days is over how many days the rate of an hour of the day is averaged.
	days = 7
	// memory is over how many minutes scatter is averaged: three days.
	memory = 3 * 24 * 60
)

// history is what is known of the rate of one pattern: the mean of every hour of
// the day, and how much minutes scatter around it.
type history struct {
	fine    [buckets]uint32 // lines per ten seconds of the last minute
	fineEnd int64           // number of the newest bucket
	coarse  [minutes]uint32 // lines per minute of the last ten
	end     int64           // number of the newest minute

	first   int64   // number of the first minute
	count   float64 // lines in the minute end
	hourly  float64 // lines in the hour of end
	total   float64 // lines of all complete minutes, within memory
	age     float64 // complete minutes, at most memory
	profile [24]float32
	known   [24]uint8 // days that a profile rests on
	squares float64   // squared distance of minutes from the expected
	sum     float64   // sum of the expected
	peak    float64   // lines of the busiest minute, halved every three days
}

func begin(t int64) history {
	return history{fineEnd: t / bucket, end: t / minute, first: t / minute}
}

// roll moves the windows so that they end at t. limit is what one minute may
// teach at most.
func (h *history) roll(t int64, limit float64) {
	if b := t / bucket; b > h.fineEnd {
		if b-h.fineEnd >= buckets {
			h.fine = [buckets]uint32{}
		} else {
			for i := h.fineEnd + 1; i <= b; i++ {
				h.fine[i%buckets] = 0
			}
		}
		h.fineEnd = b
	}
	m := t / minute
	if m <= h.end {
		return
	}
	h.learn(m, limit)
	if m-h.end >= minutes {
		h.coarse = [minutes]uint32{}
	} else {
		for i := h.end + 1; i <= m; i++ {
			h.coarse[i%minutes] = 0
		}
	}
	h.end = m
}

// learn takes the minutes before m into the means.
func (h *history) learn(m int64, limit float64) {
	x := min(h.count, limit)
	h.count = 0
	h.scatter(x, 1, h.expected(h.end*minute))
	h.peak = max(x, h.peak*math.Exp2(-float64(m-h.end)/memory))
	h.hourly += x
	empty := min(m-h.end-1, 2*memory)
	if empty > 0 {
		h.scatter(0, float64(empty), h.expected(h.end*minute))
	}
	keep := 1.0
	if n := float64(empty + 1); h.age+n > memory {
		keep = max(0, 1-(h.age+n-memory)/memory)
		h.age = memory
	} else {
		h.age += n
	}
	h.total = h.total*keep + x

	// Whole hours become part of the profile.
	from, to := h.end/60, m/60
	for k := max(from, to-24*days); k < to; k++ {
		if k*60 < h.first { // only a part of the hour was seen
			h.hourly = 0
			continue
		}
		slot := k % 24
		if h.known[slot] < days {
			h.known[slot]++
		}
		h.profile[slot] += (float32(h.hourly) - h.profile[slot]) / float32(h.known[slot])
		h.hourly = 0
	}
}

// scatter takes n minutes of x lines where e were expected.
func (h *history) scatter(x, n, e float64) {
	if h.age < 60 { // nothing is expected yet
		return
	}
	keep := 1 - min(n, memory)/memory
	h.squares = h.squares*keep + n*(x-e)*(x-e)
	h.sum = h.sum*keep + n*e
}

// add counts a line written at t. Lines older than the windows do not count.
func (h *history) add(t int64, limit float64) {
	h.roll(t, limit)
	if b := t / bucket; b > h.fineEnd-buckets && b >= 0 {
		h.fine[b%buckets]++
	}
	m := t / minute
	if m > h.end-minutes && m >= 0 {
		h.coarse[m%minutes]++
	}
	if m == h.end {
		h.count++
	}
}

// lastMinute is the number of lines in the last minute.
func (h *history) lastMinute() float64 {
	n := uint32(0)
	for _, v := range h.fine {
		n += v
	}
	return float64(n)
}

// last is the number of lines in the last n minutes, the current one included.
func (h *history) last(n int) float64 {
	sum := uint32(0)
	for i := range int64(n) {
		if m := h.end - i; m >= 0 {
			sum += h.coarse[m%minutes]
		}
	}
	return float64(sum)
}

// mean is lines per minute over all that is known.
func (h *history) mean() float64 {
	return h.total / max(h.age, 1)
}

// expected is lines per minute at t: the mean of the hour of the day, once that
// is known.
func (h *history) expected(t int64) float64 {
	k := t / hour
	if h.known[k%24] == 0 {
		return h.mean()
	}
	return float64(h.profile[k%24]) / 60
}

// band is the lowest and the highest of what is expected around t: of this hour
// of the day and the hours next to it. A pattern that is not known for a day may
// do twice its mean, or a third.
func (h *history) band(t int64) (lower, upper float64) {
	mean := h.mean()
	lower, upper = math.Inf(1), 0
	for _, k := range [...]int64{t/hour - 1, t / hour, t/hour + 1} {
		e := float64(h.profile[k%24]) / 60
		if h.known[k%24] == 0 {
			lower, upper = min(lower, mean/3), max(upper, 2*mean)
			continue
		}
		lower, upper = min(lower, e), max(upper, e)
	}
	if d := h.age / (24 * 60); d < 1 {
		upper = max(upper, 2*mean)
		lower = min(lower, mean/3)
	}
	return lower, upper
}

// clump is how many lines come together: the variance of a minute over its mean,
// at least one. It starts from what is usual where little is known.
func (h *history) clump() float64 {
	const usual, weight = 4.0, 2.0
	return max(1, (h.squares+usual*weight)/(h.sum+weight))
}
