package main

import "sync"

// tally counts the arrivals of numbered things at one sink: which number came, and
// whether it came again. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex // guards all below
	stored   []uint32   // by number: a hash of what was stored under it, 0 for nothing
	distinct int        // numbers that are stored
	repeated int        // came again and were known by their id: stored once
	doubled  int        // came again under another id: stored twice
	refused  int        // numbers that the sink refused for good
	below    int        // all numbers below are stored or refused, or may be left out
	out      map[int]bool
	// optional tells which numbers may be left out; nil for none.
	optional func(n int) bool
}

func newTally() *tally { return &tally{out: map[int]bool{}} }

// newLineTally is one in which what is for debugging may be left out.
func newLineTally() *tally { return &tally{out: map[int]bool{}, optional: isDebug} }

// fate is what became of one arrival.
type fate int

const (
	fresh fate = iota
	again      // known by its id, and not stored again
	twice      // stored once more: a double
)

// add notes that number n arrived under an id of which a hash is given.
func (t *tally) add(n int, id uint32) fate {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.grow(n)
	id |= 1 // 0 is for nothing
	switch t.stored[n] {
	case 0:
		t.stored[n] = id
		t.distinct++
		return fresh
	case id:
		t.repeated++
		return again
	}
	t.doubled++
	return twice
}

// refuse notes that the sink refused number n for good.
func (t *tally) refuse(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.grow(n)
	if !t.out[n] && t.stored[n] == 0 {
		t.out[n] = true
		t.refused++
	}
}

func (t *tally) grow(n int) {
	for n >= len(t.stored) {
		t.stored = append(t.stored, make([]uint32, max(1<<16, len(t.stored)/4))...)
	}
}

// complete returns up to which number all that may not be left out has arrived or been
// refused.
func (t *tally) complete() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.below < len(t.stored) && (t.stored[t.below] != 0 || t.out[t.below] || t.spare(t.below)) {
		t.below++
	}
	return t.below
}

func (t *tally) spare(n int) bool { return t.optional != nil && t.optional(n) }

// count is what a tally holds.
type count struct {
	Distinct int `json:"distinct"`
	Repeated int `json:"repeated"`
	Doubled  int `json:"doubled"`
	Refused  int `json:"refused"`
}

func (t *tally) count() count {
	t.mu.Lock()
	defer t.mu.Unlock()
	return count{t.distinct, t.repeated, t.doubled, t.refused}
}

func (c count) plus(o count) count {
	return count{c.Distinct + o.Distinct, c.Repeated + o.Repeated, c.Doubled + o.Doubled, c.Refused + o.Refused}
}

// missing returns how many of the first n numbers neither arrived nor were refused, the
// first of them, and how many were left out that may be.
func (t *tally) missing(n int) (missing int, first []int, spared int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range n {
		switch {
		case i < len(t.stored) && t.stored[i] != 0 || t.out[i]:
		case t.spare(i):
			spared++
		default:
			if missing++; len(first) < 5 {
				first = append(first, i)
			}
		}
	}
	return missing, first, spared
}
