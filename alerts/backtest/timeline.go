package backtest

import (
	"math/bits"
	"time"
)

// Grid are the steps of a history: Start, Start+Step, ..., not after End.
type Grid struct {
	Start, End time.Time
	Step       time.Duration
}

// Len is how many steps there are.
func (g *Grid) Len() int { return int(g.End.Sub(g.Start)/g.Step) + 1 }

// at is the time of a step, in Unix nanoseconds.
func (g *Grid) at(i int) int64 { return g.Start.UnixNano() + int64(i)*int64(g.Step) }

// time is that of a step.
func (g *Grid) time(i int) time.Time { return time.Unix(0, g.at(i)).UTC() }

// index is the step nearest to a time; it may be out of range.
func (g *Grid) index(ns int64) int {
	d := ns - g.Start.UnixNano() + int64(g.Step)/2
	if d < 0 {
		return -1
	}
	return int(d / int64(g.Step))
}

// weeks is how long a number of steps is.
func (g *Grid) weeks(steps int) float64 {
	return float64(steps) * g.Step.Hours() / (7 * 24)
}

// timeline marks steps of a grid.
type timeline []uint64

func newTimeline(g *Grid) timeline { return make(timeline, (g.Len()+63)/64) }

// mark marks the steps from, ..., to-1 that there are.
func (t timeline) mark(from, to int) {
	from, to = max(from, 0), min(to, 64*len(t))
	for i := from; i < to; {
		if i%64 == 0 && to-i >= 64 {
			t[i/64] = ^uint64(0)
			i += 64
			continue
		}
		t[i/64] |= 1 << (i % 64)
		i++
	}
}

// count is how many of the steps from, ..., to-1 are marked.
func (t timeline) count(from, to int) (n int) {
	for i := max(from, 0); i < min(to, 64*len(t)); i++ {
		n += int(t[i/64] >> (i % 64) & 1)
	}
	return n
}

// next is the first marked step from i on, or one beyond the end.
func (t timeline) next(i int) int {
	for i < 64*len(t) {
		if w := t[i/64] >> (i % 64); w != 0 {
			return i + bits.TrailingZeros64(w)
		}
		i = (i/64 + 1) * 64
	}
	return 64 * len(t)
}

// span is a stretch of steps, the last one included.
type span struct{ from, to int }

// spans are the stretches of marked steps from a step on; those that are at most join
// steps apart are one.
func (t timeline) spans(from, join int) (out []span) {
	for i := t.next(max(from, 0)); i < 64*len(t); {
		end := i
		for end+1 < 64*len(t) && t[(end+1)/64]>>((end+1)%64)&1 != 0 {
			end++
		}
		if n := len(out); n > 0 && i-out[n-1].to-1 <= join {
			out[n-1].to = end
		} else {
			out = append(out, span{i, end})
		}
		i = t.next(end + 1)
	}
	return out
}

// touching counts the spans of a that a span of b overlaps or is at most pad steps away
// from, and marks which.
func touching(a, b []span, pad int) (n int, which []bool) {
	which = make([]bool, len(a))
	j := 0
	for i, s := range a {
		for j < len(b) && b[j].to+pad < s.from {
			j++
		}
		if j < len(b) && b[j].from-pad <= s.to {
			which[i] = true
			n++
		}
	}
	return n, which
}
