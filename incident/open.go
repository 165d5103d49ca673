package incident

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// settle turns clusters into incidents: what hangs together with one that was told
// joins it, told ones that turn out to be one are merged, and what says enough opens.
func (e *Engine) settle(now time.Time) {
	for _, c := range e.cluster() {
		top := c[0].top()
		switch {
		case top.live():
			for _, x := range c {
				switch {
				case x == top:
				case x.live():
					e.merge(top.group, x.group, now)
				default:
					e.take(top.group, x.group, now)
				}
			}
		case e.due(c, now):
			e.open(c, now)
		}
	}
}

// due says whether a cluster is an incident: it says enough, and had time to gather
// since it does.
func (e *Engine) due(c []*element, now time.Time) bool {
	since, enough := e.enoughSince(c, now)
	return enough && now.Sub(since) >= e.set.Settle
}

// enoughSince adds up what a cluster says, each kind of trouble of a place once, in the
// order in which it came. Traffic says little however much there is of it, and a
// resource that is used more because there is more to do is no trouble.
func (e *Engine) enoughSince(c []*element, now time.Time) (since time.Time, enough bool) {
	type part struct {
		node         Node
		kind, signal string
	}
	var members []*Member
	for _, x := range c {
		for _, m := range x.members {
			if m.Ended.IsZero() || m.Returns > 0 {
				members = append(members, m)
			}
		}
	}
	slices.SortFunc(members, func(a, b *Member) int { return cmp.Or(a.Joined.Compare(b.Joined), strings.Compare(a.ID, b.ID)) })
	parts := map[part]float64{}
	trouble, saturation, traffic := 0.0, 0.0, 0.0
	for _, m := range members {
		p := part{m.Node, m.Kind, m.Signal}
		more := max(0, e.weightOf(m, now)-parts[p])
		parts[p] += more
		switch p.signal {
		case SignalTraffic, SignalChange:
			traffic = max(traffic, parts[p])
		case SignalSaturation:
			saturation += more
		default:
			trouble += more
		}
		counted := saturation
		if trouble == 0 && traffic > 0 {
			counted = min(counted, 0.5)
		}
		if trouble+counted+traffic >= 1 {
			if !enough {
				since = m.Joined
			}
			enough = true
		} else {
			enough = false
		}
	}
	return since, enough
}

// weightOf is the weight of a finding that may have lasted long enough to count alone.
func (e *Engine) weightOf(m *Member, now time.Time) float64 {
	w := m.weight()
	if w >= 0.5 && now.Sub(m.Start) >= e.set.Persist && now.Sub(m.Joined) >= e.set.Persist/2 {
		return max(w, 1)
	}
	return w
}

// open makes a cluster an incident. Beyond the limit all go to one.
func (e *Engine) open(c []*element, now time.Time) {
	live := 0
	for _, g := range e.groups {
		if g.live() {
			live++
			if live >= e.set.MaxIncidents {
				e.overflow(c, now)
				return
			}
		}
	}
	g := c[0].top().group
	for _, x := range c {
		if x.group != g {
			e.take(g, x.group, now)
		}
	}
	for n, o := range e.gathered {
		if o == g {
			delete(e.gathered, n)
		}
	}
	first := slices.MinFunc(slices.Collect(maps.Values(g.members)), func(a, b *Member) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID))
	})
	g.ID = incidentID(&first.Finding)
	for e.groups[g.ID] != nil { // the same finding with the same start, after the first was over
		g.ID = fmt.Sprintf("%016x", xxhash.Sum64String(g.ID))
	}
	e.groups[g.ID] = g
	g.State, g.Opened, g.urgent, g.dirty = StateOpen, now, ChangeOpened, true
	g.note(now, ChangeOpened, "", "")
	e.stats.Opened++
}

// overflow puts clusters that have no room into the incident <other>.
func (e *Engine) overflow(c []*element, now time.Time) {
	var other *group
	for _, g := range e.groups {
		if g.live() && g.Cause == Node("entity:"+Other) {
			other = g
		}
	}
	if other == nil {
		other = c[0].group
		for n, o := range e.gathered {
			if o == other {
				delete(e.gathered, n)
			}
		}
		other.Cause, other.CauseBy = Node("entity:"+Other), Other
		other.State, other.Opened, other.urgent, other.dirty = StateOpen, now, ChangeOpened, true
		e.groups[other.ID] = other
		e.stats.Opened++
	}
	for _, x := range c {
		if x.group != other {
			e.stats.Overflowed += uint64(len(x.members))
			e.take(other, x.group, now)
		}
	}
}

// take moves what was gathered into an incident.
func (e *Engine) take(g, from *group, now time.Time) {
	members := from.sorted()
	e.forget(from)
	for _, m := range members {
		e.join(g, m, now)
	}
	g.storm = g.storm || from.storm
}

// merge ends an incident that turned out to be part of an older one.
func (e *Engine) merge(g, from *group, now time.Time) {
	for _, m := range from.sorted() {
		copied := *m
		e.join(g, &copied, now)
	}
	g.storm = g.storm || from.storm
	from.MergedInto = g.ID
	e.end(from, now, ResolutionMerged, "", "It is part of "+g.ID+".")
	from.urgent = ChangeMerged
	from.History[len(from.History)-1].What = ChangeMerged
	e.stats.Resolved--
	e.stats.Merged++
}
