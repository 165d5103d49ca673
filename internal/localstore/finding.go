package localstore

import (
	"cmp"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/signals"
)

// Bounds of one finding.
const (
	maxHistory     = 20
	maxFindingText = 1024
	maxFindingAttr = 24
	maxReceipt     = 8 << 10
	maxLinks       = 8
)

// Finding is one state of a finding as it arrives.
type Finding struct {
	ID       string
	Kind     string
	State    string
	Severity string
	Score    float64
	Start    time.Time
	Time     time.Time
	Summary  string
	// Metric is the metric that it is about, if any.
	Metric string
	// Receipt is JSON; anything else is left out.
	Receipt string
	Links   []string
	// Entity and Attrs are the attributes of its resource and its own.
	Entity []Attr
	Attrs  []Attr
}

// FindingChange is one arrival of a finding.
type FindingChange struct {
	// Time is in Unix seconds.
	Time     uint32 `json:"time"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	Score    Number `json:"score"`
}

// FindingView is a finding in its last state.
type FindingView struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	Score    Number `json:"score"`
	// Start, Updated and Resolved are Unix seconds; Resolved is 0 while open.
	Start    uint32          `json:"start"`
	Updated  uint32          `json:"updated"`
	Resolved uint32          `json:"resolved,omitempty"`
	Summary  string          `json:"summary"`
	Metric   string          `json:"metric,omitempty"`
	Receipt  json.RawMessage `json:"receipt,omitempty"`
	Links    []string        `json:"links,omitempty"`
	Entity   []Attr          `json:"entity"`
	Attrs    []Attr          `json:"attributes"`
	// History are the last changes, oldest first. An arrival that changes neither
	// state nor severity is counted in Updates only.
	History []FindingChange `json:"history"`
	Updates uint64          `json:"updates"`
}

// Open says whether the condition still holds.
func (v *FindingView) Open() bool { return v.State != signals.StateResolved }

type findingTable struct {
	mu      sync.Mutex // guards all below
	max     int
	byID    map[string]*FindingView
	written uint64
	evicted uint64
}

func (t *findingTable) init(maxFindings int) {
	t.max = maxFindings
	t.byID = map[string]*FindingView{}
}

func (t *findingTable) total(out *Totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out.Findings, out.EvictedFindings = t.written, t.evicted
}

// PutFinding adds a finding or updates the one of the same id. One that comes
// back after it was resolved keeps its history. A finding without an id is
// ignored.
func (s *Store) PutFinding(f Finding) {
	if f.ID == "" {
		return
	}
	t := &s.findings
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written++
	v := t.byID[f.ID]
	if v == nil {
		if len(t.byID) >= t.max {
			t.evict()
		}
		v = &FindingView{ID: clip(f.ID, maxName)}
		t.byID[v.ID] = v
	}
	v.update(&f)
}

// evict removes the resolved finding that was updated longest ago; if all are
// open, the open one.
func (t *findingTable) evict() {
	var worst *FindingView
	for _, v := range t.byID {
		if worst == nil || compareEviction(v, worst) < 0 {
			worst = v
		}
	}
	delete(t.byID, worst.ID)
	t.evicted++
}

func compareEviction(a, b *FindingView) int {
	if a.Open() != b.Open() {
		if a.Open() {
			return 1
		}
		return -1
	}
	return cmp.Or(cmp.Compare(a.Updated, b.Updated), cmp.Compare(a.ID, b.ID))
}

func (v *FindingView) update(f *Finding) {
	v.Updates++
	if len(v.History) == 0 || v.State != f.State || v.Severity != f.Severity {
		h := append(slices.Clone(v.History), FindingChange{Time: seconds(f.Time), State: clip(f.State, 64), Severity: clip(f.Severity, 64), Score: Number(f.Score)})
		v.History = h[max(0, len(h)-maxHistory):]
	}
	v.Kind, v.State, v.Severity, v.Metric = clip(f.Kind, 64), clip(f.State, 64), clip(f.Severity, 64), clip(f.Metric, maxName)
	v.Score = Number(f.Score)
	v.Start, v.Updated = seconds(f.Start), seconds(f.Time)
	v.Resolved = 0
	if !v.Open() {
		v.Resolved = v.Updated
	}
	v.Summary = clip(f.Summary, maxFindingText)
	v.Receipt = nil
	if len(f.Receipt) <= maxReceipt && json.Valid([]byte(f.Receipt)) {
		v.Receipt = json.RawMessage(f.Receipt)
	}
	v.Links = nil
	for _, l := range f.Links[:min(len(f.Links), maxLinks)] {
		v.Links = append(v.Links, clip(l, maxFindingText))
	}
	v.Entity, v.Attrs = clipAttrs(f.Entity), clipAttrs(f.Attrs)
}

func clipAttrs(attrs []Attr) []Attr {
	out := make([]Attr, 0, min(len(attrs), maxFindingAttr))
	for _, a := range attrs[:min(len(attrs), maxFindingAttr)] {
		out = append(out, Attr{Key: clip(a.Key, maxName), Value: clip(a.Value, maxFindingText)})
	}
	return out
}

// Findings returns all findings: the open ones first, critical before warning
// before info, then the newest start first; resolved ones by their end.
func (s *Store) Findings() []FindingView {
	t := &s.findings
	t.mu.Lock()
	out := make([]FindingView, 0, len(t.byID))
	for _, v := range t.byID {
		out = append(out, *v)
	}
	t.mu.Unlock()
	slices.SortFunc(out, func(a, b FindingView) int {
		if a.Open() != b.Open() {
			if a.Open() {
				return -1
			}
			return 1
		}
		if a.Open() {
			return cmp.Or(cmp.Compare(weight(b.Severity), weight(a.Severity)), cmp.Compare(b.Start, a.Start), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(cmp.Compare(b.Resolved, a.Resolved), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func weight(severity string) int {
	switch severity {
	case signals.SeverityCritical:
		return 2
	case signals.SeverityWarning:
		return 1
	default:
		return 0
	}
}
