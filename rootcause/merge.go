package rootcause

import "time"

// Merge adds what another summary counted, within the bounds of this one.
func (s *Summary) Merge(o *Summary) {
	s.Traces += o.Traces
	s.Spans += o.Spans
	s.Dropped += o.Dropped
	s.busy += o.busy
	for p, t := range o.times {
		s.timing(p).merge(t)
	}
	for l, e := range o.links {
		x := s.links[l]
		if x == nil {
			if len(s.links) >= s.bounds.Links {
				s.Dropped++
				continue
			}
			x = &event{}
			s.links[l] = x
		}
		x.merge(e.moments)
		x.example = e.example
	}
	for id, t := range o.templates {
		if len(s.templates) < s.bounds.Links {
			s.templates[id] = t
		}
	}
	for d, t := range o.divisions {
		x := s.divisions[d]
		if x == nil {
			if len(s.divisions) >= s.bounds.Places {
				s.Dropped++
				continue
			}
			x = &timing{}
			s.divisions[d] = x
		}
		x.merge(t)
	}
	for d, r := range o.roots {
		if x := s.rootOf(d); x != nil {
			x.log.merge(r.log)
			x.failed.merge(r.failed)
			if r.longest >= x.longest {
				x.longest, x.example = r.longest, r.example
			}
		}
	}
}

func (t *timing) merge(o *timing) {
	t.spans += o.spans
	t.seconds += o.seconds
	t.log.merge(o.log)
	if o.longest >= t.longest {
		t.longest, t.example = o.longest, o.example
	}
}

// root is how requests of one kind went as a whole.
type root struct {
	log     moments
	failed  moments
	longest time.Duration
	example string
}

func (s *Summary) rootOf(d division) *root {
	x := s.roots[d]
	if x == nil {
		if len(s.roots) >= s.bounds.Places {
			s.Dropped++
			return nil
		}
		x = &root{}
		s.roots[d] = x
	}
	return x
}
