package redconnector

import "time"

// target is something that is asked of a service, over the last few intervals.
type target struct {
	slots []slot // the one at at is being filled
	at    int
}

// slot is one interval.
type slot struct {
	calls, errors uint64
	seconds, most float64 // sum, and the longest
	durations     exponential
}

// slotBuckets is the size of the histograms that percentiles are read from: at 4.4 % a bucket a
// fourteenfold range, at 9 % a 200-fold one.
const slotBuckets = 61

func (t *target) add(seconds float64, failed bool) {
	if t.slots == nil {
		t.slots = make([]slot, 1, 2)
	}
	s := &t.slots[t.at]
	s.calls++
	if failed {
		s.errors++
	}
	s.seconds += seconds
	s.most = max(s.most, seconds)
	s.durations.add(seconds, slotBuckets)
}

// turn begins a new interval; of most there is a window.
func (t *target) turn(most int) {
	if t.slots == nil {
		return
	}
	if len(t.slots) < most {
		t.slots = append(t.slots, slot{})
		t.at = len(t.slots) - 1
		return
	}
	t.at = (t.at + 1) % len(t.slots)
	s := &t.slots[t.at]
	s.calls, s.errors, s.seconds, s.most = 0, 0, 0, 0
	s.durations.reset()
}

// outcome is what a target did within the window.
type outcome struct {
	calls, errors uint64
	mean, p99     float64 // seconds
}

// sum reads all intervals; scratch is reused.
func (t *target) sum(scratch *exponential) outcome {
	var o outcome
	var seconds, most float64
	scratch.reset()
	for i := range t.slots {
		s := &t.slots[i]
		o.calls += s.calls
		o.errors += s.errors
		seconds += s.seconds
		most = max(most, s.most)
		scratch.merge(&s.durations, 2*slotBuckets)
	}
	if o.calls > 0 {
		o.mean = seconds / float64(o.calls)
		o.p99 = min(most, scratch.quantile(0.99))
	}
	return o
}

// span is how much time the window covers that began, for this target, at start.
func span(window time.Duration, start, now time.Time) float64 {
	return min(window, now.Sub(start)).Seconds()
}
