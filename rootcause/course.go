package rootcause

import (
	"fmt"
	"math"
)

// shift is something within operations that happens more or less often.
type shift struct {
	link       link
	z          float64 // positive is more often
	usual, now float64 // per parent
	requests   float64 // that it happened to
}

// covers says how well a change that so many requests show may be the cause of
// one that most show: what is caused cannot be more than what causes.
func covers(requests, most float64) float64 {
	if most == 0 {
		return 1
	}
	return max(0.5, min(1, math.Sqrt(requests/most)))
}

// shifted compares how often things happen within operations.
func shifted(w *Summary, b *Baseline) (found []shift, tests int) {
	test := func(l link, now moments) {
		t, past := w.times[l.parent], b.times[l.parent]
		if t == nil || past == nil || t.spans < 2 || past.spans < 5 || l.parent.Service == Other {
			return
		}
		tests++
		now.n = t.spans
		before := moments{n: past.spans}
		var blocks []moments
		if x := b.links[l]; x != nil {
			before, blocks = x.all, x.blocks
		}
		if z := changeOfRate(now, before, blocks); z != 0 {
			found = append(found, shift{l, z, before.mean(), now.mean(), now.n * min(1, math.Abs(now.mean()-before.mean()))})
		}
	}
	for l, m := range w.links {
		test(l, m.moments)
	}
	for l := range b.links {
		if w.links[l] == nil {
			test(l, moments{})
		}
	}
	return found, tests
}

// courseClues attribute changes in the course of requests.
func courseClues(w *Summary, b *Baseline) []Clue {
	all, tests := shifted(w, b)
	truncated := stopsEarly(all)
	var clues []Clue
	most := 0.0
	for _, s := range all {
		if surprise(math.Abs(s.z), tests) > hint {
			most = max(most, s.requests)
		}
	}
	for _, s := range all {
		c := Clue{service: s.link.parent.Service, Sigmas: math.Abs(s.z), Operation: s.link.parent.Operation, Usual: s.usual, Now: s.now, Unit: "per request", fault: Code}
		c.Strength = surprise(c.Sigmas, tests)
		if c.Strength < hint/10 {
			continue
		}
		if x := w.links[s.link]; x != nil {
			c.Trace = x.example
		}
		c.Strength *= covers(s.requests, most)
		more := s.z > 0
		switch s.link.sort {
		case localChild:
			c.Channel, c.Text = Course, fmt.Sprintf("%s happens %s in %s: %s", s.link.what, moreOften(more), c.Operation, rates(s))
		case callMade:
			c.Channel, c.Text = Course, fmt.Sprintf("%s is called %s by %s: %s", s.link.what, moreOften(more), c.Operation, rates(s))
			c.Strength *= 0.5 // what others answered may be why
		case answer:
			if more {
				continue
			}
			c.Channel, c.service, c.Text = GivenUp, s.link.service, fmt.Sprintf("%s of %s gets fewer answers from %s: %s", c.Operation, s.link.parent.Service, s.link.what, rates(s))
			c.Strength *= 0.3 // or others are asked instead
		case logLine:
			t, ok := w.templates[s.link.what]
			if !ok {
				t = b.templates[s.link.what]
			}
			c.Channel, c.Text = LogLines, fmt.Sprintf("it logs %q %s: %s", t.text, moreOften(more), rates(s))
			if more && !t.severe {
				c.Strength *= 0.5
			}
		case ownError:
			if !more {
				continue
			}
			c.Channel, c.Text = OwnErrors, fmt.Sprintf("%s fails by itself: %s", c.Operation, rates(s))
		case lastCall:
			if !more || !truncated[s.link.parent] {
				continue
			}
			c.Channel, c.service, c.Text = GivenUp, s.link.service, fmt.Sprintf("%s of %s stops after %s: %s", c.Operation, s.link.parent.Service, s.link.what, rates(s))
		}
		clues = append(clues, c)
	}
	return clues
}

// stopsEarly finds the operations that make fewer calls than usual.
func stopsEarly(all []shift) map[Place]bool {
	less := map[Place]float64{}
	for _, s := range all {
		if s.link.sort == callMade {
			at := s.link.parent
			at.Operation = at.Entry
			less[at] += s.now - s.usual
		}
	}
	out := map[Place]bool{}
	for p, d := range less {
		out[p] = d < 0
	}
	return out
}

func moreOften(more bool) string {
	if more {
		return "more often"
	}
	return "less often"
}

func rates(s shift) string {
	return fmt.Sprintf("%.2g a time, usually %.2g", s.now, s.usual)
}
