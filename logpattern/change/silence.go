package change

import (
	"math"
	"slices"
	"strings"
)

const (
	// gone is how unlikely a silence must be, in nats, of a pattern that comes once
	// in a quarter of an hour. It grows with the number of gaps, of which each is a
	// chance.
	gone = 10.5
	// goneService is the same for all patterns of a service at once.
	goneService = 18
	// A service that was quiet for pauseOfService, and that unlikely in nats, begins
	// anew: its patterns need not come at once.
	pauseOfService = 5 * minute
	pausedFor      = 8
	// longer is how much longer than the longest gap before a silence must be.
	longer = 1.3
	// countsAfter is how many lines a pattern must have had.
	countsAfter = 50
	// accepted is after how long a silence is what the pattern does.
	accepted = 24 * hour
)

// quietness is how unlikely it is, in nats, that a pattern is quiet from one time
// to another, if the service is as active as given. Zero says nothing, as of
// patterns that may well be quiet for an hour.
func (h *history) quietness(from, to int64, activity float64) float64 {
	low, high := h.band(to)
	if e := h.expected(to); high < 2*low { // one curve with some noise
		low = max(low, 0.9*e)
	}
	return low * activity / burstSize(h.clump()) * float64(to-from) / float64(minute)
}

// enough is the quietness that is a silence.
func (h *history) enough() float64 {
	perDay := h.mean() * 24 * 60
	return max(gone+math.Log(max(1, perDay/100)), longer*h.gap+1)
}

// learnGap remembers how quiet p was before its line at t.
func (d *Detector) learnGap(p *pattern, t int64) {
	h := &p.history
	from := max(p.last, d.watching, d.resumed)
	if t-from < bucket || h.age < 2*young || p.open[Silence] != nil || p.open[Flood] != nil || p.open[Spike] != nil {
		return
	}
	if _, ok := h.profile.at(t / hour); ok {
		h.gap = max(h.gap, h.quietness(from, t, d.activity(t)))
	}
}

// activity is how much of what is expected of the service came in the last ten
// minutes, at most all of it.
func (d *Detector) activity(t int64) float64 {
	if e := d.all.expected(t) * window / perMinute; e > 0 {
		return min(1, d.all.last(window)/e)
	}
	return 1
}

// searchSilence reports patterns that should have come by now. Time is that of
// the service's lines, so that a service that stopped altogether, or is read
// late, does not count.
func (d *Detector) searchSilence(now int64) {
	activity := d.activity(d.clock)
	var found []*pattern
	for _, p := range d.patterns {
		h := &p.history
		quiet := d.clock - max(p.last, d.watching, d.resumed)
		if quiet < 2*minute || p.retired || p.fresh || p.open[Silence] != nil || h.age < 6*young || p.total < countsAfter {
			continue
		}
		nats := h.quietness(d.clock-quiet, d.clock, activity)
		if enough := h.enough(); nats < enough || nats*float64(hour) < enough*float64(quiet) || quiet < 2*p.pause {
			continue // not steady: its silence says little within an hour
		}
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b *pattern) int { return strings.Compare(a.id, b.id) })
	for _, p := range found {
		if d.replaced(p) {
			p.retired = true
			continue
		}
		e := math.Round(p.history.expected(d.clock) * float64(d.clock-p.last) / float64(minute))
		d.open(p, Silence, &report{start: p.last, above: now, expected: e}, now)
	}
}

// searchStop reports a service that stopped logging. Time is the caller's: the
// lines of a service that stopped do not tell it.
func (d *Detector) searchStop(now int64) {
	h, p := &d.all, &d.service
	if d.arrived == 0 || p.open[Silence] != nil || h.age < 6*young {
		return
	}
	quiet := now - d.arrived
	if quiet < 5*minute || quiet < 2*p.pause {
		return
	}
	nats := h.quietness(now-quiet, now, 1)
	if nats < max(goneService, longer*h.gap+1) || nats*float64(hour) < goneService*float64(quiet) {
		return
	}
	e := math.Round(h.expected(now) * float64(quiet) / float64(minute))
	p.first, p.example = d.began, ""
	d.open(p, Silence, &report{start: d.arrived, above: now, expected: e}, now)
}

// serviceLine tells that the service logs.
func (d *Detector) serviceLine(t, now int64) {
	h := &d.all
	if d.arrived != 0 && now-d.arrived >= bucket {
		if r := d.service.open[Silence]; r != nil {
			d.service.pause = max(d.service.pause, now-r.start)
			d.resolve(&d.service, Silence, now)
		} else if _, ok := h.profile.at(now / hour); ok && h.age >= 2*young {
			h.gap = max(h.gap, h.quietness(d.arrived, now, 1))
		}
	}
	d.arrived = now
	h.add(t, unordinary{since: d.watching})
}
