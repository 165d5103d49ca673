package rootcause

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Other stands for what there was no room to tell apart.
const Other = "<other>"

// Place is where time is spent: in an operation of a service, for requests that
// came in by an entry operation; or, with a Callee, on the way of a call to it.
type Place struct {
	Service, Entry, Operation string
	Callee                    string
}

// sort is the kind of thing that happens within an operation.
type sort uint8

const (
	localChild sort = iota // a child span of the same service
	callMade               // a child span that calls another service
	answer                 // the callee's span below the span of the call
	logLine                // a line of a pattern
	ownError               // an error that no child has
	lastCall               // the last callee of an entry
)

// link is something that happens within an operation.
type link struct {
	parent  Place
	sort    sort
	service string // of the child, if another
	what    string // operation or pattern
}

// Bounds of a Summary. Zero values mean the defaults.
type Bounds struct {
	// Places is how many operations and calls are told apart. Default 4000: a
	// hundred services with forty operations.
	Places int
	// Links is how many things that happen within them. Default 16000.
	Links int
}

// Summary counts what happened in a stretch of time.
type Summary struct {
	bounds Bounds
	// Traces and Spans are how many were added; Dropped is how many spans or
	// events there was no room to tell apart.
	Traces, Spans, Dropped uint64

	busy      time.Duration // of all roots
	times     map[Place]*timing
	links     map[link]*event
	templates map[string]template // by pattern
	divisions map[division]*timing
	roots     map[division]*root
	tree      tree
	counts    map[link]float64 // of one parent
	order     []written
	own       []time.Duration // by entry, of one trace
	trace     string          // that is being added
}

type template struct {
	text   string
	severe bool
}

// timing is how long something took: logarithms for telling whether it changed,
// seconds for how much that is.
type timing struct {
	spans   float64 // in this place, whether their own time is counted here or on the way of a call
	log     moments
	seconds float64
	// example is the trace in which it took longest.
	example string
	longest time.Duration
}

// division is the part of an operation's requests that one instance, host or
// version of the service took.
type division struct {
	service, operation string
	by                 By
	value              string
}

// By is what tells good from bad requests to a service.
type By string

// Divisions of the requests to a service.
const (
	ByInstance By = "instance"
	ByHost     By = "host"
	ByVersion  By = "version"
)

// resolution is added to durations before the logarithm: differences far below it
// matter to nobody.
const resolution = 200 * time.Microsecond

// NewSummary returns an empty summary.
func NewSummary(b Bounds) *Summary {
	if b.Places <= 0 {
		b.Places = 4000
	}
	if b.Links <= 0 {
		b.Links = 16000
	}
	return &Summary{
		bounds: b, times: map[Place]*timing{}, links: map[link]*event{}, divisions: map[division]*timing{}, roots: map[division]*root{},
		templates: map[string]template{}, counts: map[link]float64{},
	}
}

// Add counts a trace. Nothing of it is kept but strings.
func (s *Summary) Add(tr *Trace) {
	if len(tr.Spans) == 0 {
		return
	}
	s.Traces++
	s.Spans += uint64(len(tr.Spans))
	t := &s.tree
	t.build(tr.Spans)
	s.trace = tr.ID
	t.roots(func(i int32) {
		s.busy += t.nodes[i].span.Duration
		s.root(t.nodes[i].span)
	})
	s.own = append(s.own[:0], make([]time.Duration, len(t.nodes))...)
	for _, i := range t.order {
		s.span(t, i)
	}
	for _, i := range t.order {
		if t.nodes[i].entry == i {
			s.divide(t.nodes[i].span, s.own[i])
		}
	}
	s.lines(t, tr.Lines)
}

// event is how often something happened within an operation.
type event struct {
	moments
	example string // the last trace in which it did
}

// divide counts what a service did for one request by who did it.
func (s *Summary) divide(entry *Span, own time.Duration) {
	for _, d := range [...]division{
		{by: ByInstance, value: entry.Instance}, {by: ByHost, value: entry.Host}, {by: ByVersion, value: entry.Version},
	} {
		if d.value == "" {
			continue
		}
		d.service, d.operation = entry.Service, entry.Operation
		x := s.divisions[d]
		if x == nil {
			if len(s.divisions) >= s.bounds.Places {
				s.Dropped++
				continue
			}
			x = &timing{}
			s.divisions[d] = x
		}
		x.spans++
		x.log.add(math.Log(float64(own + resolution)))
		x.seconds += own.Seconds()
	}
}

func place(t *tree, i int32) Place {
	n := &t.nodes[i]
	return Place{Service: n.span.Service, Entry: t.nodes[n.entry].span.Operation, Operation: n.span.Operation}
}

