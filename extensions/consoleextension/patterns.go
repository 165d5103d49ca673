package consoleextension

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/signals"
)

const (
	// pastChanges is for how many seconds a change that is over is shown at its pattern.
	pastChanges = 3600
	// maxMiners is how many processors may tell of parameters: one of each pipeline.
	maxMiners = 8
	// patternLines and patternFindings are what the answer about one pattern brings along.
	patternLines    = 20
	patternFindings = 20
)

// miners are who knows the parameters of patterns: the log_pattern processors, which
// start after this extension.
type miners struct {
	mu   sync.Mutex // guards list
	list []func(pattern string) []logpattern.Param
}

// ServeParameters lets the page show the values that vary within a pattern. params
// answers for a pattern's id, with nil if it is not known; it is called by many at once.
func (c *console) ServeParameters(params func(pattern string) []logpattern.Param) {
	c.miners.mu.Lock()
	defer c.miners.mu.Unlock()
	if len(c.miners.list) < maxMiners {
		c.miners.list = append(c.miners.list, params)
	}
}

func (m *miners) params(pattern string) []logpattern.Param {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	list := slices.Clone(m.list)
	m.mu.Unlock()
	for _, params := range list {
		if p := params(pattern); p != nil {
			return p
		}
	}
	return nil
}

// patternAnswer is a pattern with what changed about it.
type patternAnswer struct {
	localstore.PatternView
	// LastHour is the sum of PerMinute.
	LastHour uint64          `json:"last_hour"`
	Changes  []patternChange `json:"changes"`
}

