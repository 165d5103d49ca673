package incident

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// snapshotVersion changes with the fields.
const snapshotVersion = 1

// ErrSnapshot is wrapped by the errors of Restore.
var ErrSnapshot = errors.New("snapshot is not usable")

type savedGroup struct {
	Incident

	// Members are Incident.Findings.
	Traces []string  `json:"traces,omitempty"`
	Storm  bool      `json:"storm,omitempty"`
	Grown  time.Time `json:"grown"`
	Told   time.Time `json:"told,omitzero"`
	Dirty  bool      `json:"dirty,omitempty"`
	Urgent string    `json:"urgent,omitempty"`
}

type savedEdge struct {
	Client    Node      `json:"client"`
	Server    Node      `json:"server"`
	Unwatched bool      `json:"unwatched,omitempty"`
	Seen      time.Time `json:"seen"`
}

type saved struct {
	Version int               `json:"version"`
	Stats   Stats             `json:"stats"`
	Groups  []savedGroup      `json:"incidents"`
	Edges   []savedEdge       `json:"edges"`
	Noise   []Suppression     `json:"noise"`
	Lessons map[string]string `json:"lessons,omitempty"`
}

// Snapshot returns all that the engine knows, for Restore.
func (e *Engine) Snapshot() ([]byte, error) {
	out := saved{Version: snapshotVersion, Stats: e.stats, Noise: e.Suppressions(), Lessons: e.lessons}
	for _, g := range append(e.told(), e.waiting()...) {
		s := savedGroup{Incident: g.view(), Storm: g.storm, Grown: g.grown, Told: g.told, Dirty: g.dirty, Urgent: g.urgent}
		s.Traces = make([]string, 0, len(g.traces))
		for t := range g.traces {
			s.Traces = append(s.Traces, t)
		}
		out.Groups = append(out.Groups, s)
	}
	for client, links := range e.graph.needs {
		for server, l := range links {
			out.Edges = append(out.Edges, savedEdge{client, server, l.unwatched, l.seen})
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("take snapshot: %w", err)
	}
	return b, nil
}

// Restore goes on where Snapshot was taken; an empty b is a new beginning. What is
// open is told again by the next Advance, as what was told last may not have arrived.
func (e *Engine) Restore(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	var in saved
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("restore incidents: %w: %w", ErrSnapshot, err)
	}
	if in.Version != snapshotVersion {
		return fmt.Errorf("restore incidents: %w: version %d, want %d", ErrSnapshot, in.Version, snapshotVersion)
	}
	e.stats = in.Stats
	for _, l := range in.Edges {
		e.graph.add(Edge{Client: l.Client, Server: l.Server, Unwatched: l.Unwatched}, l.Seen)
	}
	for i := range in.Groups {
		e.restore(&in.Groups[i])
	}
	e.Suppress(in.Noise)
	for id, code := range in.Lessons {
		if len(e.lessons) < e.set.MaxSuppressions {
			e.lessons[id] = code
		}
	}
	return nil
}

func (e *Engine) restore(s *savedGroup) {
	if s.ID == "" || len(s.Findings) == 0 || len(e.groups) >= e.set.MaxIncidents || len(e.gathered) >= e.set.MaxGathering {
		return
	}
	g := &group{Incident: s.Incident, members: map[string]*Member{}, nodes: map[Node]int{}, traces: map[string]bool{}, storm: s.Storm}
	g.Findings, g.Returns = nil, max(0, s.Returns)
	for i := range s.Findings[:min(len(s.Findings), e.set.MaxFindings)] {
		m := s.Findings[i]
		g.add(&m, m.Joined)
		if o := e.byFinding[m.ID]; o == nil || g.Open() {
			e.byFinding[m.ID] = g
		}
	}
	for _, t := range s.Traces {
		g.traces[t] = true
	}
	g.grown, g.told, g.dirty, g.urgent = s.Grown, s.Told, s.Dirty, s.Urgent
	switch {
	case g.State == gathering:
		e.gathered[g.Cause] = g
		return
	case g.live() && g.urgent == "":
		g.urgent, g.dirty = ChangeUpdated, true
	}
	e.groups[g.ID] = g
}
