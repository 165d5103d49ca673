package change

import (
	"slices"
	"strings"
	"time"
)

const (
	// renamed is the similarity of templates of which one may have replaced the
	// other.
	renamed = 0.6
	// alike is the similarity at which a part of a pattern's lines may have moved
	// to another.
	alike = 0.8
	// together is how many replacements within deployWindow are a deploy.
	together     = 3
	deployWindow = 30 * minute
	// patience is how long a pattern that may have replaced another waits for
	// others that did so too, and longPatience how long one that did so for all we
	// know, and is no bad news.
	patience     = 40 * int64(time.Second)
	longPatience = 3 * minute
	// ended is how unlikely, in nats, the quiet of a pattern must be for it to have
	// been replaced for all we know.
	ended = 2
	// overlap is how long old instances may go on beside new ones.
	overlap = 5 * bucket
)

// deploy is the last replacement of many patterns at once.
type deploy struct {
	start   int64 // zero: none yet
	subject *pattern
}

// sorted returns the patterns in the order of their ids.
func (d *Detector) sorted() []*pattern {
	list := make([]*pattern, 0, len(d.patterns))
	for _, p := range d.patterns {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pattern) int { return strings.Compare(a.id, b.id) })
	return list
}

// maxCompared is how many new patterns are compared with all others within a
// minute: more than a deploy brings, and less than a log without patterns, of
// which each line is new.
const maxCompared = 200

// predecessor finds the known pattern most similar to a template that is new at
// now, nil if there is none.
func (d *Detector) predecessor(template string, now int64) (*pattern, float64) {
	if m := now / minute; m != d.compared.minute {
		d.compared.minute, d.compared.n = m, 0
	}
	if d.compared.n++; d.compared.n > maxCompared {
		return nil, 0
	}
	var best *pattern
	score, likeness := 0.0, renamed
	recent := d.deploy.start != 0 && d.clock-d.deploy.start < 24*hour
	for _, p := range d.patterns {
		if p.fresh || p.retired || recent && p.first >= d.deploy.start {
			continue
		}
		s := similarity(template, p.template)
		if s < renamed {
			continue
		}
		rank := s
		if recent && p.last < d.deploy.start+overlap {
			rank += 0.2 // it is waited for
		}
		if rank > score || rank == score && (p.history.seen > best.history.seen || p.history.seen == best.history.seen && p.id < best.id) {
			best, score, likeness = p, rank, s
		}
	}
	return best, likeness
}

// surely reports whether p replaced its predecessor for all we know.
func (d *Detector) surely(p *pattern) bool {
	return p.stopped() && p.likeness >= alike && p.before.history.quietness(p.before.last, d.clock, 1) >= ended
}

// stopped reports whether the predecessor of p ended when p began.
func (p *pattern) stopped() bool {
	return p.before != nil && p.before.last < p.first+overlap
}

// maybeReplaced reports whether p is not to be reported as new: it belongs to a
// deploy, or may do so.
func (d *Detector) maybeReplaced(p *pattern, now int64) bool {
	recent := d.deploy.start != 0 && p.first-d.deploy.start < deployWindow
	if !p.stopped() {
		if p.before == nil || p.likeness < alike {
			return false
		}
		if recent {
			d.replace(p, now)
			return true
		}
		return !p.waited
	}
	if d.deploy.start != 0 && p.before.last < d.deploy.start+overlap {
		d.replace(p, now)
		return true
	}
	var others []*pattern
	for _, q := range d.patterns {
		if q.fresh && q.stopped() && p.first-q.first < deployWindow {
			others = append(others, q)
		}
	}
	few := func(q *pattern) bool { return q.likeness < alike }
	if len(others) >= together || len(others) == together-1 && !slices.ContainsFunc(others, few) && slices.ContainsFunc(others, d.surely) {
		d.startDeploy(others, now)
		return true
	}
	return !p.waited
}

func (d *Detector) startDeploy(patterns []*pattern, now int64) {
	slices.SortFunc(patterns, func(a, b *pattern) int { return strings.Compare(a.id, b.id) })
	start := patterns[0].first
	for _, q := range patterns {
		start = min(start, q.first)
	}
	if s := d.deploy.subject; s != nil && s.open[Deploy] != nil {
		d.resolve(s, Deploy, now)
	}
	d.deploy = deploy{start: start, subject: &pattern{template: patterns[0].template, first: start}}
	for _, p := range d.patterns {
		p.since, p.shifts = 0, nil // what it writes now may be something else
	}
	d.deploy.subject.example = patterns[0].example
	d.open(d.deploy.subject, Deploy, &report{start: start, above: now, observed: float64(len(patterns))}, now)
	d.deploy.subject.open[Deploy].observed = 0 // each replacement counts below
	for _, q := range patterns {
		d.replace(q, now)
	}
}

// replace lets p go on with the history of its predecessor, if that stopped.
func (d *Detector) replace(p *pattern, now int64) {
	if p.stopped() {
		h := p.before.history
		h.profile = h.profile.clone()
		h.ring, h.end, h.done = p.history.ring, p.history.end, p.history.done
		h.hourly, h.minutes = p.history.hourly, p.history.minutes
		p.history, p.isNew, p.heir = h, false, now
		p.before.retired = true
	}
	p.before, p.fresh, p.example = nil, false, ""
	if s := d.deploy.subject; s != nil {
		if r := s.open[Deploy]; r != nil {
			r.observed++
			r.above, r.dirty = now, true
		}
	}
}

// reviewHeir looks whether p, an hour after it took the history of another over,
// does what that did. If it does not, it has a history of its own.
func (p *pattern) reviewHeir(now int64) {
	if p.heir == 0 || now-p.heir < hour {
		return
	}
	own := p.history.last(window) / (window / perMinute)
	if e := p.history.expected(now); own > 3*e+1 || own < e/3-1 {
		h := begin(p.history.end * bucket)
		h.ring, h.done = p.history.ring, p.history.done
		p.history = h
	}
	p.heir = 0
}

// reviewDeploy resolves a deploy when nothing was replaced for its window.
func (d *Detector) reviewDeploy(now int64) {
	s := d.deploy.subject
	if s == nil || s.open[Deploy] == nil {
		return
	}
	if now-s.open[Deploy].above >= deployWindow {
		d.resolve(s, Deploy, now)
		d.deploy.subject = nil
	}
}

// replaced reports whether the silence of p has an explanation: a pattern that
// covers it took its lines, a similar one began when it ended, or it ended with
// a deploy.
func (d *Detector) replaced(p *pattern) bool {
	if s := d.deploy.start; s != 0 && p.last < s+overlap {
		low, _ := p.history.band(s)
		if low*float64(s-p.last)/float64(minute)/p.history.clump() < gone/2 {
			return true
		}
	}
	if s := d.deploy.start; s != 0 && d.clock-s < 24*hour {
		// A deploy may have taken a part of its lines.
		low, high := p.history.band(d.clock)
		if float64(p.since) < (low+high)/4*float64(p.last-s)/float64(minute) {
			return true
		}
	}
	for _, q := range d.patterns {
		if q == p || q.last < p.last {
			continue
		}
		if covers(q.template, p.template) || q.first > p.last-overlap && similarity(q.template, p.template) >= renamed {
			return true
		}
	}
	return false
}
