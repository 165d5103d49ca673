package change

import (
	"math"
	"time"
)

const (
	bucket    = int64(10 * time.Second)
	perMinute = 6
	window    = 60 // buckets: ten minutes
	minute    = int64(time.Minute)
	hour      = int64(time.Hour)

	// memory is over how many minutes scatter is averaged: three days.
	memory = 3 * 24 * 60
)

// history is what is known of the rate of one pattern: the lines of the last ten
// minutes, the mean of every hour of the day and of the week, how much minutes
// scatter around it, and how long it used to be quiet. A minute is learned when it
// leaves the ten: what is judged does not take part in its own measure.
type history struct {
	ring [window]uint32 // lines per ten seconds
	end  int64          // number of the newest bucket
	done int64          // number of the first minute that was not learned

	first   int64   // Unix ns of the beginning
	seen    float64 // lines since then
	hourly  float64 // lines in the hour of done
	minutes float64 // and the minutes of it that count
	total   float64 // lines of all minutes that count, within memory
	age     float64 // and their number, at most memory
	profile profile
	squares float64 // squared distance of minutes from the expected
	sum     float64 // sum of the expected
	peak    float64 // lines of the busiest minute, halved every three days
	burst   float64 // lines of the busiest bucket, the same
	gap     float64 // the longest quiet in units of what was expected, the same
}

func begin(t int64) history {
	return history{end: t / bucket, done: t / minute, first: t}
}

// unordinary are times that teach less about what is ordinary. Those in which
// nobody was watching, and a silence that is told of, teach nothing. A flood or a
// spike that is told of teaches what the hour may hold, so that a job that runs
// every night or every week is told of once, but not how minutes scatter.
type unordinary struct {
	since  int64 // Unix ns; nobody was watching before
	told   int64 // number of the last bucket of a flood or a spike that is over
	rate   bool  // a flood or a spike is open
	silent bool  // a silence is
}

// roll moves the windows so that they end at t.
func (h *history) roll(t int64, u unordinary) {
	b := t / bucket
	if b <= h.end {
		return
	}
	h.leave(b-window, u)
	if b-h.end >= window {
		clear(h.ring[:])
	} else {
		for i := h.end + 1; i <= b; i++ {
			h.ring[i%window] = 0
		}
	}
	h.end = b
}

// leave learns the minutes that begin at or before a bucket.
func (h *history) leave(b int64, u unordinary) {
	to := b/perMinute + 1
	for m := h.done; m < to && m <= h.end/perMinute; m++ {
		x, busiest := 0.0, 0.0
		for i := max(m*perMinute, h.end-window+1); i < (m+1)*perMinute && i <= h.end; i++ {
			n := float64(h.ring[i%window])
			x += n
			busiest = max(busiest, n)
		}
		switch {
		case m < u.since/minute || u.silent:
		case u.rate || m <= u.told/perMinute:
			h.moveTo(m)
			h.hourly += x
			h.minutes++
			h.moveTo(m + 1)
		default:
			h.learn(m, m+1, x, busiest)
		}
	}
	if from := max(h.done, h.end/perMinute+1, u.since/minute, to-7*24*60); from < to && !u.silent {
		h.learn(from, to, 0, 0)
	}
	h.moveTo(max(h.done, to))
}

// rewind forgets the windows, because the clock was set back.
func (h *history) rewind(t int64) {
	if h.end > t/bucket {
		clear(h.ring[:])
		h.end, h.done = t/bucket, t/minute
		h.hourly, h.minutes = 0, 0
		h.first = min(h.first, t)
	}
}

// learn takes the minutes from..to-1 with x lines each into what is known.
func (h *history) learn(from, to int64, x, busiest float64) {
	h.moveTo(from)
	for from < to {
		end := min(to, (from/60+1)*60)
		n := float64(end - from)
		if from <= h.first/minute { // it was not seen as a whole
			n = min(1, float64((from+1)*minute-h.first)/float64(minute))
			end = from + 1
		} else {
			h.scatter(x, n, h.usual((from+end)/2*minute))
		}
		keep := math.Exp2(-n / memory)
		h.peak, h.burst, h.gap = max(x, h.peak*keep), max(busiest, h.burst*keep), h.gap*keep
		h.count(x, n)
		from = end
		h.moveTo(end)
	}
}

