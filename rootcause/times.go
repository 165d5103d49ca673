package rootcause

import (
	"fmt"
	"math"
	"slices"
)

// slow is a place at which more time is spent than usual.
type slow struct {
	place      Place
	z          float64
	lost       float64 // seconds in the window
	usual, now float64 // seconds per span
}

// slower finds the places at which time is lost.
func slower(w *Summary, b *Baseline) (found []slow, tests int) {
	for p, t := range w.times {
		past := b.times[p]
		if past == nil || t.log.n < 3 || past.log.n < 5 || p.Service == Other {
			continue
		}
		tests++
		// A mean of logarithms that moves by less than a twentieth is never news.
		z := change(t.log, past.log, past.blocks, 0.05)
		usual, now := past.seconds/past.log.n, t.seconds/t.log.n
		if z > 0 && now > usual {
			found = append(found, slow{p, z, (now - usual) * t.log.n, usual, now})
		}
	}
	return found, tests
}

// timeClues attribute lost time to services. Time within an operation is its
// service's; time on the way of a call belongs to the end that slow calls share.
func timeClues(w *Summary, b *Baseline) []Clue {
	all, tests := slower(w, b)
	all = slices.DeleteFunc(all, func(s slow) bool { return surprise(s.z, tests) <= hint })
	if len(all) == 0 {
		return nil
	}
	ends := sharedEnds(w, all)
	lost := map[string]float64{}
	best := map[string]slow{}
	var total float64
	give := func(service string, s slow, share float64) {
		lost[service] += s.lost * share
		if x, ok := best[service]; !ok || s.z*share > x.z {
			s.z *= share
			best[service] = s
		}
	}
	for _, s := range all {
		total += s.lost
		if s.place.Callee == "" {
			give(s.place.Service, s, 1)
			continue
		}
		caller, callee := ends[s.place.Service].support(true), ends[s.place.Callee].support(false)
		share := caller * caller / (caller*caller + callee*callee)
		give(s.place.Service, s, share)
		give(s.place.Callee, s, 1-share)
	}
	busy := w.busy.Seconds()
	clues := make([]Clue, 0, len(lost))
	for service, seconds := range lost {
		s := best[service]
		c := Clue{
			Channel: OwnTime, Sigmas: s.z, Operation: s.place.Operation, Usual: s.usual, Now: s.now, Unit: "s", service: service, Trace: w.times[s.place].example,
			Strength: surprise(s.z, tests) * math.Sqrt(seconds/total) * material(seconds/busy),
		}
		if s.place.Callee == "" {
			c.Text = fmt.Sprintf("%s itself takes %s, usually %s", s.place.Operation, span(s.now), span(s.usual))
		} else {
			c.fault = Network
			c.Text = fmt.Sprintf("calls from %s to %s are %s under way, usually %s", s.place.Service, s.place.Callee, span(s.now), span(s.usual))
		}
		clues = append(clues, c)
	}
	return clues
}

// material is 0 for a share of all time that nobody notices, and 1 from a twentieth on.
func material(share float64) float64 {
	return min(1, math.Sqrt(max(0, share)/0.05))
}

// end is what is known of a service as an end of calls.
type end struct {
	in, out         map[string]bool // who calls it and whom it calls, in this window
	lostIn, lostOut map[string]float64
}

// sharedEnds says of each service how much of the time lost on the way of calls
// is on calls to it and from it.
func sharedEnds(w *Summary, found []slow) map[string]*end {
	ends := map[string]*end{}
	at := func(service string) *end {
		if ends[service] == nil {
			ends[service] = &end{map[string]bool{}, map[string]bool{}, map[string]float64{}, map[string]float64{}}
		}
		return ends[service]
	}
	for p, t := range w.times {
		if p.Callee != "" && t.log.n >= 3 {
			at(p.Service).out[p.Callee] = true
			at(p.Callee).in[p.Service] = true
		}
	}
	for _, s := range found {
		if s.place.Callee != "" {
			at(s.place.Service).lostOut[s.place.Callee] += s.lost
			at(s.place.Callee).lostIn[s.place.Service] += s.lost
		}
	}
	return ends
}

// support is the time lost on calls from the service (or to it), times the share
// of such calls that are slow. One slow call of one is the callee's rather than the
// caller's: the caller would slow down others, too.
func (e *end) support(caller bool) float64 {
	lost, n, prior := e.lostIn, len(e.in), 1.0
	if caller {
		lost, n, prior = e.lostOut, len(e.out), 0
	}
	var sum float64
	for _, s := range lost {
		sum += s
	}
	return sum * (float64(len(lost)) + prior) / float64(n+1)
}

// span writes seconds for people.
func span(s float64) string {
	switch {
	case s < 0.0095:
		return fmt.Sprintf("%.2g ms", s*1e3)
	case s < 0.995:
		return fmt.Sprintf("%.0f ms", s*1e3)
	case s < 9.95:
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.0f s", s)
}
