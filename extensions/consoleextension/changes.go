package consoleextension

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

const (
	// changeWindow is how far back changes are told without a parameter, and maxWindow
	// the furthest.
	changeWindow = time.Hour
	maxWindow    = 7 * 24 * time.Hour
	// firstLook is how long after the start every pattern is new and none is news.
	firstLook = 2 * time.Minute
	// maxNewPatterns is how many new patterns are told one by one.
	maxNewPatterns = 10
)

// change is one thing that became different.
type change struct {
	// Time is in Unix seconds.
	Time int64 `json:"time"`
	// What is agent_started, finding_opened, finding_worse, finding_resolved, incident_opened,
	// incident_resolved, pattern_new or patterns_new.
	What     string `json:"what"`
	Severity string `json:"severity,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Text     string `json:"text"`
	// At most one of the ids says what it is about.
	Finding  string `json:"finding,omitempty"`
	Incident string `json:"incident,omitempty"`
	Pattern  string `json:"pattern,omitempty"`
}

// changes tells what became different within the window, the newest first.
func (a *api) changes(q *query) (any, error) {
	now := a.now()
	window := time.Duration(q.number("window_seconds", int(changeWindow.Seconds()), 1, int(maxWindow.Seconds()))) * time.Second
	limit := q.limit(50)
	since := now.Add(-window)
	out := []change{}
	add := func(c change) {
		if c.Time > since.Unix() {
			out = append(out, c)
		}
	}
	add(change{Time: a.started.Unix(), What: "agent_started", Text: "The agent started."})
	told := a.findingChanges(add)
	a.incidentChanges(add)
	a.newPatterns(since, told, add)
	slices.SortStableFunc(out, func(x, y change) int { return cmp.Compare(y.Time, x.Time) })
	return map[string]any{"time": now.Unix(), "since": since.Unix(), "total": len(out), "changes": out[:min(len(out), limit)]}, nil
}

// findingChanges returns the patterns that findings tell of.
func (a *api) findingChanges(add func(change)) map[string]bool {
	told := map[string]bool{}
	for _, f := range a.store.Findings() {
		for _, at := range f.Attrs {
			if at.Key == signals.AttrPatternID {
				told[at.Value] = true
			}
		}
		was := localstore.FindingChange{State: signals.StateResolved}
		for _, h := range f.History {
			c := change{Time: int64(h.Time), Severity: h.Severity, Kind: f.Kind, Text: f.Summary, Finding: f.ID}
			switch {
			case h.State == signals.StateResolved && h.Time == was.Time && was.State != signals.StateResolved:
				// It was told when it was over: one change, not two.
			case h.State == signals.StateResolved:
				c.What = "finding_resolved"
			case was.State == signals.StateResolved:
				c.What = "finding_opened"
			case weight(h.Severity) > weight(was.Severity):
				c.What = "finding_worse"
			}
			was = h
			if c.What != "" {
				add(c)
			}
		}
	}
	return told
}

func (a *api) incidentChanges(add func(change)) {
	desk, err := a.desk()
	if err != nil {
		return
	}
	for _, i := range desk.Incidents() {
		add(change{Time: i.Opened.Unix(), What: "incident_opened", Severity: i.Severity, Text: i.Title, Incident: i.ID})
		if !i.Resolved.IsZero() {
			add(change{Time: i.Resolved.Unix(), What: "incident_resolved", Severity: i.Severity, Text: i.Title, Incident: i.ID})
		}
	}
}

func (a *api) newPatterns(since time.Time, told map[string]bool, add func(change)) {
	if first := a.started.Add(firstLook); since.Before(first) {
		since = first
	}
	n := 0
	for _, p := range a.store.NewPatterns(uint32(since.Unix())) { //nolint:gosec // a time of this century
		if told[p.ID] {
			continue
		}
		if n++; n <= maxNewPatterns {
			add(change{Time: int64(p.FirstSeen), What: "pattern_new", Severity: lineSeverity(p.Severity), Text: p.Template, Pattern: p.ID})
		}
	}
	if n > maxNewPatterns {
		add(change{Time: a.now().Unix(), What: "patterns_new", Text: fmt.Sprintf("%d further log patterns are new.", n-maxNewPatterns)})
	}
}

// lineSeverity is that of a change by the severity number of lines.
func lineSeverity(n int) string {
	switch {
	case n >= 17:
		return signals.SeverityCritical
	case n >= localstore.SeverityWarn:
		return signals.SeverityWarning
	}
	return signals.SeverityInfo
}
