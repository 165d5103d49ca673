package change

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxExample is how many bytes of a line a change carries.
const maxExample = 1024

// comeback is how many lines a pattern needs to count again after another took
// its place: one instance of the old version says little.
const comeback = 20

// known is how long a new pattern stays new.
const known = time.Hour

// pattern is what is known of one pattern.
type pattern struct {
	id       string
	template string
	example  string
	severity Severity // the worst
	first    int64    // Unix ns
	arrived  int64    // when the first line was read
	last     int64
	total    uint64
	calm     uint64 // lines of Info
	bad      uint64 // lines of Error
	fresh    bool   // not reported yet, and not learned either
	retired  bool   // another pattern took its place
	pause    int64  // the longest silence after which it came back
	history  history
	open     [kinds]*report

	// The pattern that a fresh one may replace.
	before   *pattern
	likeness float64
	waited   bool    // for others that replaced a pattern
	since    uint64  // lines since the last deploy
	back     int     // lines since it was retired
	checked  float64 // lines in the minute when last judged
	bucket   int64   // and the number of its bucket
}

// report is an open change.
type report struct {
	start, sent int64
	above       int64 // last time at which the condition held
	observed    float64
	expected    float64
	upper       float64
	dirty       bool
	updated     bool
}

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
	clock     int64   // time of the newest line
	watching  int64   // since when lines were seen without a break
	began     int64   // time of the first line, zero before it
	openCount int
	newMinute int64
	newCount  int
	searched  int64 // when silence was looked for
	deploy    deploy
	waiting   []*pattern // fresh, and may have replaced others
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
		p.template = strings.Clone(l.Template)
	}
	p.total++
	p.since++
	p.last = max(p.last, t)
	if p.retired {
		if p.back++; p.back >= comeback {
			p.retired, p.back = false, 0
		}
	}
	p.history.add(t, p.limit())
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
	d.judgeRate(p, l, t, ns)
}

// tick places a line in time: not after now, and now if it has no time.
func (d *Detector) tick(t, now int64) int64 {
	if d.began == 0 || d.began > now {
		d.began = now
	}
	if t <= 0 || t > now {
		t = now
	}
	if d.watching == 0 {
		d.watching = t
		if d.all.end == 0 {
			d.all = begin(t)
		}
	}
	d.clock = max(d.clock, t)
	d.all.add(t, unlimited)
	return t
}

func (d *Detector) add(l Line, t, now int64) *pattern {
	if len(d.patterns) >= d.opt.MaxPatterns {
		d.evict()
	}
	p := &pattern{id: strings.Clone(l.ID), first: t, arrived: now, history: begin(t)}
	if p.fresh = !d.learning(now); p.fresh {
		p.before, p.likeness = d.predecessor(l.Template)
	}
	d.patterns[p.id] = p
	return p
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

func (p *pattern) keep(text string) {
	if len(text) > maxExample {
		text = text[:maxExample]
	}
	p.example = strings.Clone(text)
}

func (d *Detector) open(p *pattern, k Kind, r *report, now int64) {
	p.open[k] = r
	d.openCount++
	d.report(p, k, Open, now)
	if k == Flood && p.open[New] != nil { // one trouble is told of once
		d.resolve(p, New, now)
	}
}

func (d *Detector) resolve(p *pattern, k Kind, now int64) {
	d.report(p, k, Resolved, now)
	p.open[k] = nil
	d.openCount--
	if p.open == ([kinds]*report{}) {
		p.example = ""
	}
}

func (d *Detector) report(p *pattern, k Kind, s State, now int64) {
	r := p.open[k]
	r.sent, r.dirty = now, false
	c := Change{
		Kind: k, State: s, ID: p.id, Template: p.template, Example: p.example, Severity: p.severity,
		Start: time.Unix(0, r.start), Time: time.Unix(0, now),
		Observed: r.observed, Expected: r.expected, Upper: r.upper,
		History: time.Duration(now - p.first), Score: 0.9,
	}
	switch k {
	case New:
		c.Observed = float64(p.total)
		c.History = time.Duration(now - d.began)
		if p.severity == Info {
			c.Score = 0.5
		}
	case Flood, Spike:
		c.Score = 1 - r.upper/(r.upper+r.observed) // a half at the threshold
	case Deploy:
		c.History = time.Duration(now - d.began)
		c.Score = 0.5
	}
	d.pending = append(d.pending, c)
}

// Advance tells that it is now and returns the changes since the last call,
// oldest first. Call it every few seconds.
func (d *Detector) Advance(now time.Time) []Change {
	ns := now.UnixNano()
	d.reviewDeploy(ns)
	if len(d.waiting) > 0 {
		d.reviewWaiting(ns)
	}
	if d.openCount > 0 {
		d.review(ns)
	}
	if d.clock-d.searched >= bucket && !d.learning(ns) {
		d.searched = d.clock
		d.searchSilence(ns)
	}
	out := d.pending
	d.pending = nil
	return out
}

// review updates and resolves what is open, in the order of ids.
func (d *Detector) review(now int64) {
	list := make([]*pattern, 0, d.openCount)
	for _, p := range d.patterns {
		if p.open != ([kinds]*report{}) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *pattern) int { return strings.Compare(a.id, b.id) })
	for _, p := range list {
		for k, r := range p.open {
			if r == nil {
				continue
			}
			switch over := now-r.above >= int64(d.opt.ResolveAfter); {
			case Kind(k) == Silence: // until it is back, or forgotten
				if now-r.start >= 24*hour {
					p.retired = true
					d.resolve(p, Silence, now)
				}
			case over, Kind(k) == New && now-r.start >= int64(known):
				d.resolve(p, Kind(k), now)
			case r.dirty && now-r.sent >= d.updateAfter(Kind(k), r):
				r.updated = true
				d.report(p, Kind(k), Updated, now)
			}
		}
	}
}

// firstUpdate is when a flood is told of again: by then its height is known.
const firstUpdate = int64(15 * time.Second)

func (d *Detector) updateAfter(k Kind, r *report) int64 {
	if (k == Flood || k == Spike) && !r.updated {
		return min(firstUpdate, int64(d.opt.UpdateEvery))
	}
	if k == New && !r.updated && r.observed < newLines {
		return minute / 12 // it came again
	}
	return int64(d.opt.UpdateEvery)
}
