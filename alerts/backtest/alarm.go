package backtest

import "time"

// timing is how long a condition must hold, and how long an alarm stays after it.
type timing struct{ hold, keep time.Duration }

// flapWithin is how soon after its end an alarm that returns is the same trouble
// called twice.
const flapWithin = 30 * time.Minute

// track is what one way to set a rule does over all series.
type track struct {
	fires  timeline // where any series fires
	alarms int      // beginnings, of all series
	flaps  int      // of these, within flapWithin of an end
	steps  int      // series-steps in which an alarm holds
	open   int      // that hold at the end
}

// alarm follows one series as Prometheus does: pending while the condition holds, firing
// when it has held for `for`, over at the first evaluation without it, or, with
// keep_firing_for, at the first one that is as long after that.
type alarm struct {
	pending, firing bool
	since, last     int // first and last step at which the condition held
	fired, ended    int // step of the last alarm's beginning and end
	before          bool
}

// holds says that the condition holds at step i. Steps come in order; the condition does
// not hold at those left out.
func (a *alarm) holds(i int, t timing, g *Grid, tr *track) {
	if (a.pending || a.firing) && i > a.last+1 {
		a.gap(i, t, g, tr)
	}
	if !a.pending && !a.firing {
		a.pending, a.since = true, i
	}
	if a.pending && time.Duration(i-a.since)*g.Step >= t.hold {
		a.pending, a.firing, a.fired = false, true, i
		tr.alarms++
		if a.before && time.Duration(i-a.ended)*g.Step < flapWithin {
			tr.flaps++
		}
	}
	a.last = i
}

// gap applies the steps after the last one at which the condition held, up to i, at
// which it is not known yet.
func (a *alarm) gap(i int, t timing, g *Grid, tr *track) {
	a.pending = false
	if !a.firing {
		return
	}
	if end := a.last + 1 + int((t.keep+g.Step-1)/g.Step); end < i {
		a.end(end, tr)
	}
}

// end ends the alarm; end is the first step at which it does not fire.
func (a *alarm) end(end int, tr *track) {
	a.firing, a.before, a.ended = false, true, end
	tr.fires.mark(a.fired, end)
	tr.steps += end - a.fired
}

// finish says that the history ends.
func (a *alarm) finish(t timing, g *Grid, tr *track) {
	n := g.Len()
	if a.firing {
		a.gap(n, t, g, tr)
	}
	if a.firing {
		tr.open++
		a.end(n, tr)
	}
}