func (s *Summary) span(t *tree, i int32) {
	n := &t.nodes[i]
	at := place(t, i)
	remote := t.remote(i)
	if remote >= 0 && n.span.Kind != Server {
		callee := t.nodes[remote].span
		s.time(Place{Service: n.span.Service, Operation: callee.Operation, Callee: callee.Service}, n.self)
		s.own[t.nodes[remote].entry] += n.self // whether the callee was slow to answer or far away
		s.count(at)
	} else {
		s.time(at, n.self)
		s.own[n.entry] += n.self
	}
	clear(s.counts)
	erring := false
	for _, c := range n.children {
		child := t.nodes[c].span
		erring = erring || child.Error
		l := link{parent: at, what: child.Operation, sort: localChild}
		switch {
		case child.Service != n.span.Service:
			l.sort, l.service = answer, child.Service
		case child.Kind == Client || child.Kind == Producer:
			l.sort = callMade
		}
		s.counts[l]++
	}
	if n.span.Error && !erring {
		s.counts[link{parent: at, sort: ownError}]++
	}
	if n.entry == i {
		if last := s.lastCall(t, i); last >= 0 {
			callee := t.nodes[last].span
			s.counts[link{parent: at, sort: lastCall, service: callee.Service, what: callee.Operation}]++
		}
	}
	s.flush()
}

// lastCall is the callee of the last call that was made by an entry and the spans
// of its service below it, or -1.
func (s *Summary) lastCall(t *tree, entry int32) int32 {
	last, at := int32(-1), int64(math.MinInt64)
	var visit func(i int32)
	visit = func(i int32) {
		for _, c := range t.nodes[i].children {
			child := &t.nodes[c]
			switch {
			case child.entry == entry:
				visit(c)
			case child.span.Service != t.nodes[entry].span.Service && child.span.Start >= at:
				last, at = c, child.span.Start
			}
		}
	}
	visit(entry)
	return last
}

// lines counts log lines with the entry during which they were written.
func (s *Summary) lines(t *tree, lines []Line) {
	s.order = s.order[:0]
	for k := range lines {
		if w := t.writer(&lines[k]); w >= 0 {
			s.order = append(s.order, written{w, k})
		}
	}
	slices.SortFunc(s.order, func(a, b written) int { return cmp.Compare(a.entry, b.entry) })
	clear(s.counts)
	for k, w := range s.order {
		if k > 0 && w.entry != s.order[k-1].entry {
			s.flush()
			clear(s.counts)
		}
		at, l := t.nodes[w.entry].span, &lines[w.line]
		s.counts[link{parent: Place{at.Service, at.Operation, at.Operation, ""}, sort: logLine, what: l.Pattern}]++
		if _, ok := s.templates[l.Pattern]; !ok && len(s.templates) < s.bounds.Links {
			s.templates[l.Pattern] = template{l.Template, l.Severe}
		}
	}
	s.flush()
	clear(s.counts)
}

// written says during which entry a line was written.
type written struct {
	entry int32
	line  int
}

// writer is the entry of the line's service that began last before the line, or
// the first one; -1 without any.
func (t *tree) writer(l *Line) int32 {
	best := int32(-1)
	for _, i := range t.order {
		n := &t.nodes[i]
		if n.entry != i || n.span.Service != l.Service {
			continue
		}
		if best < 0 {
			best = i
			continue
		}
		b, covers := t.nodes[best].span, func(s *Span) bool { return s.Start <= l.Time && l.Time <= s.Start+int64(s.Duration) }
		switch c, bc := covers(n.span), covers(b); {
		case c != bc:
			if c {
				best = i
			}
		case n.span.Start <= l.Time && n.span.Start > b.Start, b.Start > l.Time && n.span.Start < b.Start:
			best = i
		}
	}
	return best
}

func (s *Summary) timing(p Place) *timing {
	if x := s.times[p]; x != nil {
		return x
	}
	if len(s.times) >= s.bounds.Places {
		s.Dropped++
		p = Place{Service: Other, Callee: p.Callee}
		if p.Callee != "" {
			p.Callee = Other
		}
		if x := s.times[p]; x != nil {
			return x
		}
	}
	x := &timing{}
	s.times[p] = x
	return x
}

func (s *Summary) time(p Place, d time.Duration) {
	x := s.timing(p)
	x.spans++
	x.log.add(math.Log(float64(d + resolution)))
	x.seconds += d.Seconds()
	if d >= x.longest {
		x.longest, x.example = d, s.trace
	}
}

// count makes a place known that has events but no time of its own.
func (s *Summary) count(p Place) {
	s.timing(p).spans++
}

// flush adds the counts of one parent.
func (s *Summary) flush() {
	for l, n := range s.counts {
		m := s.links[l]
		if m == nil {
			if len(s.links) >= s.bounds.Links {
				s.Dropped++
				continue
			}
			m = &event{}
			s.links[l] = m
		}
		m.sum += n
		m.sq += n * n
		m.example = s.trace
	}
}
