package rootcause

import (
	"maps"
	"slices"
	"time"
)

// Baseline is what summaries of ordinary time say together.
type Baseline struct {
	traces uint64
	busy   time.Duration
	times  map[Place]*pastTiming
	links  map[link]*pastLink
	// calls are the services that a service calls.
	calls     map[string]map[string]bool
	templates map[string]template
	divisions pastDivisions
	roots     map[division]*pastRoot
}

type pastTiming struct {
	timing
	blocks []moments // of the logarithms, one per summary
}

type pastLink struct {
	all    moments // of the counts per parent
	blocks []moments
}

// NewBaseline sums up stretches of ordinary time. Three or more, each about as
// long as a window, let it know how much windows differ by chance.
func NewBaseline(blocks ...*Summary) *Baseline {
	b := &Baseline{times: map[Place]*pastTiming{}, links: map[link]*pastLink{}, calls: map[string]map[string]bool{}, templates: map[string]template{}}
	for _, s := range blocks {
		b.traces += s.Traces
		b.busy += s.busy
		for p, t := range s.times {
			past := b.times[p]
			if past == nil {
				past = &pastTiming{}
				b.times[p] = past
			}
			past.spans += t.spans
			past.seconds += t.seconds
			past.log.merge(t.log)
			past.blocks = append(past.blocks, t.log)
		}
		maps.Copy(b.templates, s.templates)
		for l := range s.links {
			if b.links[l] == nil {
				b.links[l] = &pastLink{}
			}
			b.calling(l)
		}
	}
	b.divisions, b.roots = newPastDivisions(blocks), newPastRoots(blocks)
	for l, past := range b.links { // a block without it counts as well
		for _, s := range blocks {
			if t := s.times[l.parent]; t != nil {
				m := moments{n: t.spans}
				if x := s.links[l]; x != nil {
					m.sum, m.sq = x.sum, x.sq
				}
				past.all.merge(m)
				past.blocks = append(past.blocks, m)
			}
		}
	}
	return b
}

func (b *Baseline) calling(l link) {
	if l.sort != answer {
		return
	}
	to := b.calls[l.parent.Service]
	if to == nil {
		to = map[string]bool{}
		b.calls[l.parent.Service] = to
	}
	to[l.service] = true
}

// callers are the services above one, sorted.
func (b *Baseline) callers(service string) []string {
	var calls []Call
	for from, to := range b.calls {
		for callee := range to {
			calls = append(calls, Call{from, callee})
		}
	}
	var out []string
	for from, below := range reach(calls) {
		if below[service] && from != service {
			out = append(out, from)
		}
	}
	slices.Sort(out)
	return out
}