// moveTo says that minutes before m are done. An hour of which half was watched
// becomes part of the profile.
func (h *history) moveTo(m int64) {
	if m/60 > h.done/60 {
		if h.minutes >= 30 {
			h.profile.learn(h.done/60, h.hourly/h.minutes)
		}
		h.hourly, h.minutes = 0, 0
	}
	h.done = m
}

// count takes n minutes with x lines into the mean and the current hour.
func (h *history) count(x, n float64) {
	h.hourly += x
	h.minutes += n
	if h.age+n > memory {
		h.total *= max(0, 1-(h.age+n-memory)/memory)
		h.age = memory
	} else {
		h.age += n
	}
	h.total += x
}

// scatter takes n minutes of x lines where e were expected.
func (h *history) scatter(x, n, e float64) {
	if h.age < young || n <= 0 { // nothing is expected yet
		return
	}
	keep := 1 - min(n, memory)/memory
	h.squares = h.squares*keep + n*(x-e)*(x-e)
	h.sum = h.sum*keep + n*e
}

// add counts a line written at t and reports whether it is of the last minute.
// Lines older than the windows do not count.
func (h *history) add(t int64, u unordinary) bool {
	h.roll(t, u)
	h.seen++
	b := t / bucket
	if b > h.end-window && b >= 0 {
		h.ring[b%window]++
	}
	return b > h.end-perMinute
}

// last is the number of lines in the last n buckets, the current one included.
func (h *history) last(n int64) float64 {
	sum := uint64(0)
	for b := h.end; b > h.end-n && b >= 0; b-- {
		sum += uint64(h.ring[b%window])
	}
	return float64(sum)
}

// mean is lines per minute over all that is known.
func (h *history) mean() float64 { return h.total / max(h.age, 1) }

// expected is lines per minute at t: between the means of this hour and of the
// nearer one beside it, once they are known.
func (h *history) expected(t int64) float64 {
	k := t / hour
	here, ok := h.profile.at(k)
	if !ok {
		return h.mean()
	}
	far := float64(t%hour)/float64(hour) - 0.5
	beside := k + 1
	if far < 0 {
		beside, far = k-1, -far
	}
	next, ok := h.profile.at(beside)
	if !ok {
		return here
	}
	return here*(1-far) + next*far
}

// usual is what a minute that leaves the windows is compared with: the minutes
// around it, as long as the hour is not known.
func (h *history) usual(t int64) float64 {
	if _, ok := h.profile.at(t / hour); ok {
		return h.expected(t)
	}
	if t/bucket > h.end {
		return 0
	}
	return h.last(window) * perMinute / window
}

// band is the lowest and the highest of what is expected around t: of this hour
// and the hours next to it. A pattern that is not known for a day may do twice
// its mean, or a third.
func (h *history) band(t int64) (lower, upper float64) {
	mean := h.mean()
	lower, upper = math.Inf(1), 0
	for k := t/hour - 1; k <= t/hour+1; k++ {
		e, ok := h.profile.at(k)
		if !ok {
			lower, upper = min(lower, mean/3), max(upper, 2*mean)
			continue
		}
		lower, upper = min(lower, e), max(upper, e)
	}
	if h.age < 24*60 {
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

// join adds what is known of another pattern.
func (h *history) join(q *history) {
	for i := range h.ring {
		if b := h.end - int64(i); b > q.end-window && b <= q.end && b >= 0 {
			h.ring[b%window] += q.ring[b%window]
		}
	}
	h.first = min(h.first, q.first)
	h.seen += q.seen
	h.hourly += q.hourly
	h.minutes = max(h.minutes, q.minutes)
	h.total += q.total
	h.age = max(h.age, q.age)
	h.profile.join(&q.profile)
	h.squares += q.squares
	h.sum += q.sum
	h.peak += q.peak
	h.burst = max(h.burst, q.burst)
	h.gap = max(h.gap, q.gap)
}
