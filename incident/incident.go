package incident

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/tidewatch/tidewatch/signals"
)

// States of an incident. A reopened one is open again, until it is acknowledged or
// resolved.
const (
	StateOpen         = "open"
	StateAcknowledged = "acknowledged"
	StateResolved     = "resolved"
	StateReopened     = "reopened"
)

// Roles of a finding in its incident.
const (
	RoleCause   = "cause"
	RoleSymptom = "symptom"
)

// Why an incident ended.
const (
	ResolutionRecovered = "recovered"
	ResolutionPerson    = "person"
	ResolutionNoise     = "noise"
	ResolutionMerged    = "merged"
)

// Member is a finding in an incident.
type Member struct {
	Finding

	Node Node `json:"node"`
	Host Node `json:"host,omitempty"`
	// Role is cause for the findings of the place that is taken for the cause, and
	// symptom for all others: these need nobody's attention of their own.
	Role string `json:"role"`
	// Why it belongs to the incident, in words.
	Why string `json:"why"`
	// Joined is when it was first shown, Heard when it was last.
	Joined time.Time `json:"joined"`
	Heard  time.Time `json:"heard"`
	// Ended is when it was resolved; zero while it holds.
	Ended time.Time `json:"ended,omitzero"`
	// Returns counts how often it held again after it was resolved.
	Returns int `json:"returns,omitempty"`
}

// Event is a line in the history of an incident.
type Event struct {
	Time time.Time `json:"time"`
	What string    `json:"what"`
	By   string    `json:"by,omitempty"`
	Text string    `json:"text,omitempty"`
}

// maxEvents bounds the history of one incident; the first event is kept.
const maxEvents = 50

// Incident is what a person is told. All of it is a copy.
type Incident struct {
	// ID has 16 hexadecimal digits and follows from the finding that came first and
	// its start, so that it is the same after a restart without a snapshot.
	ID       string `json:"id"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	// Title is one sentence: the cause's place and its leading finding.
	Title string `json:"title"`
	// Start is when the first finding's condition began, Opened when the incident was
	// told first, Changed when it last was anything new, Resolved its end.
	Start    time.Time `json:"start"`
	Opened   time.Time `json:"opened"`
	Changed  time.Time `json:"changed"`
	Resolved time.Time `json:"resolved,omitzero"`
	// Resolution says why it ended.
	Resolution string `json:"resolution,omitempty"`
	MergedInto string `json:"merged_into,omitempty"`
	// Cause is the place that is taken for the cause, CauseFinding its leading finding
	// ("" where the place itself says nothing), CauseWhy the reason in words and
	// CauseBy the person who said so.
	Cause        Node   `json:"cause"`
	CauseFinding string `json:"cause_finding,omitempty"`
	CauseWhy     string `json:"cause_why"`
	CauseBy      string `json:"cause_by,omitempty"`
	// Known is the code of the catalogue entry that was learned from an incident with
	// the same cause.
	Known string `json:"known,omitempty"`
	// Services and Hosts that have findings, sorted.
	Services []string `json:"services"`
	Hosts    []string `json:"hosts"`
	// Findings are the cause's first, then by their start. Further counts those that
	// had no room.
	Findings []Member `json:"findings"`
	Further  uint64   `json:"further,omitempty"`
	// Owner acknowledged it.
	Owner string `json:"owner,omitempty"`
	// Returns counts how often it was opened again.
	Returns int     `json:"returns,omitempty"`
	History []Event `json:"history"`
}

// Open says whether the incident still holds.
func (i *Incident) Open() bool { return i.State != StateResolved }

// gathering is the state of what is not told yet.
const gathering = "gathering"

// group is an incident, or what may become one.
type group struct {
	Incident
	members map[string]*Member
	nodes   map[Node]int // how many members are there
	traces  map[string]bool
	storm   bool      // joined by time alone
	last    time.Time // when the condition of the latest member began
	grown   time.Time // when the last member joined
	quiet   time.Time // since when all members are resolved
	told    time.Time // when it was last part of what Advance returned
	dirty   bool      // something changed since
	urgent  string    // what must be told at once
}

func newGroup(f *Finding, node, host Node, now time.Time) *group {
	g := &group{
		Incident: Incident{ID: incidentID(f), State: gathering, Start: f.Start, Cause: node},
		members:  map[string]*Member{}, nodes: map[Node]int{}, traces: map[string]bool{},
	}
	g.add(&Member{Finding: *f, Node: node, Host: host, Joined: now, Heard: now, Why: "came first"}, now)
	return g
}

// incidentID is the identity of an incident that begins with a finding.
func incidentID(f *Finding) string {
	h := xxhash.New()
	_, _ = h.WriteString(f.ID)
	_, _ = fmt.Fprintf(h, ":%d", f.Start.Unix())
	return fmt.Sprintf("%016x", h.Sum64())
}

func (g *group) add(m *Member, now time.Time) {
	g.members[m.ID] = m
	g.nodes[m.Node]++
	for _, t := range m.Traces {
		if len(g.traces) < 64*maxTraces {
			g.traces[t] = true
		}
	}
	if m.Start.Before(g.Start) {
		g.Start = m.Start
	}
	if m.Start.After(g.last) {
		g.last = m.Start
	}
	g.grown, g.dirty = now, true
}

func (g *group) remove(id string) {
	m := g.members[id]
	if m == nil {
		return
	}
	delete(g.members, id)
	if g.nodes[m.Node]--; g.nodes[m.Node] == 0 {
		delete(g.nodes, m.Node)
	}
}

// live says whether it was told and has not ended.
func (g *group) live() bool { return g.State != gathering && g.State != StateResolved }

// note adds to the history.
func (g *group) note(now time.Time, what, by, text string) {
	if len(g.History) >= maxEvents {
		g.History = slices.Delete(g.History, 1, 2)
	}
	g.History = append(g.History, Event{now, what, by, clip(text, maxText)})
}

// sorted returns the members, the cause's first, then those that hold, by start.
func (g *group) sorted() []*Member {
	return slices.SortedFunc(maps.Values(g.members), func(a, b *Member) int {
		return cmp.Or(
			strings.Compare(a.Role, b.Role), // cause before symptom
			cmp.Compare(rank(b.Severity), rank(a.Severity)),
			a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID))
	})
}

func rank(severity string) int {
	switch severity {
	case signals.SeverityCritical:
		return 2
	case signals.SeverityWarning:
		return 1
	default:
		return 0
	}
}

// view is a copy for others.
func (g *group) view() Incident {
	v := g.Incident
	v.History = slices.Clone(g.History)
	v.Services, v.Hosts = []string{}, []string{}
	services, hosts := map[string]bool{}, map[string]bool{}
	for _, m := range g.sorted() {
		v.Findings = append(v.Findings, *m)
		for _, n := range []Node{m.Node, m.Host} {
			switch {
			case n == "":
			case n.Service():
				services[n.Name()] = true
			default:
				hosts[n.Name()] = true
			}
		}
	}
	v.Services = slices.AppendSeq(v.Services, maps.Keys(services))
	v.Hosts = slices.AppendSeq(v.Hosts, maps.Keys(hosts))
	slices.Sort(v.Services)
	slices.Sort(v.Hosts)
	return v
}
