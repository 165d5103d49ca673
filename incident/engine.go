package incident

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/signals"
)

// What a Change tells.
const (
	ChangeOpened       = "opened"
	ChangeUpdated      = "updated"
	ChangeAcknowledged = "acknowledged"
	ChangeResolved     = "resolved"
	ChangeReopened     = "reopened"
	ChangeMerged       = "merged"
)

// Change is what became of an incident.
type Change struct {
	What     string
	Time     time.Time
	Incident Incident
}

// Stats counts since the engine was made or, for what a snapshot holds, before.
type Stats struct {
	// Findings were shown, Ignored said nothing (no id, or resolved and never open),
	// Suppressed were called noise before.
	Findings, Ignored, Suppressed uint64
	// Opened, Reopened, Resolved and Merged count incidents, Dismissed what was
	// gathered and never became one.
	Opened, Reopened, Resolved, Merged, Dismissed uint64
	// Evicted incidents, Overflowed findings that had no room, Stale findings that were
	// not heard of any more, RefusedEdges of a full graph.
	Evicted, Overflowed, Stale, RefusedEdges uint64
	// Open, Gathering and Edges are what there is now. They are not restored.
	Open, Gathering, Edges int
}

// Engine joins findings into incidents.
type Engine struct {
	set   Settings
	graph *graph

	groups     map[string]*group // told ones by id
	gathered   map[Node]*group   // not told yet, one a place
	byFinding  map[string]*group // last group of a finding
	suppressed []*Suppression
	lessons    map[string]string // code by finding id
	stats      Stats
	swept      time.Time
}

// NewEngine returns an engine that knows of nothing.
func NewEngine(s Settings) *Engine {
	s = s.withDefaults()
	return &Engine{
		set: s, graph: newGraph(s.MaxEdges),
		groups: map[string]*group{}, gathered: map[Node]*group{}, byFinding: map[string]*group{}, lessons: map[string]string{},
	}
}

// Edge learns who calls whom. It may be told as often as it is seen.
func (e *Engine) Edge(edge Edge, now time.Time) { e.graph.add(edge, now) }

// Stats returns the counters.
func (e *Engine) Stats() Stats {
	s := e.stats
	for _, g := range e.groups {
		if g.live() {
			s.Open++
		}
	}
	s.Gathering, s.Edges, s.RefusedEdges = len(e.gathered), e.graph.edges, e.graph.refused
	return s
}

// Observe shows one state of a finding. What comes of it is told by Advance.
func (e *Engine) Observe(finding Finding, now time.Time) {
	e.stats.Findings++
	f := finding.bounded()
	if f.ID == "" {
		e.stats.Ignored++
		return
	}
	node, host := nodeOf(f.Entity)
	if node.Service() && host != "" {
		e.graph.add(Edge{Client: node, Server: host}, now)
	}
	g := e.byFinding[f.ID]
	if e.suppress(&f, now) {
		if g == nil || g.members[f.ID] == nil {
			return
		}
		f.State = signals.StateResolved // for the incident that it had come to before
	}
	switch {
	case g != nil && g.members[f.ID] != nil && g.State != StateResolved:
		e.again(g, &f, now)
	case !f.Open():
		e.stats.Ignored++
	case g != nil && e.returns(g, &f, now):
		e.reopen(g, &f, now)
	case g != nil && g.Resolution == ResolutionPerson && !f.Start.After(g.Resolved) && now.Sub(g.Resolved) < e.set.ReopenWithin:
		e.stats.Ignored++ // a person has seen to it
	default:
		e.gather(&f, node, host, now)
	}
}

// flaps is how many returns of a finding are told.
const flaps = 3

// again is another state of a member.
func (e *Engine) again(g *group, f *Finding, now time.Time) {
	m := g.members[f.ID]
	wasOpen, severity := m.Ended.IsZero(), m.Severity
	start := m.Start
	m.Finding, m.Heard = *f, now
	if f.Open() {
		if !wasOpen {
			m.Returns++
			m.Ended = time.Time{}
		}
	} else {
		m.Start = start
		if wasOpen {
			m.Ended = now
		}
	}
	g.quiet = time.Time{}
	if wasOpen != f.Open() && m.Returns < flaps || severity != f.Severity {
		g.dirty = true
	}
	for _, t := range f.Traces {
		if len(g.traces) < 64*maxTraces {
			g.traces[t] = true
		}
	}
}

// returns says whether an ended incident is opened again by one of its findings. One
// that a person ended needs a new beginning.
func (e *Engine) returns(g *group, f *Finding, now time.Time) bool {
	if g.State != StateResolved || g.Resolution == ResolutionMerged || now.Sub(g.Resolved) > e.set.ReopenWithin {
		return false
	}
	return g.Resolution == ResolutionRecovered || f.Start.After(g.Resolved)
}

