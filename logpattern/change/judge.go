package change

import (
	"math"
	"slices"
)

const (
	// improbable is how surprising a change must be, in nats: 3e-7 for each look,
	// and there are a million looks a day.
	improbable = 15
	// gone is the same for a silence.
	gone = 13
	// fewLines is how many lines are never a flood or a spike.
	fewLines = 10
	// newLines is how many lines an ordinary new pattern must have: a line that
	// comes once is not a change.
	newLines = 3
	// young is how many minutes of history a pattern needs to be judged by it.
	young = 60
	// unlimited is more than a minute can hold.
	unlimited = 1e18
)

// limit is what one minute may teach at most: what is being reported is not
// ordinary.
func (p *pattern) limit() float64 {
	for _, k := range [...]Kind{Flood, Spike} {
		if r := p.open[k]; r != nil {
			return r.upper
		}
	}
	return unlimited
}

// judgeNew reports a new pattern: an error at its first line, anything else when
// it comes again. What may have replaced another pattern waits a little for
// others that did so too.
func (d *Detector) judgeNew(p *pattern, text string, now int64) {
	if d.maybeReplaced(p, now) {
		if p.fresh && p.example == "" {
			p.keep(text)
			d.waiting = append(d.waiting, p)
		}
		return
	}
	if p.arrived < now-int64(known) { // it came once, or hardly ever
		p.fresh = false
		return
	}
	bad := p.severity == Error || p.severity == Unknown && Alarming(text)
	if !bad && p.total < newLines {
		return
	}
	p.fresh, p.before = false, nil
	if m := now / minute; m != d.newMinute {
		d.newMinute, d.newCount = m, 0
	}
	if d.newCount++; d.newCount > d.opt.MaxNew {
		d.stats.Suppressed++
		return
	}
	p.keep(text)
	d.open(p, New, &report{start: p.first, above: p.last, observed: float64(p.total)}, now)
}

// reviewWaiting judges the new patterns that waited for long enough.
func (d *Detector) reviewWaiting(now int64) {
	d.waiting = slices.DeleteFunc(d.waiting, func(p *pattern) bool {
		if d.patterns[p.id] != p || !p.fresh {
			return true
		}
		if now-p.arrived < patience && d.clock-p.first < patience {
			return false
		}
		p.waited = true
		d.judgeNew(p, p.example, now)
		return true
	})
}

// judgeSeverity reports a pattern that was harmless and is an error now.
func (d *Detector) judgeSeverity(p *pattern, l Line, now int64) {
	p.severity = max(p.severity, l.Severity)
	switch l.Severity {
	case Info:
		p.calm++
	case Error:
		p.bad++
		if r := p.open[SeverityFlip]; r != nil {
			r.above, r.observed, r.dirty = p.last, r.observed+1, true
		} else if p.bad == newLines && p.calm >= 50 && !d.learning(now) {
			p.keep(l.Text)
			d.open(p, SeverityFlip, &report{start: p.last, above: p.last, observed: newLines}, now)
		}
	}
}

// judgeRate reports a pattern that is far above its history.
func (d *Detector) judgeRate(p *pattern, l Line, t, now int64) {
	h := &p.history
	x := h.lastMinute()
	if h.fineEnd == p.bucket && x < 1.25*p.checked {
		return // judged a moment ago
	}
	p.bucket, p.checked = h.fineEnd, x
	for _, k := range [...]Kind{Flood, Spike} {
		if r := p.open[k]; r != nil {
			if max(x, h.last(3)/3) >= r.upper/2 {
				r.above = max(r.above, p.last)
			}
			if x > r.observed {
				r.observed, r.dirty = x, true
			}
			return
		}
	}
	if h.last(minutes) < fewLines || d.learning(now) {
		return
	}
	k, r := d.excess(h, t, x)
	if r == nil {
		return
	}
	r.above = p.last
	if p.fresh { // it need not wait any more
		p.waited = true
		d.judgeNew(p, l.Text, now)
	}
	p.keep(l.Text)
	d.open(p, k, r, now)
}

// excess compares the last one to ten minutes with the history.
func (d *Detector) excess(h *history, t int64, x float64) (Kind, *report) {
	if h.age < young {
		mean := h.mean()
		if upper := max(float64(d.opt.FloodLines), 10*mean); x >= upper {
			return Flood, &report{start: t - t%bucket, observed: x, expected: mean, upper: upper}
		}
		return 0, nil
	}
	_, top := h.band(t)
	clump := h.clump()
	for _, w := range [...]int{1, 2, 3, 5, minutes} {
		n, mean := x, top*float64(w)
		if w > 1 {
			n = h.last(w)
		}
		if n < max(fewLines, d.opt.Ratio*mean, 1.5*h.peak) || surprise(n, mean, clump) < improbable {
			continue
		}
		upper := max(fewLines, d.opt.Ratio*mean, 1.5*h.peak, atLeast(improbable, mean, clump)) / float64(w)
		r := &report{start: t - int64(w)*minute, observed: max(x, n/float64(w)), expected: h.expected(t), upper: upper}
		if top*minutes < 2 {
			return Flood, r
		}
		return Spike, r
	}
	return 0, nil
}

// searchSilence reports patterns that should have come by now. Time is that of
// the service's lines, so that a service that stopped altogether, or is read
// late, does not count.
func (d *Detector) searchSilence(now int64) {
	activity := 1.0
	if e := d.all.expected(d.clock) * minutes; e > 0 {
		activity = min(1, d.all.last(minutes)/e)
	}
	for _, p := range d.sorted() {
		h := &p.history
		quiet := d.clock - max(p.last, d.watching)
		if quiet < 2*minute || p.retired || p.fresh || p.open[Silence] != nil || h.age < 6*young || p.total < 50 {
			continue
		}
		low, _ := h.band(d.clock)
		pace := low * activity / float64(minute) / h.clump() // nats per ns
		if pace*float64(hour) < gone || pace*float64(quiet) < gone || quiet < 2*p.pause {
			continue // not steady: its silence says little within an hour
		}
		if d.replaced(p) {
			p.retired = true
			continue
		}
		e := math.Round(h.expected(d.clock) * float64(quiet) / float64(minute))
		d.open(p, Silence, &report{start: p.last, above: now, expected: e}, now)
	}
}
