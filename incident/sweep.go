package incident

import (
	"fmt"
	"time"

	"github.com/tidewatch/tidewatch/signals"
)

// graphSweep is how often links that were not seen for long are looked for.
const graphSweep = time.Minute

// sweep ends what is not heard of any more, what has recovered, and what never became
// an incident.
func (e *Engine) sweep(now time.Time) {
	if now.Sub(e.swept) >= graphSweep {
		e.graph.expire(now.Add(-e.set.EdgeExpiry))
		e.swept = now
	}
	for _, g := range e.told() {
		if g.live() {
			e.silence(g, now)
			e.recover(g, now)
		}
	}
	for _, g := range e.waiting() {
		e.silence(g, now)
		if !e.hopeful(g, now) {
			e.forget(g)
			e.stats.Dismissed++
		}
	}
	e.evict()
}

// silence ends members that were not heard of for long: whoever found them may be gone.
func (e *Engine) silence(g *group, now time.Time) {
	for _, m := range g.members {
		after := e.set.StaleAfter
		if m.Kind == signals.KindAlert {
			after = e.set.AlertStaleAfter
		}
		if m.Ended.IsZero() && now.Sub(m.Heard) >= after {
			m.Ended, g.dirty = now, true
			e.stats.Stale++
		}
	}
}

// recover resolves an incident whose findings are resolved for long enough. One that
// came back has to stay away longer.
func (e *Engine) recover(g *group, now time.Time) {
	last := g.Start
	for _, m := range g.members {
		if m.Ended.IsZero() {
			g.quiet = time.Time{}
			return
		}
		if m.Ended.After(last) {
			last = m.Ended
		}
	}
	g.quiet = last
	if now.Sub(last) < e.set.ResolveAfter<<min(g.Returns, 4) {
		return
	}
	e.end(g, now, ResolutionRecovered, "", fmt.Sprintf("All findings are resolved since %s.", last.UTC().Format(time.TimeOnly)))
}

// end resolves an incident that was told.
func (e *Engine) end(g *group, now time.Time, resolution, by, text string) {
	g.State, g.Resolution, g.Resolved, g.dirty, g.urgent = StateResolved, resolution, now, true, ChangeResolved
	g.note(now, ChangeResolved, by, text)
	e.stats.Resolved++
}

// hopeful says whether what is gathered may still become an incident, or part of one.
func (e *Engine) hopeful(g *group, now time.Time) bool {
	for _, m := range g.members {
		switch {
		case m.Ended.IsZero() && (m.weight() > 0 || now.Sub(m.Joined) < e.set.JoinWithin):
			return true
		case !m.Ended.IsZero() && now.Sub(m.Ended) < e.set.Together:
			return true // it may come back, or be the context of what follows
		}
	}
	return false
}

// forget drops a group with all that points to it.
func (e *Engine) forget(g *group) {
	for id := range g.members {
		if e.byFinding[id] == g {
			delete(e.byFinding, id)
		}
	}
	for n, o := range e.gathered {
		if o == g {
			delete(e.gathered, n)
		}
	}
	if e.groups[g.ID] == g {
		delete(e.groups, g.ID)
	}
}

// evict makes room: the incident that ended first goes.
func (e *Engine) evict() {
	for len(e.groups) > e.set.MaxIncidents {
		var oldest *group
		for _, g := range e.groups {
			if g.State == StateResolved && (oldest == nil || g.Resolved.Before(oldest.Resolved) || g.Resolved.Equal(oldest.Resolved) && g.ID < oldest.ID) {
				oldest = g
			}
		}
		if oldest == nil || oldest.urgent != "" {
			return // all hold; what comes further joins <other>
		}
		e.forget(oldest)
		e.stats.Evicted++
	}
}
