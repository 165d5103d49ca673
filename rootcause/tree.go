package rootcause

import (
	"cmp"
	"slices"
	"time"
)

// node is a span in its tree.
type node struct {
	span     *Span
	parent   int32 // -1 without one
	entry    int32 // the span by which the request entered the service
	children []int32
	// self is the duration that no child covers.
	self time.Duration
}

// tree is a trace in order: parents come before their children.
type tree struct {
	nodes []node
	order []int32 // of nodes, parents first
	index map[string]int32
}

// build reads the spans of a trace. A span whose parent is missing is a root, as
// is one of the spans of a loop; of spans with equal ids the first one counts as
// the parent. The tree refers to the spans until the next build.
func (t *tree) build(spans []Span) {
	if t.index == nil {
		t.index = make(map[string]int32, len(spans))
	}
	clear(t.index)
	t.nodes, t.order = slices.Grow(t.nodes[:0], len(spans)), t.order[:0]
	for i := range spans {
		var kids []int32
		if i < cap(t.nodes) {
			kids = t.nodes[:i+1][i].children[:0]
		}
		t.nodes = append(t.nodes, node{span: &spans[i], parent: -1, entry: -1, children: kids})
		if _, ok := t.index[spans[i].ID]; !ok {
			t.index[spans[i].ID] = int32(i)
		}
	}
	for i := range t.nodes {
		if p, ok := t.index[spans[i].Parent]; ok && spans[i].Parent != "" && p != int32(i) {
			t.nodes[i].parent = p
			t.nodes[p].children = append(t.nodes[p].children, int32(i))
		}
	}
	for i := range t.nodes {
		if t.nodes[i].parent < 0 {
			t.walk(int32(i))
		}
	}
	for i := range t.nodes { // what is left is in or below a loop
		if t.nodes[i].entry < 0 {
			p := &t.nodes[t.nodes[i].parent]
			p.children = slices.DeleteFunc(p.children, func(c int32) bool { return c == int32(i) })
			t.nodes[i].parent = -1
			t.walk(int32(i))
		}
	}
	for i := range t.nodes {
		t.nodes[i].self = t.selfTime(int32(i))
	}
}

// walk appends a root and all below it, breadth first, and sorts children by start.
func (t *tree) walk(root int32) {
	from := len(t.order)
	t.nodes[root].entry = root
	t.order = append(t.order, root)
	for ; from < len(t.order); from++ {
		n := &t.nodes[t.order[from]]
		slices.SortStableFunc(n.children, func(a, b int32) int {
			return cmp.Compare(t.nodes[a].span.Start, t.nodes[b].span.Start)
		})
		for _, c := range n.children {
			child := &t.nodes[c]
			if child.entry >= 0 {
				continue // a loop that comes back to its root
			}
			child.entry = c
			if child.span.Service == n.span.Service && child.span.Kind != Server && child.span.Kind != Consumer {
				child.entry = n.entry
			}
			t.order = append(t.order, c)
		}
	}
}

// selfTime is the duration of a span that its children do not cover. Children that
// run beside each other are counted once, and what of them lies outside of the
// span not at all.
func (t *tree) selfTime(i int32) time.Duration {
	n := &t.nodes[i]
	begin, end := n.span.Start, n.span.Start+int64(n.span.Duration)
	self, seen := int64(n.span.Duration), begin
	for _, c := range n.children { // sorted by start
		s := t.nodes[c].span
		from, to := max(s.Start, seen), min(s.Start+int64(s.Duration), end)
		if to > from {
			self -= to - from
			seen = to
		}
	}
	return time.Duration(max(self, 0))
}

// remote is the first child in another service that answers a call, or -1.
func (t *tree) remote(i int32) int32 {
	n := &t.nodes[i]
	for _, c := range n.children {
		if s := t.nodes[c].span; s.Service != n.span.Service && s.Kind != Consumer {
			return c
		}
	}
	return -1
}

// roots calls f for each span without a parent.
func (t *tree) roots(f func(i int32)) {
	for _, i := range t.order {
		if t.nodes[i].parent < 0 {
			f(i)
		}
	}
}
