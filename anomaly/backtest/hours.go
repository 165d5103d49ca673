package backtest

import (
	"math"
	"time"
)

const (
	// slot is how finely the past is kept, in seconds.
	slot      = 300
	hourSlots = 3600 / slot
	daySlots  = 24 * hourSlots
	weekSlots = 7 * daySlots
)

// sums of values.
type sums struct{ n, sum, squares float64 }

func (s *sums) add(o sums) {
	s.n += o.n
	s.sum += o.sum
	s.squares += o.squares
}

func (s *sums) take(o sums) {
	s.n -= o.n
	s.sum -= o.sum
	s.squares -= o.squares
}

func (s *sums) mean() float64 { return s.sum / s.n }

func (s *sums) deviation() float64 {
	m := s.mean()
	return math.Sqrt(max(0, s.squares/s.n-m*m))
}

// hours keeps mean and deviation over an hour, in slots, for a week: what
// avg_over_time(x[1h]) and stddev_over_time(x[1h]) were.
type hours struct {
	number int64 // of the present slot
	begun  bool
	base   float64 // taken off, so that squares stay exact
	slots  [hourSlots]sums
	hour   sums
	means  [weekSlots + daySlots]float32
	spread [weekSlots + daySlots]float32
}

func newHours() *hours {
	h := &hours{}
	for i := range h.means {
		h.means[i] = float32(math.NaN())
	}
	return h
}

// add takes a value. next says how many slots ended since the last one.
func (h *hours) add(t time.Time, v float64) (next int64) {
	n := t.Unix() / slot
	if !h.begun {
		h.begun, h.number, h.base = true, n, v
	}
	next = n - h.number
	for range min(next, int64(len(h.means))) {
		h.number++
		old := &h.slots[h.number%hourSlots]
		h.hour.take(*old)
		*old = sums{}
		h.keep()
	}
	if h.number < n { // a gap longer than what is kept
		h.number = n
	}
	v -= h.base
	one := sums{1, v, v * v}
	h.slots[n%hourSlots].add(one)
	h.hour.add(one)
	h.keep()
	return next
}

// keep writes down the hour that ends now.
func (h *hours) keep() {
	i := h.number % int64(len(h.means))
	if h.hour.n < 0.5 {
		h.hour = sums{}
		h.means[i], h.spread[i] = float32(math.NaN()), 0
		return
	}
	h.means[i], h.spread[i] = float32(h.hour.mean()), float32(h.hour.deviation())
}

// back is the hour that ended so many slots ago, up to eight days; ok is false when
// there were no values.
func (h *hours) back(slots int64) (mean, deviation float64, ok bool) {
	n := h.number - slots
	if n < 0 {
		return 0, 0, false
	}
	i := n % int64(len(h.means))
	m := h.means[i]
	return float64(m) + h.base, float64(h.spread[i]), m == m
}
