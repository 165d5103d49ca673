package change

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Stats are running totals of a Detector, except Patterns and Open.
type Stats struct {
	Patterns, Open        int
	Evictions, Suppressed uint64
}

// Detector watches the patterns of one service. It is not safe for concurrent
// use.
type Detector struct {
	opt       Options
	patterns  map[string]*pattern
	all       history // lines of the service
	service   pattern // what is open about the service as a whole
	clock     int64   // time of the newest line
	now       int64   // of the last call
	watching  int64   // since when lines were seen without a break
	resumed   int64   // time of the first line after the service was quiet as a whole
	arrived   int64   // when the last line was read
	began     int64   // time of the first line, zero before it
	restored  bool    // until the next call
	openCount int
	limit     limiter
	searched  int64 // when silence was looked for
	deploy    deploy
	compared  struct{ minute, n int64 } // new patterns with others
	waiting   []*pattern                // fresh, and may have replaced others
	pending   []Change
	stats     Stats
}

// NewDetector returns a Detector without history.
func NewDetector(opt Options) *Detector {
	return &Detector{opt: opt.withDefaults(), patterns: map[string]*pattern{}}
}

// Stats returns the totals.
func (d *Detector) Stats() Stats {
	s := d.stats
	s.Patterns, s.Open = len(d.patterns), d.openCount
	return s
}

func (d *Detector) learning(now int64) bool {
	return d.opt.Learning > 0 && now-d.began < int64(d.opt.Learning)
}

// Observe counts a line that is read at now. Changes come with the next Advance.
func (d *Detector) Observe(l Line, now time.Time) {
	ns := now.UnixNano()
	t := d.tick(l.Time.UnixNano(), ns)
	p := d.patterns[l.ID]
	if p == nil {
		p = d.add(l, t, ns)
	}
	if p.template != l.Template { // it is known better now
		p.rename(l.Template)
	}
	d.learnGap(p, t)
	p.number = l.Number
	p.total++
	p.since++
	p.last = max(p.last, t)
	if p.retired {
		if p.back++; p.back >= comeback {
			p.retired, p.back = false, 0
		}
	}
	recent := p.history.add(t, p.unordinary(d.watching))
	d.judgeSeverity(p, l, ns)
	if p.fresh {
		d.judgeNew(p, l.Text, ns)
	} else if r := p.open[New]; r != nil {
		r.above, r.dirty = max(r.above, t), p.total >= newLines
	}
	if r := p.open[Silence]; r != nil {
		p.pause = max(p.pause, t-r.start)
		d.resolve(p, Silence, ns)
	}
	if recent {
		d.judgeRate(p, l.Text, t, ns)
	}
	d.judgeShift(p, l.Text, t, ns)
}

// tick places a line in time: not after now, and now if it has no time.
func (d *Detector) tick(t, now int64) int64 {
	d.passed(now)
	if d.began == 0 || d.began > now {
		d.began = now
	}
	if t <= 0 || t > now {
		t = now
	}
	if d.watching == 0 {
		d.watching = t
	}
	if d.all.end == 0 {
		d.all = begin(t)
	}
	if d.clock != 0 && t-d.clock >= pauseOfService && d.all.quietness(d.clock, t, 1) >= pausedFor {
		d.resumed = t
	}
	d.clock = max(d.clock, t)
	d.serviceLine(t, now)
	return t
}

// passed sees to a clock that was set back: what was in the future is forgotten.
func (d *Detector) passed(now int64) {
	if d.restored {
		d.restored = false
		if now-d.now > minute { // nobody was watching
			d.watching, d.arrived = now, now
		}
	}
	if now < d.now-minute {
		d.clock = min(d.clock, now)
		for _, t := range [...]*int64{&d.watching, &d.resumed, &d.searched, &d.arrived} {
			*t = min(*t, now)
		}
		d.all.rewind(now)
		for _, p := range d.patterns {
			p.history.rewind(now)
			p.last, p.first, p.arrived = min(p.last, now), min(p.first, now), min(p.arrived, now)
		}
	}
	d.now = now
}

func (d *Detector) add(l Line, t, now int64) *pattern {
	if len(d.patterns) >= d.opt.MaxPatterns {
		d.evict()
	}
	p := &pattern{id: strings.Clone(l.ID), first: t, arrived: now, history: begin(t)}
	if p.fresh = !d.learning(now); p.fresh {
		p.isNew = true
		p.before, p.likeness = d.predecessor(l.Template, now)
	}
	d.patterns[p.id] = p
	return p
}

// rename gives p another template. What was known of its variables may be of
// others now.
func (p *pattern) rename(template string) {
	p.template = strings.Clone(template)
	p.shifts = nil
}

// evict forgets a sixteenth of the patterns, those not seen for longest.
func (d *Detector) evict() {
	old := make([]*pattern, 0, len(d.patterns))
	for _, p := range d.patterns {
		old = append(old, p)
	}
	slices.SortFunc(old, func(a, b *pattern) int {
		return cmp.Or(cmp.Compare(a.last, b.last), strings.Compare(a.id, b.id))
	})
	for _, p := range old[:max(1, len(old)/16)] {
		d.forget(p, p.last)
		d.stats.Evictions++
	}
}

// forget removes a pattern and resolves what is open about it.
func (d *Detector) forget(p *pattern, now int64) {
	for k := range p.open {
		if p.open[k] != nil {
			d.resolve(p, Kind(k), now)
		}
	}
	delete(d.patterns, p.id)
}

// Join tells that patterns were merged into the one with an id. What is known of
// them becomes part of it, and what is open about them is resolved.
func (d *Detector) Join(id string, merged ...string) {
	for _, old := range merged {
		p := d.patterns[old]
		if p == nil || old == id {
			continue
		}
		d.forget(p, d.now)
		into := d.patterns[id]
		if into == nil {
			p.id = strings.Clone(id)
			d.patterns[p.id] = p
			continue
		}
		into.join(p)
	}
}

func (p *pattern) join(q *pattern) {
	if q.last > p.last {
		p.number, p.last = q.number, q.last
	}
	p.first, p.arrived = min(p.first, q.first), min(p.arrived, q.arrived)
	p.total += q.total
	p.since += q.since
	p.levels.calm += q.levels.calm + uint64(q.levels.recentCalm)
	p.levels.bad += q.levels.bad + uint64(q.levels.recentBad)
	p.severity = max(p.severity, q.severity)
	p.fresh, p.isNew = p.fresh && q.fresh, p.isNew && q.isNew
	p.retired = p.retired && q.retired
	p.pause = max(p.pause, q.pause)
	p.looked, p.shifts = 0, nil
	p.history.join(&q.history)
}

// Advance tells that it is now and returns the changes since the last call,
// oldest first. Call it every few seconds.
func (d *Detector) Advance(now time.Time) []Change {
	ns := now.UnixNano()
	d.passed(ns)
	d.reviewDeploy(ns)
	if len(d.waiting) > 0 {
		d.reviewWaiting(ns)
	}
	if d.openCount > 0 {
		d.review(ns)
	}
	if !d.learning(ns) && d.began != 0 {
		if d.clock-d.searched >= bucket {
			d.searched = d.clock
			d.searchSilence(ns)
		}
		d.searchStop(ns)
	}
	d.reviewStorm(ns)
	out := d.pending
	d.pending = nil
	return out
}
