package report

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Verdict is what became of a pattern between two logs.
type Verdict string

// Verdicts of a Delta.
const (
	Added Verdict = "new"
	Gone  Verdict = "gone"
	More  Verdict = "more"
	Less  Verdict = "less"
)

// Delta is a pattern whose share of the lines differs between two logs.
type Delta struct {
	Verdict Verdict `json:"verdict"`
	Row     Row     `json:"pattern"` // of the log that has it, the second of both
	Before  uint64  `json:"before"`
	After   uint64  `json:"after"`
	// Ratio of the shares, after to before; zero if either is missing.
	Ratio float64 `json:"ratio,omitempty"`
}

// Diff returns the patterns that only one log has and those whose share changed
// by a factor of at least two and by more than chance would: more than four
// standard deviations of the expected count. New patterns come first.
//
// Both logs must have been read by one Report each with the same options;
// patterns are the same if their templates are.
func Diff(before, after []Row) []Delta {
	old := map[string]*Row{}
	total := func(rows []Row) (n float64) {
		for i := range rows {
			n += float64(rows[i].Count)
		}
		return n
	}
	nb, na := total(before), total(after)
	for i := range before {
		old[before[i].Template] = &before[i]
	}
	var out []Delta
	for i := range after {
		a := &after[i]
		b := old[a.Template]
		if b == nil {
			out = append(out, Delta{Verdict: Added, Row: *a, After: a.Count})
			continue
		}
		delete(old, a.Template)
		if d, ok := compare(*a, float64(b.Count), nb, na); ok {
			d.Before = b.Count
			out = append(out, d)
		}
	}
	for _, b := range old {
		out = append(out, Delta{Verdict: Gone, Row: *b, Before: b.Count})
	}
	rank := map[Verdict]int{Added: 0, More: 1, Less: 2, Gone: 3}
	slices.SortFunc(out, func(a, b Delta) int {
		return cmp.Or(
			cmp.Compare(rank[a.Verdict], rank[b.Verdict]), cmp.Compare(b.Row.Count, a.Row.Count),
			strings.Compare(a.Row.Template, b.Row.Template))
	})
	return out
}

func compare(a Row, before, nb, na float64) (Delta, bool) {
	expected := before / nb * na
	ratio := float64(a.Count) / expected
	if math.Abs(float64(a.Count)-expected) < 4*math.Sqrt(max(expected, 1)) {
		return Delta{}, false
	}
	d := Delta{Row: a, After: a.Count, Ratio: ratio}
	switch {
	case ratio >= 2:
		d.Verdict = More
	case ratio <= 0.5:
		d.Verdict = Less
	default:
		return Delta{}, false
	}
	return d, true
}
