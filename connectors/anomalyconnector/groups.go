package anomalyconnector

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/signals"
)

// maxOthers is how many other series a finding names.
const maxOthers = 10

// group is one finding: the series that leads it and those of the same resource that
// became anomalous at the same moment. It is told of when its leader has a point.
type group struct {
	resource   uint64            // hash
	start      pcommon.Timestamp // of the leader's anomaly
	openedAt   pcommon.Timestamp // when it was told
	notifiedAt pcommon.Timestamp // when it was told last; zero is due
	open       int               // series that are still anomalous
	others     int
	names      []string // of the first others
	changed    bool     // others joined since it was told last
}

// opening is a series that has just become anomalous.
type opening struct {
	series  *series
	subject subject
	time    pcommon.Timestamp
	value   float64
	verdict anomaly.Verdict
}

// report follows the state of a series: it opens findings, at the end of the batch,
// and tells of those that the series leads.
func (b *batch) report(s *series, t pcommon.Timestamp, v float64, verdict *anomaly.Verdict) {
	w := b.watcher
	anomalous := verdict.State == anomaly.Anomalous
	led := w.groups[s.id]
	switch {
	case anomalous && s.openedAt == 0:
		s.openedAt = pcommon.NewTimestampFromTime(s.detector.Since())
		if led == nil {
			b.openings = append(b.openings, opening{s, b.subject, t, v, *verdict})
			return
		}
		s.leader = s.id
		led.open++
	case !anomalous && s.openedAt != 0:
		if g := w.groups[s.leader]; g != nil {
			g.open--
		}
		s.openedAt, s.leader = 0, 0
	}
	if led == nil {
		return
	}
	switch {
	case led.open == 0:
		w.endGroup(s.id, led)
		b.tell(s, led, signals.StateResolved, t, v, verdict)
	case led.changed || due(led.notifiedAt, t, w.cfg.UpdateInterval):
		b.tell(s, led, signals.StateUpdated, t, v, verdict)
	}
}

// open turns what became anomalous in this batch into findings: series join the one
// that was opened a moment ago, else the most surprising leads a new one.
func (b *batch) open() {
	w := b.watcher
	for len(b.openings) > 0 {
		g := w.groups[w.latest[b.resourceHash]]
		if g != nil && w.together(g, b.openings[0].time) {
			for _, o := range b.openings {
				g.join(w.latest[b.resourceHash], &o)
			}
			break
		}
		best := 0
		for i, o := range b.openings {
			if o.verdict.Surprise > b.openings[best].verdict.Surprise {
				best = i
			}
		}
		lead := b.openings[best]
		b.openings = append(b.openings[:best], b.openings[best+1:]...)
		g = &group{resource: b.resourceHash, start: lead.series.openedAt, openedAt: lead.time, open: 1}
		lead.series.leader = lead.series.id
		w.groups[lead.series.id], w.latest[b.resourceHash] = g, lead.series.id
		for len(b.openings) > 0 && w.together(g, b.openings[0].time) {
			g.join(lead.series.id, &b.openings[0])
			b.openings = b.openings[1:]
		}
		b.subject = lead.subject
		b.tell(lead.series, g, signals.StateOpen, lead.time, lead.value, &lead.verdict)
	}
	b.openings = b.openings[:0]
}

// together says whether t is the same moment as that of the group.
func (w *watcher) together(g *group, t pcommon.Timestamp) bool {
	d := time.Duration(int64(t) - int64(g.openedAt))
	return max(d, -d) < w.cfg.GroupWindow
}

func (g *group) join(leader seriesID, o *opening) {
	o.series.leader = leader
	g.open++
	g.others++
	g.changed = true
	if len(g.names) < maxOthers {
		g.names = append(g.names, o.subject.label())
	}
}

// list names the others.
func (g *group) list() string {
	text := strings.Join(g.names, ", ")
	if more := g.others - len(g.names); more > 0 && text != "" {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// endGroup forgets a group.
func (w *watcher) endGroup(leader seriesID, g *group) {
	delete(w.groups, leader)
	if w.latest[g.resource] == leader {
		delete(w.latest, g.resource)
	}
}

// leave takes a series that is forgotten out of its group. Without its leader a finding
// has no one to tell of it any more.
func (w *watcher) leave(s *series) {
	if g := w.groups[s.leader]; g != nil && s.openedAt != 0 {
		g.open--
	}
	if g := w.groups[s.id]; g != nil {
		w.endGroup(s.id, g)
	}
}

// regroup makes the groups of restored series. Names are known again when series have
// points; those of others are not kept.
func (w *watcher) regroup() {
	for id, s := range w.series {
		if s.openedAt == 0 {
			continue
		}
		if _, ok := w.series[s.leader]; !ok {
			s.leader = id
		}
		g := w.groups[s.leader]
		if g == nil {
			lead := w.series[s.leader]
			g = &group{start: max(lead.openedAt, s.openedAt), openedAt: max(lead.openedAt, s.openedAt)}
			w.groups[s.leader] = g
		}
		g.open++
		if s.leader != id {
			g.others++
		}
	}
}
