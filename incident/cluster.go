package incident

import (
	"maps"
	"slices"

	"github.com/tidewatch/tidewatch/signals"
)

// A cluster is found as trouble travels: from what is needed to who needs it. A group
// that needs no other troubled group is a root; all others belong to the nearest root
// that they need. Two faults at once whose symptoms overlap therefore stay apart, as
// long as neither needs the other.

// element is a group while clusters are looked for.
type element struct {
	*group

	heavy bool // says that something is wrong: only these are roots
	under *element
}

func (x *element) top() *element {
	for x.under != nil {
		x = x.under
	}
	return x
}

// tie puts two clusters together; the older one is the top.
func tie(a, b *element) {
	a, b = a.top(), b.top()
	if a == b {
		return
	}
	if senior(b, a) {
		a, b = b, a
	}
	b.under = a
}

// senior prefers what was told, then what says that something is wrong, then what
// began first.
func senior(a, b *element) bool {
	if a.live() != b.live() {
		return a.live()
	}
	if a.heavy != b.heavy {
		return a.heavy
	}
	return older(a.group, b.group) < 0
}

// near says whether two groups may have begun by the same fault, going by time.
func (e *Engine) near(a, b *element) bool {
	if !a.live() && !b.live() {
		return max(b.Start.Sub(a.last), a.Start.Sub(b.last)) <= e.set.Together
	}
	if !a.live() {
		a, b = b, a
	}
	return !b.last.Before(a.Start.Add(-e.set.JoinWithin)) && !b.last.After(a.grown.Add(e.set.JoinWithin))
}

// clusters are the elements by the place of their cause, with what was worked out.
type clusters struct {
	all  []*element
	at   map[Node][]*element // heavy ones
	root map[*element]bool
}

// cluster ties everything that hangs together, told or gathered, and returns the
// clusters in a stable order.
func (e *Engine) cluster() [][]*element {
	c := clusters{at: map[Node][]*element{}, root: map[*element]bool{}}
	for _, g := range e.told() {
		if g.live() {
			c.all = append(c.all, &element{group: g, heavy: true})
		}
	}
	told := slices.Clone(c.all)
	for _, g := range e.waiting() {
		c.all = append(c.all, &element{group: g, heavy: g.heavy()})
	}
	for _, x := range c.all {
		if x.heavy {
			c.at[x.Cause] = append(c.at[x.Cause], x)
		}
	}
	tied := e.tieDirectly(c.all[len(told):], told)
	var roots []*element
	for _, x := range c.all {
		if tied[x] {
			continue
		}
		switch root := e.rootOf(x, &c); {
		case root != nil:
			tie(root, x)
		case x.heavy:
			roots = append(roots, x)
		default:
			e.tieContext(x, &c)
		}
	}
	e.tieNamed(roots)
	e.tieSilent(roots)
	e.tieBurst(roots)
	return c.byTop()
}

func (c *clusters) byTop() [][]*element {
	number := map[*element]int{}
	var out [][]*element
	for _, x := range c.all {
		t := x.top()
		n, ok := number[t]
		if !ok {
			n = len(out)
			number[t] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], x)
	}
	return out
}

// tieDirectly ties what is at a place of an incident, or in one of its traces.
func (e *Engine) tieDirectly(waiting, told []*element) map[*element]bool {
	tied := map[*element]bool{}
	for _, w := range waiting {
		for _, t := range told {
			if w.Cause == t.Cause || e.near(t, w) && (t.nodes[w.Cause] > 0 || sharesTrace(t.group, w.group)) {
				tie(t, w)
				tied[w] = true
				break
			}
		}
	}
	return tied
}

func sharesTrace(a, b *group) bool {
	for t := range b.traces {
		if a.traces[t] {
			return true
		}
	}
	return false
}

// rootOf returns the root that x needs, nil if x is one itself: one that was named
// before one in trouble, one in trouble before one that is only busy, then the nearest.
// Of places that need each other the one that came first is the root.
func (e *Engine) rootOf(x *element, c *clusters) *element {
	var root, nearest *element // a root, or what else it needs
	rootHops, rootTelling, nearestHops := 0, 0, 0
	for n, hops := range e.graph.below(x.Cause, e.set.MaxHops) {
		for _, o := range c.at[n] {
			if !e.needs(x, o) {
				continue
			}
			if nearest == nil || hops < nearestHops || hops == nearestHops && senior(o, nearest) {
				nearest, nearestHops = o, hops
			}
			if !e.isRoot(o, c) {
				continue
			}
			telling := o.telling()
			if root == nil || telling > rootTelling || telling == rootTelling && (hops < rootHops || hops == rootHops && senior(o, root)) {
				root, rootHops, rootTelling = o, hops, telling
			}
		}
	}
	if root == nil {
		return nearest
	}
	return root
}

