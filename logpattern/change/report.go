package change

import (
	"slices"
	"strings"
	"time"
)

func (d *Detector) open(p *pattern, k Kind, r *report, now int64) {
	p.open[k] = r
	d.openCount++
	if r.muted = !d.allow(p, k, now); r.muted {
		return
	}
	d.report(p, k, Open, now)
	if k == Flood && p.open[New] != nil { // one trouble is told of once
		d.resolve(p, New, now)
	}
}

func (d *Detector) resolve(p *pattern, k Kind, now int64) {
	d.report(p, k, Resolved, now)
	p.open[k] = nil
	d.openCount--
	if k == Flood || k == Spike {
		p.told = p.history.end
	}
	if !p.busy() {
		p.example = ""
	}
}

// newScores let new errors come first.
var newScores = [...]float64{Unknown: 0.8, Info: 0.5, Warn: 0.7, Error: 0.97}

func (d *Detector) report(p *pattern, k Kind, s State, now int64) {
	r := p.open[k]
	r.sent, r.dirty = now, false
	if r.muted {
		return
	}
	c := Change{
		Kind: k, State: s, ID: p.id, Template: p.template, Example: p.example, Severity: p.severity, Number: p.number,
		Start: time.Unix(0, r.start), Time: time.Unix(0, now),
		Observed: r.observed, Expected: r.expected, Upper: r.upper, Position: r.position, Value: r.value,
		History: time.Duration(max(0, now-p.first)), Score: 0.9,
	}
	switch k {
	case New:
		r.observed = float64(p.total)
		c.Observed = r.observed
		c.History = time.Duration(now - d.began)
		c.Score = newScores[p.severity]
	case Flood, Spike:
		c.Score = 1 - r.upper/(r.upper+r.observed) // a half at the threshold
	case Deploy:
		c.History = time.Duration(now - d.began)
		c.Score = 0.5
	case Storm:
		c.LeftOut = d.limit.names()
	}
	d.pending = append(d.pending, c)
}

// review updates and resolves what is open, in the order of ids.
func (d *Detector) review(now int64) {
	list := make([]*pattern, 0, d.openCount)
	for _, p := range d.patterns {
		if p.busy() {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *pattern) int { return strings.Compare(a.id, b.id) })
	for _, p := range list {
		for k, r := range p.open {
			if r != nil {
				d.reviewOne(p, Kind(k), r, now)
			}
		}
	}
}

func (d *Detector) reviewOne(p *pattern, k Kind, r *report, now int64) {
	age := now - r.start
	switch over := now-r.above >= int64(d.opt.ResolveAfter); {
	case k == Silence: // until it is back, or forgotten
		if age >= accepted {
			p.retired = true
			d.resolve(p, Silence, now)
		}
	case over, k == New && age >= known:
		d.resolve(p, k, now)
	case (k == Flood || k == Spike) && age >= adopt:
		d.resolve(p, k, now)
		p.isNew = false
		p.history, p.looked = begin(d.clock), 0
	case r.dirty && now-r.sent >= d.updateAfter(p, k, r):
		r.updated = true
		d.report(p, k, Updated, now)
	}
}

// firstUpdate is when a flood is told of again: by then its height is known.
const firstUpdate = int64(15 * time.Second)

func (d *Detector) updateAfter(p *pattern, k Kind, r *report) int64 {
	if (k == Flood || k == Spike) && !r.updated {
		return min(firstUpdate, int64(d.opt.UpdateEvery))
	}
	if k == New && newWeight(p.severity, float64(p.total)) > newWeight(p.severity, r.observed) {
		return minute / 12 // it weighs more now
	}
	return int64(d.opt.UpdateEvery)
}
