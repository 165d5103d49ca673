package tracewindow

import (
	"cmp"
	"slices"
)

// Assemble puts the spans of one trace in order, as a window does; clocks may be nil, and then
// those of this trace alone say how far its hosts are apart. It takes the slice and returns it
// within the trace.
func Assemble(id TraceID, spans []Span, clocks *Clocks) *Trace {
	t := &Trace{ID: id, Weight: 1}
	tree := grow(t, spans)
	if clocks == nil {
		clocks = &Clocks{}
	}
	tree.observe(clocks)
	tree.finish(tree.offsets(clocks))
	return t
}

// tree is a trace on its way to being in order. Its spans are not sorted yet.
type tree struct {
	trace  *Trace
	spans  []Span
	parent []int32 // -1 for roots
}

func grow(t *Trace, spans []Span) *tree {
	g := &tree{trace: t, spans: spans}
	g.link()
	g.cutLoops()
	return g
}

// link finds the parents and leaves out what came twice.
func (g *tree) link() {
	byID := make([]int32, len(g.spans))
	for i := range byID {
		byID[i] = int32(i) //nolint:gosec // a trace is bounded
	}
	slices.SortFunc(byID, func(a, b int32) int {
		x, y := &g.spans[a], &g.spans[b]
		return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(calling(x.Kind), calling(y.Kind)), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Start, y.Start), cmp.Compare(a, b))
	})
	kept := byID[:0]
	var twice []bool
	shared := map[int32]int32{} // a server's span to the client's with the same id
	for _, i := range byID {
		if n := len(kept); n > 0 && g.spans[i].ID != 0 {
			switch last := &g.spans[kept[n-1]]; {
			case last.ID != g.spans[i].ID:
			case last.Kind == g.spans[i].Kind || calling(last.Kind) > 0:
				if g.trace.Duplicates == 0 {
					twice = make([]bool, len(g.spans))
				}
				g.trace.Duplicates++
				twice[i] = true
				continue
			default:
				shared[i] = kept[n-1]
			}
		}
		kept = append(kept, i)
	}
	find := func(id SpanID) int32 {
		end, ok := slices.BinarySearchFunc(kept, id, func(i int32, id SpanID) int { return cmp.Compare(g.spans[i].ID, id) })
		if !ok {
			return -1
		}
		for end+1 < len(kept) && g.spans[kept[end+1]].ID == id {
			end++ // the server's, of a shared id
		}
		return kept[end]
	}
	g.parent = make([]int32, len(g.spans))
	for i := range g.parent {
		g.parent[i] = -1
	}
	for _, i := range kept {
		s := &g.spans[i]
		client, ok := shared[i]
		switch {
		case ok:
			g.parent[i] = client
		case s.ParentID != 0:
			g.parent[i] = find(s.ParentID)
			s.Orphan = g.parent[i] < 0
		}
	}
	if twice != nil {
		g.compact(twice)
	}
}

// calling sorts those who call before those who are called: 1 for the latter.
func calling(k Kind) int {
	if k == Server || k == Consumer {
		return 1
	}
	return 0
}

// compact removes the spans that came twice.
func (g *tree) compact(twice []bool) {
	place := make([]int32, len(g.spans))
	n := int32(0)
	for i := range g.spans {
		place[i] = n
		if twice[i] {
			continue
		}
		g.spans[n], g.parent[n] = g.spans[i], g.parent[i]
		n++
	}
	g.spans, g.parent = g.spans[:n], g.parent[:n]
	for i, p := range g.parent {
		if p >= 0 {
			g.parent[i] = place[p]
		}
	}
}

// cutLoops makes the earliest span of every circle a root.
func (g *tree) cutLoops() {
	const fresh, walking, settled = 0, 1, 2
	state := make([]uint8, len(g.spans))
	for i := range g.spans {
		at := int32(i) //nolint:gosec // a trace is bounded
		for at >= 0 && state[at] == fresh {
			state[at] = walking
			at = g.parent[at]
		}
		if at >= 0 && state[at] == walking {
			first := at
			for p := g.parent[at]; p != at; p = g.parent[p] {
				state[p] = settled
				if g.spans[p].Start < g.spans[first].Start {
					first = p
				}
			}
			state[at] = settled
			g.parent[first] = -1
			g.spans[first].Orphan = true
			g.trace.Loops++
		}
		for at = int32(i); at >= 0 && state[at] == walking; at = g.parent[at] { //nolint:gosec // a trace is bounded
			state[at] = settled
		}
	}
}

// finish moves clocks and sorts: depth first, siblings by start.
func (g *tree) finish(offsets map[string]int64) {
	if len(offsets) > 0 {
		for i := range g.spans {
			g.spans[i].Start += offsets[g.spans[i].Resource.clock()]
		}
	}
	byParent := make([]int32, len(g.spans))
	for i := range byParent {
		byParent[i] = int32(i) //nolint:gosec // a trace is bounded
	}
	slices.SortFunc(byParent, func(a, b int32) int {
		return cmp.Or(cmp.Compare(g.parent[a], g.parent[b]), cmp.Compare(g.spans[b].Start, g.spans[a].Start), cmp.Compare(g.spans[b].ID, g.spans[a].ID), cmp.Compare(b, a))
	})
	first := make([]int32, len(g.spans)+1) // of each parent's children in byParent; roots are those of 0
	for _, i := range byParent {
		first[g.parent[i]+1]++
	}
	for i, sum := 0, int32(0); i < len(first); i++ {
		first[i], sum = sum, sum+first[i]
	}
	children := func(p int32) []int32 {
		end := int32(len(byParent)) //nolint:gosec // a trace is bounded
		if int(p)+2 < len(first) {
			end = first[p+2]
		}
		return byParent[first[p+1]:end]
	}
	out := make([]Span, 0, len(g.spans))
	place := make([]int32, len(g.spans))
	stack := slices.Clone(children(-1)) // the latest first, so that the earliest is taken first
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = append(stack[:len(stack)-1], children(i)...)
		place[i] = int32(len(out)) //nolint:gosec // a trace is bounded
		s := g.spans[i]
		s.Parent = -1
		if p := g.parent[i]; p >= 0 {
			s.Parent = int(place[p])
		}
		out = append(out, s)
	}
	g.trace.Spans, g.trace.Offsets = out, offsets
}
