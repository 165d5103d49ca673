package incident

import (
	"maps"
	"slices"
	"time"
)

// Edge says that client calls, or needs, server.
type Edge struct {
	Client, Server Node
	// Unwatched says that the server tells nothing of itself: a database or a queue
	// that is known from its clients' spans only. Its silence means nothing.
	Unwatched bool
}

// graph is who needs whom: services call services and run on hosts. Trouble travels
// against the edges.
type graph struct {
	max     int
	needs   map[Node]map[Node]*link
	neededs map[Node]map[Node]*link // the same links by server
	edges   int
	refused uint64
	expired uint64

	reach map[Node]map[Node]int // of links as they are
}

type link struct {
	seen      time.Time
	unwatched bool
}

func newGraph(maxEdges int) *graph {
	return &graph{max: maxEdges, needs: map[Node]map[Node]*link{}, neededs: map[Node]map[Node]*link{}, reach: map[Node]map[Node]int{}}
}

func (g *graph) add(e Edge, now time.Time) {
	if e.Client == e.Server || e.Client == "" || e.Server == "" {
		return
	}
	if l := g.needs[e.Client][e.Server]; l != nil {
		l.seen, l.unwatched = now, e.Unwatched
		return
	}
	if g.edges >= g.max {
		g.refused++
		return
	}
	l := &link{now, e.Unwatched}
	put(g.needs, e.Client, e.Server, l)
	put(g.neededs, e.Server, e.Client, l)
	g.edges++
	clear(g.reach)
}

func put(m map[Node]map[Node]*link, from, to Node, l *link) {
	if m[from] == nil {
		m[from] = map[Node]*link{}
	}
	m[from][to] = l
}

// expire forgets links that were not seen since before.
func (g *graph) expire(before time.Time) {
	for from, links := range g.needs {
		for to, l := range links {
			if !l.seen.Before(before) {
				continue
			}
			remove(g.needs, from, to)
			remove(g.neededs, to, from)
			g.edges--
			g.expired++
			clear(g.reach)
		}
	}
}

func remove(m map[Node]map[Node]*link, from, to Node) {
	delete(m[from], to)
	if len(m[from]) == 0 {
		delete(m, from)
	}
}

// knows says whether calls to or from the node are known.
func (g *graph) knows(n Node) bool { return len(g.needs[n]) > 0 || len(g.neededs[n]) > 0 }

// entry says whether requests enter the system here: it calls others, and nobody
// calls it.
func (g *graph) entry(n Node) bool { return len(g.needs[n]) > 0 && len(g.neededs[n]) == 0 }

// unwatched says whether a node tells nothing of itself.
func (g *graph) unwatched(n Node) bool {
	for _, l := range g.neededs[n] {
		if l.unwatched {
			return true
		}
	}
	return false
}

// hops returns on how short a way trouble of server reaches client, at most most
// hops; 0 and true for the same node.
func (g *graph) hops(client, server Node, most int) (int, bool) {
	n, ok := g.below(client, most)[server]
	return n, ok
}

// below returns all that a node needs with its distance, itself included.
func (g *graph) below(n Node, most int) map[Node]int {
	if r, ok := g.reach[n]; ok {
		return r
	}
	r := map[Node]int{n: 0}
	next := []Node{n}
	for d := 1; d <= most && len(next) > 0; d++ {
		var after []Node
		for _, from := range next {
			for _, to := range slices.Sorted(maps.Keys(g.needs[from])) {
				if _, ok := r[to]; !ok {
					r[to] = d
					after = append(after, to)
				}
			}
		}
		next = after
	}
	if len(g.reach) > 2*g.max { // nodes that are in no link are kept too
		clear(g.reach)
	}
	g.reach[n] = r
	return r
}
