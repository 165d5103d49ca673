package change

import "math"

const (
	// improbable is how surprising a flood or a spike must be, in nats: less than
	// 6e-6, in each of some thousand minutes a day.
	improbable = 12
	// fewLines is how many lines are never a flood or a spike.
	fewLines = 8
	// young is how many minutes of history a pattern needs to be judged by it.
	young = 60
	// settled is after how many minutes the mean of a young pattern means something.
	settled = 5
	// adopt is after how long what was a flood is what the pattern does.
	adopt = 6 * hour
	// smallBurst is how many lines within ten seconds count one by one, however
	// rare the pattern was.
	smallBurst = 4
)

// spans are the lengths of the windows that are compared with the history, in
// buckets.
var spans = [...]int64{2, 3, 4, 6, 9, 12, 18, 30, window}

// rateKinds are the kinds of changes that judgeRate reports.
var rateKinds = [...]Kind{Flood, Spike}

// judgeRate reports a pattern that is far above its history.
func (d *Detector) judgeRate(p *pattern, text string, t, now int64) {
	h := &p.history
	if h.end != p.looked {
		p.looked, p.recent, p.judged = h.end, h.last(perMinute), 0
	} else {
		p.recent++
	}
	x := p.recent
	if x < 1.25*p.judged {
		return // a moment ago
	}
	p.judged = x
	for _, k := range rateKinds {
		if r := p.open[k]; r != nil {
			if max(x, h.last(3*perMinute)/3) >= r.upper/2 {
				r.above = max(r.above, p.last)
			}
			if x > r.observed {
				r.observed, r.dirty = x, true
			}
			return
		}
	}
	if d.learning(now) {
		return
	}
	k, r := d.excess(p, t, x)
	if r == nil {
		return
	}
	r.above = p.last
	if p.fresh { // it need not wait any more
		p.waited = true
		d.judgeNew(p, text, now)
	}
	p.keep(text)
	d.open(p, k, r, now)
}

// excess compares the last minute, of x lines, and the windows up to ten minutes
// with the history.
func (d *Detector) excess(p *pattern, t int64, x float64) (Kind, *report) {
	h := &p.history
	if p.heir != 0 {
		p.reviewHeir(t)
	}
	if h.age < young || p.heir != 0 {
		return Flood, d.youngFlood(p, t, x)
	}
	if x >= max(float64(d.opt.FloodLines), 10*h.peak) { // whatever its bursts were like
		_, top := h.band(t)
		return rateKind(top), &report{start: (h.end - perMinute + 1) * bucket, observed: x, expected: h.expected(t), upper: max(float64(d.opt.FloodLines), d.opt.Ratio*top)}
	}
	if x < fewLines && h.last(min(window, h.end-p.told)) < fewLines {
		return 0, nil
	}
	most := max(smallBurst, h.burst)
	e, top, clump := h.mostExpected(t), 0.0, h.clump()
	_, top = h.band(t)
	n, b, active := 0.0, h.end, int64(0)
	for _, w := range spans {
		for ; b > max(h.end-w, p.told); b-- {
			if v := h.ring[b%window]; v > 0 {
				n += min(float64(v), most)
				active = b
			}
		}
		width := float64(w) / perMinute
		least := max(fewLines, d.opt.Ratio*top*width, 1.5*h.peak)
		if n < least || surprise(n, e*width, clump) < improbable {
			continue
		}
		upper := max(least, atLeast(improbable, e*width, clump)) / width
		return rateKind(top), &report{start: active * bucket, observed: max(x, n/width), expected: h.expected(t), upper: upper}
	}
	return 0, nil
}

func rateKind(top float64) Kind {
	if top*window/perMinute < 2 {
		return Flood
	}
	return Spike
}

// youngFlood judges a pattern that has no history yet. One that is new may pour
// in at once; one that was there when watching began is what the service does,
// and is compared with itself.
func (d *Detector) youngFlood(p *pattern, t int64, x float64) *report {
	before := float64(t-p.history.first)/float64(minute) - 1
	mean := max(0, p.history.seen-x) / max(before, 1)
	upper := max(float64(d.opt.FloodLines), 10*mean)
	if x < upper || !p.isNew && before < settled {
		return nil
	}
	return &report{start: max(p.history.first, (p.history.end-perMinute+1)*bucket), observed: x, expected: mean, upper: upper}
}

// mostExpected is lines per minute at t, and as many more as the hours that were
// seen leave open.
func (h *history) mostExpected(t int64) float64 {
	e := h.expected(t)
	hours := float64(max(1, h.profile.known[t/hour%24]))
	if h.profile.known[t/hour%24] == 0 {
		_, e = h.band(t)
		hours = max(1, h.age/60)
	}
	return e + (math.Sqrt(e*60*hours*h.clump())+1)/(60*hours)
}
