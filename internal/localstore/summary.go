package localstore

import (
	"cmp"
	"math"
	"slices"
)

// SeriesSummary counts the series held.
type SeriesSummary struct {
	// States are the numbers of series by state; every state is there.
	States map[string]int
	// Learned is the mean share that the learning series have of the history they need,
	// 0 to 1; NaN if there are none or nothing is known of them.
	Learned float64
}

// SeriesSummary counts without copying a series.
func (s *Store) SeriesSummary() SeriesSummary {
	out := SeriesSummary{States: map[string]int{"learning": 0, "normal": 0, "anomalous": 0, "adapting": 0}}
	t := &s.series
	sum, n := 0.0, 0
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, e := range t.byID {
		r := e.Value.(*series)
		state := stateName(r.cols[State][r.index(len(r.times)-1)])
		out.States[state]++
		if state == "learning" && !math.IsNaN(r.learned) {
			sum += r.learned
			n++
		}
	}
	out.Learned = sum / float64(n) // NaN for none
	return out
}

// NewPattern is a log pattern that appeared lately.
type NewPattern struct {
	ID, Template string
	Severity     int
	FirstSeen    uint32 // Unix seconds
}

// NewPatterns returns the patterns that were first seen after since (Unix seconds), the
// newest first.
func (s *Store) NewPatterns(since uint32) []NewPattern {
	t := &s.patterns
	out := []NewPattern{}
	t.mu.Lock()
	for _, e := range t.byID {
		if p := e.Value.(*pattern); p.FirstSeen > since {
			out = append(out, NewPattern{p.ID, p.Template, p.Severity, p.FirstSeen})
		}
	}
	t.mu.Unlock()
	slices.SortFunc(out, func(a, b NewPattern) int {
		return cmp.Or(cmp.Compare(b.FirstSeen, a.FirstSeen), cmp.Compare(a.ID, b.ID))
	})
	return out
}
