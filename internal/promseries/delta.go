package promseries

import "slices"

// accumulator sums up the deltas of a series. The total starts at zero when the
// series is first seen, so that a reader sees a counter that was reset.
type accumulator struct {
	start, last int64 // Unix milliseconds
	value       float64
	histogram   Histogram
	native      Native
}

// accumulate readies the accumulator of p's series for one more delta. It is
// nil when the delta is one that was added before: it ends no later than the
// last one, and starts before that one's end.
func (t *Translator) accumulate(p *Point) *accumulator {
	s := p.Series
	if s.acc == nil {
		s.acc = &accumulator{start: p.Start}
		if s.acc.start == 0 {
			s.acc.start = p.Time
		}
	}
	a := s.acc
	if p.Time <= a.last && p.Start != 0 && p.Start < a.last {
		t.stats.DuplicateDeltas++
		return nil
	}
	a.last = max(a.last, p.Time)
	p.Time, p.Start = a.last, a.start // an old delta adds to the newest total
	return a
}

func (t *Translator) addNumber(p *Point) bool {
	a := t.accumulate(p)
	if a == nil {
		return false
	}
	a.value += p.Value
	p.Value = a.value
	return true
}

// addHistogram starts anew when the bounds changed: the old counts cannot be
// divided among the new buckets.
func (t *Translator) addHistogram(p *Point) bool {
	a := t.accumulate(p)
	if a == nil {
		return false
	}
	h, sum := &p.Histogram, &a.histogram
	if len(sum.Cumulative) == 0 || !slices.Equal(sum.Bounds, h.Bounds) {
		a.start = min(p.Start, p.Time)
		*sum = Histogram{Bounds: slices.Clone(h.Bounds), Cumulative: make([]uint64, len(h.Cumulative)), HasSum: true}
	}
	for i, c := range h.Cumulative {
		sum.Cumulative[i] += c
	}
	sum.Count += h.Count
	sum.Sum += h.Sum
	sum.HasSum = sum.HasSum && h.HasSum
	copy(h.Cumulative, sum.Cumulative)
	h.Count, h.Sum, h.HasSum = sum.Count, sum.Sum, sum.HasSum
	return true
}

func (t *Translator) addNative(p *Point) bool {
	a := t.accumulate(p)
	if a == nil {
		return false
	}
	if a.native.Count == 0 {
		a.native.CopyFrom(&p.Native)
	} else if !a.native.add(&p.Native) {
		t.stats.Unsupported++
		return false
	}
	p.Native.CopyFrom(&a.native)
	return true
}
