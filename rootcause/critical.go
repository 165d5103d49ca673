package rootcause

import (
	"slices"
	"time"
)

// Hop is a span's part of the critical path: the chain of work that the request
// waited for.
type Hop struct {
	Service   string `json:"service"`
	Operation string `json:"operation"`
	Instance  string `json:"instance,omitempty"`
	Host      string `json:"host,omitempty"`
	Version   string `json:"version,omitempty"`
	// Depth is how many spans are above it.
	Depth    int           `json:"depth"`
	Duration time.Duration `json:"duration_ns"`
	// Own is the part of the path that is spent in this span itself; of a call, on
	// the way to the Callee and back.
	Own    time.Duration `json:"own_ns"`
	Callee string        `json:"callee,omitempty"`
	// Usual is what Own usually is for this operation; Known says whether that is known.
	Usual  time.Duration `json:"usual_ns"`
	Known  bool          `json:"known"`
	Failed bool          `json:"failed,omitempty"`
}

// critical is the critical path below the first root: from the end of a span back to
// its start, always in the child that ended last. (As in CRISP: Zhang and others,
// USENIX ATC 2022.) Hops are in the order of the tree, callers first.
func (t *tree) critical() []Hop {
	first := int32(-1)
	t.roots(func(i int32) {
		if first < 0 || t.nodes[i].span.Duration > t.nodes[first].span.Duration {
			first = i
		}
	})
	if first < 0 {
		return nil
	}
	depth := make([]int, len(t.nodes))
	own := make([]time.Duration, len(t.nodes))
	on := make([]bool, len(t.nodes))
	type part struct { // of a span, that lies within its parent's
		i          int32
		from, till int64
	}
	s := t.nodes[first].span
	todo := []part{{first, s.Start, s.Start + int64(s.Duration)}}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		on[p.i] = true
		n := &t.nodes[p.i]
		at := p.till
		kids := slices.Clone(n.children)
		slices.SortFunc(kids, func(a, b int32) int {
			x, y := t.nodes[a].span, t.nodes[b].span
			return int(min(1, max(-1, (y.Start+int64(y.Duration))-(x.Start+int64(x.Duration)))))
		})
		for _, c := range kids {
			child := t.nodes[c].span
			end := min(child.Start+int64(child.Duration), p.till)
			if end > at || child.Start >= at || end <= p.from || end <= child.Start {
				continue
			}
			own[p.i] += time.Duration(at - end)
			depth[c] = depth[p.i] + 1
			at = max(child.Start, p.from)
			todo = append(todo, part{c, at, end})
		}
		own[p.i] += time.Duration(max(0, at-p.from))
	}
	var hops []Hop
	var visit func(i int32)
	visit = func(i int32) {
		if !on[i] {
			return
		}
		x := t.nodes[i].span
		h := Hop{
			Service: x.Service, Operation: x.Operation, Instance: x.Instance, Host: x.Host, Version: x.Version,
			Depth: depth[i], Duration: x.Duration, Own: own[i], Failed: x.Error,
		}
		if r := t.remote(i); r >= 0 && x.Kind != Server {
			h.Callee = t.nodes[r].span.Service
		}
		hops = append(hops, h)
		for _, c := range t.nodes[i].children {
			visit(c)
		}
	}
	visit(first)
	return hops
}
