package rootcause

import (
	"fmt"
	"time"
)

// Story says where the time of one trace went and what failed in it.
type Story struct {
	TraceID  string        `json:"trace_id"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
	Spans    int           `json:"spans"`
	Path     []Hop         `json:"path"`
	// Culprit is the hop that took most beyond what is usual, or the deepest failure;
	// nil if nothing stands out.
	Culprit *Hop   `json:"culprit,omitempty"`
	Why     string `json:"why"`
	// Repeats are calls that one span made many times over.
	Repeats []string `json:"repeats,omitempty"`
}

// Explainer answers questions about traces that are held and about the last minute.
// Its methods may be called by many at once.
type Explainer interface {
	// Trace tells the story of a trace; false if it is not held.
	Trace(id string) (Story, bool)
	// Held returns a trace with its spans, parents before children; false if it is not
	// held. It belongs to the caller.
	Held(id string) (*Trace, bool)
	// Now is what users notice in the last minute and who is suspected.
	Now() ([]Trouble, []Suspect)
}

// manyCalls is how many calls of one operation by one span a person should know of.
const manyCalls = 5

// Explain tells the story of a trace. The baseline may be nil.
func Explain(tr *Trace, b *Baseline) Story {
	s := Story{TraceID: tr.ID, Spans: len(tr.Spans)}
	if len(tr.Spans) == 0 {
		s.Why = "the trace has no spans"
		return s
	}
	var t tree
	t.build(tr.Spans)
	s.Path = t.critical()
	s.Duration = s.Path[0].Duration
	first := tr.Spans[0].Start
	for i := range tr.Spans {
		first = min(first, tr.Spans[i].Start)
	}
	s.Start = time.Unix(0, first).UTC()
	for i := range s.Path {
		s.Path[i].usually(b, s.Path[:i])
	}
	s.Repeats = t.repeats()
	failed := t.deepestFailure()
	slow := s.slowest()
	switch {
	case failed >= 0 && (slow < 0 || s.Path[slow].Own-s.Path[slow].Usual < s.Duration/2):
		x := t.nodes[failed].span
		s.Culprit = &Hop{
			Service: x.Service, Operation: x.Operation, Instance: x.Instance, Host: x.Host, Version: x.Version,
			Duration: x.Duration, Own: t.nodes[failed].self, Failed: true,
		}
		s.Why = fmt.Sprintf("%s of %s failed, and nothing that it called did", x.Operation, x.Service)
	case slow >= 0:
		h := s.Path[slow]
		s.Culprit = &h
		where := fmt.Sprintf("%s of %s itself took %s", h.Operation, h.Service, span(h.Own.Seconds()))
		if h.Callee != "" {
			where = fmt.Sprintf("the call from %s to %s was %s under way", h.Service, h.Callee, span(h.Own.Seconds()))
		}
		s.Why = where + " of " + span(s.Duration.Seconds())
		if h.Known {
			s.Why += ", usually " + span(h.Usual.Seconds())
		}
	default:
		s.Why = "every step took about as long as usual"
	}
	return s
}

// usually looks up what is usual; of above the hop's service is entered by the last
// other service.
func (h *Hop) usually(b *Baseline, above []Hop) {
	if b == nil {
		return
	}
	entry := h.Operation
	for i := len(above) - 1; i >= 0 && above[i].Service == h.Service; i-- {
		if above[i].Depth < h.Depth {
			entry = above[i].Operation
		}
	}
	at := Place{Service: h.Service, Entry: entry, Operation: h.Operation}
	past := b.times[at]
	if h.Callee != "" {
		var n, seconds float64
		for p, t := range b.times {
			if p.Service == h.Service && p.Callee == h.Callee {
				n, seconds = n+t.log.n, seconds+t.seconds
			}
		}
		past = &pastTiming{timing: timing{log: moments{n: n}, seconds: seconds}}
	}
	if past != nil && past.log.n >= 5 {
		h.Usual, h.Known = time.Duration(1e9*past.seconds/past.log.n), true
	}
}

// slowest is the hop that took most beyond what is usual, if that is a tenth of the
// whole; without a baseline, the one that took most.
func (s *Story) slowest() int {
	best, most := -1, s.Duration/10
	for i, h := range s.Path {
		if over := h.Own - h.Usual; over > most {
			best, most = i, over
		}
	}
	return best
}

// deepestFailure is a failed span none of whose children failed, the one that
// ended first; -1 without one.
func (t *tree) deepestFailure() int32 {
	best, end := int32(-1), int64(0)
	for _, i := range t.order {
		n := &t.nodes[i]
		if !n.span.Error {
			continue
		}
		deepest := true
		for _, c := range n.children {
			deepest = deepest && !t.nodes[c].span.Error
		}
		if e := n.span.Start + int64(n.span.Duration); deepest && (best < 0 || e < end) {
			best, end = i, e
		}
	}
	return best
}

// repeats finds spans that call one operation again and again, one after another.
func (t *tree) repeats() []string {
	var out []string
	for _, i := range t.order {
		count := map[string]int{}
		var names []string
		for _, c := range t.nodes[i].children {
			name := t.nodes[c].span.Operation
			if count[name]++; count[name] == manyCalls {
				names = append(names, name)
			}
		}
		for _, name := range names {
			out = append(out, fmt.Sprintf("%s of %s called %s %d times", t.nodes[i].span.Operation, t.nodes[i].span.Service, name, count[name]))
		}
		if len(out) >= 10 {
			return out
		}
	}
	return out
}
