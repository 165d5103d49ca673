package scrapereceiver

import (
	"container/heap"
	"time"
)

// schedule says which target is next. Targets are spread over their interval by their
// identity, so that a restart keeps the times.
type schedule struct{ waiting turns }

type turn struct {
	t   *target
	due time.Time
}

// add puts a target in its place after a time.
func (s *schedule) add(t *target, after time.Time) { heap.Push(&s.waiting, turn{t, t.next(after)}) }

// addNow puts a target in front.
func (s *schedule) addNow(t *target, now time.Time) { heap.Push(&s.waiting, turn{t, now}) }

// remove takes a target out; false if it was not waiting.
func (s *schedule) remove(t *target) bool {
	for i := range s.waiting {
		if s.waiting[i].t == t {
			heap.Remove(&s.waiting, i)
			return true
		}
	}
	return false
}

// next is when the next target is due; false if none is waiting.
func (s *schedule) next() (time.Time, bool) {
	if len(s.waiting) == 0 {
		return time.Time{}, false
	}
	return s.waiting[0].due, true
}

// take returns a target that is due, or nil.
func (s *schedule) take(now time.Time) *target {
	if len(s.waiting) == 0 || s.waiting[0].due.After(now) {
		return nil
	}
	return heap.Pop(&s.waiting).(turn).t
}

// next is the first moment after a time at which the target is to be scraped.
func (t *target) next(after time.Time) time.Time {
	phase := time.Duration(t.key % uint64(t.interval)) //nolint:gosec // intervals are positive
	at := after.Truncate(t.interval).Add(phase)
	if !at.After(after) {
		at = at.Add(t.interval)
	}
	return at
}

// turns is a heap, the earliest first.
type turns []turn

func (h turns) Len() int           { return len(h) }
func (h turns) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h turns) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *turns) Push(x any) { *h = append(*h, x.(turn)) }

// Pop is for container/heap.
func (h *turns) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