func (e *Engine) reopen(g *group, f *Finding, now time.Time) {
	g.State, g.Resolution, g.Resolved = StateReopened, "", time.Time{}
	g.Returns++
	g.Owner = ""
	g.urgent = ChangeReopened
	g.note(now, ChangeReopened, "", f.Summary)
	e.stats.Reopened++
	if g.members[f.ID] != nil {
		e.again(g, f, now)
		return
	}
	node, host := nodeOf(f.Entity)
	e.join(g, &Member{Finding: *f, Node: node, Host: host, Joined: now, Heard: now, Why: "the same place, again"}, now)
}

// gather keeps a finding until it is known what it belongs to.
func (e *Engine) gather(f *Finding, node, host Node, now time.Time) {
	if g := e.gathered[node]; g != nil {
		e.join(g, &Member{Finding: *f, Node: node, Host: host, Joined: now, Heard: now, Why: "the same place"}, now)
		return
	}
	if len(e.gathered) >= e.set.MaxGathering {
		e.stats.Overflowed++
		node = Node("entity:" + Other)
		if g := e.gathered[node]; g != nil {
			e.join(g, &Member{Finding: *f, Node: node, Joined: now, Heard: now, Why: "no room for its place"}, now)
			return
		}
	}
	g := newGroup(f, node, host, now)
	e.gathered[node] = g
	e.byFinding[f.ID] = g
}

// join makes a finding a member. The least telling symptom makes room.
func (e *Engine) join(g *group, m *Member, now time.Time) {
	if len(g.members) >= e.set.MaxFindings && g.members[m.ID] == nil {
		e.stats.Overflowed++
		g.Further++
		var worst *Member
		for _, o := range g.members {
			if o.Role != RoleCause && (worst == nil || lessTelling(o, worst)) {
				worst = o
			}
		}
		if worst == nil || !lessTelling(worst, m) {
			g.dirty = true
			return
		}
		g.remove(worst.ID)
		delete(e.byFinding, worst.ID)
	}
	g.add(m, now)
	g.quiet = time.Time{}
	e.byFinding[m.ID] = g
}

func lessTelling(a, b *Member) bool {
	if ended := !a.Ended.IsZero(); ended != !b.Ended.IsZero() {
		return ended
	}
	return cmp.Or(cmp.Compare(a.weight(), b.weight()), cmp.Compare(a.Score, b.Score), strings.Compare(b.ID, a.ID)) < 0
}

// Advance says what became of incidents until now. It is called every few seconds.
func (e *Engine) Advance(now time.Time) []Change {
	e.sweep(now)
	e.settle(now)
	return e.tell(now)
}

// told returns the incidents that were told, oldest first.
func (e *Engine) told() []*group {
	return slices.SortedFunc(maps.Values(e.groups), older)
}

// waiting returns what is gathered, oldest first.
func (e *Engine) waiting() []*group {
	return slices.SortedFunc(maps.Values(e.gathered), older)
}

func older(a, b *group) int {
	return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID))
}

// tell settles cause and severity of all that changed and returns what is news.
func (e *Engine) tell(now time.Time) []Change {
	var out []Change
	for _, g := range e.told() {
		if !g.dirty && g.urgent == "" {
			continue
		}
		cause, severity := g.Cause, g.Severity
		if g.live() {
			e.judge(g)
		}
		what := g.urgent
		switch {
		case what != "":
		case cause != g.Cause || rank(severity) < rank(g.Severity) || now.Sub(g.told) >= e.set.UpdateInterval:
			what = ChangeUpdated
		default:
			continue
		}
		g.told, g.Changed, g.dirty, g.urgent = now, now, false, ""
		out = append(out, Change{What: what, Time: now, Incident: g.view()})
	}
	return out
}

// Incidents returns copies of all incidents: those that hold first, critical before
// warning, then the newest.
func (e *Engine) Incidents() []Incident {
	out := make([]Incident, 0, len(e.groups))
	for _, g := range e.groups {
		out = append(out, g.view())
	}
	slices.SortFunc(out, func(a, b Incident) int {
		if a.Open() != b.Open() {
			if a.Open() {
				return -1
			}
			return 1
		}
		if a.Open() {
			if c := cmp.Compare(rank(b.Severity), rank(a.Severity)); c != 0 {
				return c
			}
		}
		return cmp.Or(b.Start.Compare(a.Start), strings.Compare(a.ID, b.ID))
	})
	return out
}

// Incident returns a copy of one incident.
func (e *Engine) Incident(id string) (Incident, bool) {
	g := e.groups[id]
	if g == nil {
		return Incident{}, false
	}
	return g.view(), true
}