// telling is how likely a root is to be the cause of what others feel: 2 if it was
// named, 1 if it is in trouble itself, 0 if it is only busy.
func (g *group) telling() int {
	if g.named() {
		return 2
	}
	for _, m := range g.members {
		if m.Signal == SignalTrouble && m.weight() >= 0.5 {
			return 1
		}
	}
	return 0
}

// needs says whether the trouble of x may come from o.
func (e *Engine) needs(x, o *element) bool {
	if o == x || !e.near(x, o) {
		return false
	}
	if _, back := e.graph.hops(o.Cause, x.Cause, e.set.MaxHops); back { // they need each other
		return senior(o, x)
	}
	return true
}

func (e *Engine) isRoot(x *element, c *clusters) bool {
	root, known := c.root[x]
	if known {
		return root
	}
	root = true
	for n := range e.graph.below(x.Cause, e.set.MaxHops) {
		if slices.ContainsFunc(c.at[n], func(o *element) bool { return e.needs(x, o) }) {
			root = false
			break
		}
	}
	c.root[x] = root
	return root
}

// tieContext puts what says little to the nearest trouble that needs it.
func (e *Engine) tieContext(x *element, c *clusters) {
	var best *element
	bestHops := 0
	for _, o := range c.all {
		if hops, ok := e.graph.hops(o.Cause, x.Cause, e.set.MaxHops); ok && o.heavy && e.near(x, o) && (best == nil || hops < bestHops) {
			best, bestHops = o, hops
		}
	}
	if best != nil {
		tie(best, x)
	}
}

// tieNamed ties a root cause to the places in which it names its effects, and places
// of one trace.
func (e *Engine) tieNamed(roots []*element) {
	for _, r := range roots {
		affects := map[Node]bool{}
		for _, m := range r.members {
			for _, s := range m.Affects {
				affects[ServiceNode(s)] = true
			}
		}
		if len(affects)+len(r.traces) == 0 {
			continue
		}
		for _, o := range roots {
			if o != r && (affects[o.Cause] || sharesTrace(r.group, o.group)) && e.near(r, o) {
				tie(r, o)
			}
		}
	}
}

// Bounds for taking a place that says nothing for the cause: of those that need it
// directly all are in trouble, at least two, or so many and this share. A place that
// never says anything (a database without telemetry of its own) needs two and the
// share. Two faults within minutes of each other are that much rarer than one that two
// places feel.
const (
	silentCallers = 3
	silentShare   = 0.5
)

// tieSilent ties roots that need the same place, which says nothing itself, where so
// many of those that need it are in trouble at the same moment that chance is out. A
// root that was named the cause is left alone.
func (e *Engine) tieSilent(roots []*element) {
	by := map[Node][]*element{}
	for _, r := range roots {
		if r.named() {
			continue
		}
		for n := range e.graph.needs[r.Cause] {
			by[n] = append(by[n], r)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(by)) {
		callers := by[n]
		slices.SortFunc(callers, func(a, b *element) int { return older(a.group, b.group) })
		if e.silentCause(n, len(callers)) && callers[len(callers)-1].Start.Sub(callers[0].last) <= e.set.Together {
			for _, c := range callers[1:] {
				tie(callers[0], c)
			}
		}
	}
}

// named says whether the analysis of traces, or a person, named the cause.
func (g *group) named() bool {
	if g.CauseBy != "" {
		return true
	}
	for _, m := range g.members {
		if m.Kind == signals.KindRootCause && m.Node == g.Cause && m.weight() > 0 {
			return true
		}
	}
	return false
}

func (e *Engine) silentCause(n Node, troubled int) bool {
	all := len(e.graph.neededs[n])
	if troubled < 2 || float64(troubled) < silentShare*float64(all) {
		return false
	}
	return troubled == all || troubled >= silentCallers || e.graph.unwatched(n)
}

// tieBurst ties what nothing is known of but that it began in the same moment at many
// places.
func (e *Engine) tieBurst(roots []*element) {
	var unknown []*element
	for _, r := range roots {
		if !e.graph.knows(r.Cause) {
			unknown = append(unknown, r)
		}
	}
	slices.SortFunc(unknown, func(a, b *element) int { return older(a.group, b.group) })
	for first := 0; first < len(unknown); {
		last, storm := first, unknown[first].storm
		for last+1 < len(unknown) && unknown[last+1].Start.Sub(unknown[last].last) <= e.set.Burst {
			last++
			storm = storm || unknown[last].storm
		}
		if storm || last-first+1 >= e.set.BurstNodes {
			for _, x := range unknown[first : last+1] {
				x.storm = true
				tie(unknown[first], x)
			}
		}
		first = last + 1
	}
}

// heavy says whether any finding says that something is wrong.
func (g *group) heavy() bool {
	for _, m := range g.members {
		if m.weight() >= 0.5 {
			return true
		}
	}
	return false
}
