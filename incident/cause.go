package incident

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/signals"
)

// suspect is a place that may be the cause.
type suspect struct {
	node  Node
	score float64
	why   string
}

// judge settles what the cause of an incident is, who has what role, how severe it is,
// and the sentence that says so.
func (e *Engine) judge(g *group) {
	if g.CauseBy == "" {
		s := e.suspectOf(g)
		g.Cause, g.CauseWhy = s.node, s.why
	}
	lead := g.lead(g.Cause)
	g.CauseFinding, g.Known = "", ""
	if lead != nil {
		g.CauseFinding = lead.ID
	}
	for _, m := range g.members {
		m.Role = RoleSymptom
		if m.Node == g.Cause {
			m.Role = RoleCause
			g.Known = cmp.Or(e.lessons[m.ID], g.Known)
		}
		m.Why = e.why(g, m)
	}
	g.Severity = e.severity(g)
	g.Title = g.title(lead)
}

// suspectOf weighs the places. What was named by the analysis of traces counts most,
// then how many of the others need the place, then what it says and when.
func (e *Engine) suspectOf(g *group) suspect {
	nodes := slices.Sorted(maps.Keys(g.nodes))
	slices.SortStableFunc(nodes, func(a, b Node) int { return g.lead(a).Start.Compare(g.lead(b).Start) })
	best := suspect{node: g.Cause, score: -1, why: "it came first"}
	better := func(s suspect) {
		if s.node == g.Cause {
			s.score += 0.15 // a cause that changes back and forth helps nobody
		}
		if s.score > best.score {
			best = s
		}
	}
	for i, n := range nodes {
		s := suspect{node: n, why: "it came first"}
		if i > 0 {
			s.why = "it says most"
		}
		if len(nodes) == 1 {
			s.why = "nothing else is in trouble"
		}
		covered := e.covered(n, nodes)
		factor, named := 0.25, 0.0
		for _, m := range g.members {
			if m.Node != n {
				continue
			}
			factor = max(factor, min(1, 2*m.weight()))
			switch {
			case m.Kind == signals.KindRootCause:
				named = max(named, 3+m.Score)
			case m.Signal == SignalChange:
				s.score = max(s.score, 0.5)
			case m.Signal == SignalSaturation && m.weight() > 0:
				s.score = max(s.score, 0.3)
			}
		}
		s.score += 2 * factor * float64(covered) / float64(len(nodes))
		s.score += 0.2 * float64(len(nodes)-i) / float64(len(nodes))
		if factor >= 1 && e.deepest(g, n) {
			s.score += 0.5
		}
		if covered > 1 {
			s.why = fmt.Sprintf("%d of %d places in trouble need it", covered-1, len(nodes)-1)
		}
		if named > 0 {
			s.score += named
			s.why = "the analysis of traces names it"
		}
		better(s)
	}
	e.silentSuspects(g, nodes, better)
	return best
}

// deepest says whether a place needs no other one in trouble.
func (e *Engine) deepest(g *group, n Node) bool {
	for o := range e.graph.below(n, e.set.MaxHops) {
		if o == n || g.nodes[o] == 0 {
			continue
		}
		if _, back := e.graph.hops(o, n, e.set.MaxHops); !back && g.lead(o).weight() >= 0.5 {
			return false
		}
	}
	return true
}

// covered counts the places that need n, itself included.
func (e *Engine) covered(n Node, nodes []Node) int {
	covered := 0
	for _, o := range nodes {
		if _, ok := e.graph.hops(o, n, e.set.MaxHops); ok {
			covered++
		}
	}
	return covered
}

// silentSuspects are places that say nothing but that many in trouble need.
func (e *Engine) silentSuspects(g *group, nodes []Node, better func(suspect)) {
	callers := map[Node]int{}
	for _, n := range nodes {
		for s := range e.graph.needs[n] {
			if g.nodes[s] == 0 {
				callers[s]++
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(callers)) {
		if e.silentCause(s, callers[s]) {
			covered := e.covered(s, nodes)
			better(suspect{
				node: s, score: 2*float64(covered)/float64(len(nodes)) - 0.1,
				why: fmt.Sprintf("it says nothing itself, but %d of %d places in trouble need it", covered, len(nodes)),
			})
		}
	}
}

// lead is the most telling finding of a place, nil if there is none.
func (g *group) lead(n Node) *Member {
	var best *Member
	for _, m := range g.members {
		if m.Node == n && (best == nil || leads(m, best)) {
			best = m
		}
	}
	return best
}

func leads(a, b *Member) bool {
	first := func(m *Member) int {
		if m.Kind == signals.KindRootCause {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(rank(b.Severity), rank(a.Severity)), cmp.Compare(b.weight(), a.weight()),
		a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID)) < 0
}

// why says in words what a member has to do with the cause.
func (e *Engine) why(g *group, m *Member) string {
	if m.Node == g.Cause {
		return "the cause"
	}
	if hops, ok := e.graph.hops(m.Node, g.Cause, e.set.MaxHops); ok {
		switch {
		case hops > 1:
			return fmt.Sprintf("needs %s, over %d others", g.Cause.Name(), hops-1)
		case g.Cause.Service():
			return "calls " + g.Cause.Name()
		default:
			return "runs on " + g.Cause.Name()
		}
	}
	if _, ok := e.graph.hops(g.Cause, m.Node, e.set.MaxHops); ok {
		return "needed by " + g.Cause.Name()
	}
	for _, t := range m.Traces {
		if g.traces[t] {
			return "the same trace"
		}
	}
	return "began in the same moment"
}

// Impact from which an incident is critical.
const (
	criticalPlaces = 3
	criticalShare  = 0.2 // of the known services
)

// severity goes by impact: critical where requests enter the system, where a critical
// finding has effects elsewhere or is a person's rule, and where many services are in
// trouble. It does not fall while the incident holds.
func (e *Engine) severity(g *group) string {
	critical, entry := false, false
	troubled := map[Node]bool{}
	for _, m := range g.members {
		if m.weight() == 0 || m.Signal == SignalTraffic {
			continue
		}
		if m.Node.Service() {
			troubled[m.Node] = true
		}
		isCritical := m.Severity == signals.SeverityCritical
		critical = critical || isCritical && (m.Kind == signals.KindAlert || len(g.nodes) > 1)
		entry = entry || m.Signal == SignalTrouble && e.graph.entry(m.Node) && (isCritical || len(g.nodes) > 1)
	}
	known := 0
	for n := range e.graph.needs {
		if n.Service() {
			known++
		}
	}
	many := max(criticalPlaces, int(criticalShare*float64(known)))
	if critical || entry || len(troubled) >= many || g.Severity == signals.SeverityCritical {
		return signals.SeverityCritical
	}
	return signals.SeverityWarning
}

func (g *group) title(lead *Member) string {
	name := g.Cause.Name()
	text := name + ": " + g.CauseWhy + "."
	if lead != nil {
		text = lead.Summary
		if !strings.Contains(text, name) {
			text = name + ": " + text
		}
	}
	more := len(g.members) + int(min(g.Further, 1<<20)) //nolint:gosec // bounded
	also := ""
	if lead != nil {
		more--
		also = "And "
	}
	if more > 0 {
		findings := "findings"
		if more == 1 {
			findings = "finding"
		}
		if lead != nil {
			findings = "more " + findings
		}
		text = fmt.Sprintf("%s %s%d %s", text, also, more, findings)
		if len(g.nodes) > 1 {
			text += fmt.Sprintf(" at %d places", len(g.nodes))
		}
		text += "."
	}
	return clip(text, maxText)
}