// patternChange is a finding about a pattern: one that is open, or ended within the last
// hour.
type patternChange struct {
	Finding  string `json:"finding"`
	Kind     string `json:"kind"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	Start    uint32 `json:"start"`
	Resolved uint32 `json:"resolved,omitempty"`
	Summary  string `json:"summary"`
}

// patternParam is a variable of a pattern with the values that were seen.
type patternParam struct {
	Position int    `json:"position"`
	Label    string `json:"label,omitempty"`
	Kind     string `json:"kind"`
	// Count is how many values were looked at, Distinct how many different ones there
	// were, at most 200.
	Count    uint64 `json:"count"`
	Distinct int    `json:"distinct"`
	// Numbers is how many of them are numbers, Min and Max their range: seconds of a
	// duration, bytes of a size.
	Numbers uint64       `json:"numbers"`
	Min     float64      `json:"min"`
	Max     float64      `json:"max"`
	Top     []paramValue `json:"top"`
}

type paramValue struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// patternOrders say what comes first.
var patternOrders = map[string]func(a, b *patternAnswer) int{
	"count":    func(a, b *patternAnswer) int { return cmp.Compare(b.Count, a.Count) },
	"recent":   func(a, b *patternAnswer) int { return cmp.Compare(b.LastHour, a.LastHour) },
	"new":      func(a, b *patternAnswer) int { return cmp.Compare(b.FirstSeen, a.FirstSeen) },
	"last":     func(a, b *patternAnswer) int { return cmp.Compare(b.LastSeen, a.LastSeen) },
	"severity": func(a, b *patternAnswer) int { return cmp.Compare(b.Severity, a.Severity) },
	"changed":  func(a, b *patternAnswer) int { return cmp.Compare(weightOf(b.Changes), weightOf(a.Changes)) },
}

// weightOf puts open changes before those that are over, the latest first.
func weightOf(changes []patternChange) int64 {
	var w int64
	for _, c := range changes {
		at := int64(c.Start)
		if c.State != signals.StateResolved {
			at += 1 << 33
		}
		w = max(w, at)
	}
	return w
}

// patterns lists log patterns. q must occur in the template; service, min_severity and
// changed=1 restrict; order says what comes first; limit and offset cut out a page.
func (a *api) patterns(q *query) (any, error) {
	text, service, severity := strings.ToLower(q.text("q")), q.text("service"), q.number("min_severity", 0, 0, 24)
	changed, limit, offset := q.number("changed", 0, 0, 1) == 1, q.limit(200), q.number("offset", 0, 0, 1_000_000)
	order := patternOrders[cmp.Or(q.text("order"), "count")]
	if order == nil {
		q.fail("order must be count, recent, new, last, severity or changed")
	}
	if q.err != nil {
		return nil, q.err
	}
	all, changes := a.store.Patterns(a.now()), a.changedPatterns()
	var lines, lastMinute uint64
	found := make([]*patternAnswer, 0, len(all))
	for i := range all {
		p := &all[i]
		lines += p.Count
		lastMinute += uint64(p.PerMinute[len(p.PerMinute)-2])
		if p.Severity < severity || changed && changes[p.ID] == nil || service != "" && !slices.Contains(p.Services, service) ||
			text != "" && !strings.Contains(strings.ToLower(p.Template), text) && p.ID != text {
			continue
		}
		found = append(found, newPatternAnswer(p, changes[p.ID]))
	}
	slices.SortStableFunc(found, order) // of equals, the more frequent first
	page := found[min(offset, len(found)):min(offset+limit, len(found))]
	return map[string]any{
		"time": a.now().Unix(), "total": len(all), "found": len(found), "lines": lines, "last_minute": lastMinute, "patterns": page,
	}, nil
}

func newPatternAnswer(p *localstore.PatternView, changes []patternChange) *patternAnswer {
	answer := &patternAnswer{PatternView: *p, Changes: changes}
	if changes == nil {
		answer.Changes = []patternChange{}
	}
	for _, n := range p.PerMinute {
		answer.LastHour += uint64(n)
	}
	return answer
}

// changedPatterns are the recent findings about patterns, by pattern.
func (a *api) changedPatterns() map[string][]patternChange {
	out := map[string][]patternChange{}
	now := a.now().Unix()
	for _, f := range a.store.Findings() {
		if id := patternOf(&f); id != "" && (f.Open() || int64(f.Resolved)+pastChanges >= now) {
			out[id] = append(out[id], patternChange{f.ID, f.Kind, f.State, f.Severity, f.Start, f.Resolved, f.Summary})
		}
	}
	return out
}

// patternOf is the pattern that a finding is about.
func patternOf(f *localstore.FindingView) string {
	for _, at := range f.Attrs {
		if at.Key == signals.AttrPatternID {
			return at.Value
		}
	}
	return ""
}

// onePattern is all that is known of a pattern: counts, variables, changes, lines, and
// the series of its counts if that is watched.
func (a *api) onePattern(q *query) (any, error) {
	id := q.r.PathValue("id")
	all := a.store.Patterns(a.now())
	i := slices.IndexFunc(all, func(p localstore.PatternView) bool { return p.ID == id })
	if i < 0 {
		return nil, notFound("there is no such pattern; it may have been joined to another, or evicted")
	}
	findings := []findingAnswer{}
	for _, f := range a.store.Findings() {
		if patternOf(&f) == id && len(findings) < patternFindings {
			findings = append(findings, a.withSeries(f))
		}
	}
	series, _ := a.store.FindSeries(signals.MetricPatternLines, []localstore.Attr{{Key: signals.AttrPatternID, Value: id}})
	return map[string]any{
		"time": a.now().Unix(), "pattern": newPatternAnswer(&all[i], a.changedPatterns()[id]), "parameters": a.parameters(id),
		"findings": findings, "series_id": series, "logs": a.store.Logs(localstore.LogQuery{Pattern: id, Limit: patternLines}),
	}, nil
}

func (a *api) parameters(id string) []patternParam {
	out := []patternParam{}
	for _, p := range a.miners.params(id) {
		view := patternParam{
			Position: p.Position, Label: p.Label, Kind: strings.Trim(p.Kind.String(), "<>"), Count: p.Count, Distinct: p.Distinct, Numbers: p.Numbers, Top: []paramValue{},
		}
		if p.Numbers > 0 {
			view.Min, view.Max = p.Min, p.Max
		}
		for _, v := range p.Top {
			view.Top = append(view.Top, paramValue{strings.ToValidUTF8(v.Text, "…"), v.Count})
		}
		out = append(out, view)
	}
	return out
}
