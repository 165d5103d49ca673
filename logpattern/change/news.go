package change

import "slices"

const (
	// newLines is how many lines an ordinary new pattern must have: a line that
	// comes once is not a change.
	newLines = 3
	// known is how long a new pattern stays new.
	known = hour
)

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
	if p.arrived < now-known { // it came once, or hardly ever
		p.fresh = false
		return
	}
	if p.total < newLines && !p.alarming(text) {
		return
	}
	p.fresh, p.before = false, nil
	p.keep(text)
	d.open(p, New, &report{start: p.first, above: p.last, observed: float64(p.total)}, now)
}

func (p *pattern) alarming(text string) bool {
	return p.severity == Error || p.severity == Unknown && Alarming(text)
}

// reviewWaiting judges the new patterns that waited for long enough.
func (d *Detector) reviewWaiting(now int64) {
	d.waiting = slices.DeleteFunc(d.waiting, func(p *pattern) bool {
		if d.patterns[p.id] != p || !p.fresh {
			return true
		}
		wait := patience
		if !p.alarming(p.example) && d.surely(p) {
			wait = longPatience
		}
		if now-p.arrived < wait && d.clock-p.first < wait {
			return false
		}
		p.waited = true
		d.judgeNew(p, p.example, now)
		return true
	})
}
