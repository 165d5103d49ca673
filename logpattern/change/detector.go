package change

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxExample is how many bytes of a line a change carries.
const maxExample = 1024

// newLines is how many lines an ordinary new pattern must have to be reported: a
// line that comes once is not a change.
const newLines = 3

// known is how long a new pattern stays new.
const known = time.Hour

// pattern is what is known of one pattern.
type pattern struct {
	id       string
	template string
	example  string
	severity Severity
	first    int64 // Unix ns
	last     int64
	total    uint64
	fresh    bool // not reported yet, and not learned either
	history  history
	open     [kinds]*report
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
	openCount int
	began     int64 // time of the first line, zero before it
	newMinute int64
	newCount  int
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
	if d.began == 0 || d.began > ns {
		d.began = ns
	}
	t := l.Time.UnixNano()
	if t <= 0 || t > ns {
		t = ns
	}
	p := d.patterns[l.ID]
	if p == nil {
		p = d.add(l, t, ns)
	}
	if p.template != l.Template { // it is known better now
		p.template = strings.Clone(l.Template)
	}
	p.total++
	p.last = max(p.last, t)
	p.severity = max(p.severity, l.Severity)
	limit := 1e18
	if f := p.open[Flood]; f != nil {
		limit = f.upper
	}
	p.history.add(t, limit)
	if p.fresh {
		d.maybeNew(p, l, ns)
	} else if p.open[New] != nil {
		p.open[New].above = max(p.open[New].above, t)
		p.open[New].dirty = true
	}
	if p.history.window >= uint32(d.opt.FloodLines) {
		d.maybeFlood(p, l, ns)
	}
}

func (d *Detector) add(l Line, t, now int64) *pattern {
	if len(d.patterns) >= d.opt.MaxPatterns {
		d.evict()
	}
	p := &pattern{id: strings.Clone(l.ID), first: t}
	p.history.end, p.history.minute = t/bucket, t/minute
	p.fresh = !d.learning(now)
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
		if c := cmp.Compare(a.last, b.last); c != 0 {
			return c
		}
		return strings.Compare(a.id, b.id)
	})
	for _, p := range old[:max(1, len(old)/16)] {
		for k := range p.open {
			if p.open[k] != nil {
				d.resolve(p, Kind(k), p.last)
			}
		}
		delete(d.patterns, p.id)
		d.stats.Evictions++
	}
}

// maybeNew reports a new pattern: an error at its first line, anything else when
// it comes again.
func (d *Detector) maybeNew(p *pattern, l Line, now int64) {
	bad := p.severity >= Warn || p.severity == Unknown && Alarming(l.Text)
	if !bad && p.total < newLines {
		return
	}
	p.fresh = false
	if m := now / minute; m != d.newMinute {
		d.newMinute, d.newCount = m, 0
	}
	if d.newCount++; d.newCount > d.opt.MaxNew {
		d.stats.Suppressed++
		return
	}
	p.keep(l.Text)
	d.open(p, New, &report{start: p.first, above: p.last, observed: float64(p.total)}, now)
}

func (p *pattern) keep(text string) {
	if len(text) > maxExample {
		text = text[:maxExample]
	}
	p.example = strings.Clone(text)
}

// maybeFlood reports a pattern whose last minute is far above its history.
func (d *Detector) maybeFlood(p *pattern, l Line, now int64) {
	h := &p.history
	observed := float64(h.window)
	if f := p.open[Flood]; f != nil {
		if observed >= f.upper/2 {
			f.above = max(f.above, p.last)
		}
		if observed > f.observed {
			f.observed, f.dirty = observed, true
		}
		return
	}
	if d.learning(now) {
		return
	}
	upper := d.upper(h)
	if observed < upper {
		return
	}
	p.keep(l.Text)
	d.open(p, Flood, &report{start: h.since(), above: p.last, observed: observed, expected: h.mean, upper: upper}, now)
}

// upper is how many lines in a minute a pattern may have without a flood.
func (d *Detector) upper(h *history) float64 {
	return max(float64(d.opt.FloodLines), d.opt.FloodRatio*h.mean, 2*h.peak)
}

func (d *Detector) open(p *pattern, k Kind, r *report, now int64) {
	p.open[k] = r
	d.openCount++
	d.report(p, k, Open, now)
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
		History: time.Duration(now - p.first),
	}
	switch k {
	case New:
		c.Observed = float64(p.total)
		c.History = time.Duration(now - d.began)
		c.Score = 0.5
		if p.severity >= Warn || p.severity == Unknown {
			c.Score = 0.9
		}
	case Flood:
		c.Score = 1 - r.upper/(r.upper+r.observed) // a half at the threshold
	}
	d.pending = append(d.pending, c)
}

// Advance tells that it is now and returns the changes since the last call,
// oldest first. Call it every few seconds.
func (d *Detector) Advance(now time.Time) []Change {
	if d.openCount > 0 {
		d.review(now.UnixNano())
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
	if k == Flood && !r.updated {
		return min(firstUpdate, int64(d.opt.UpdateEvery))
	}
	return int64(d.opt.UpdateEvery)
}
