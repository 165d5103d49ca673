package backtest

import "time"

// repeat is how often an alert that goes on pages again.
const repeat = 4 * time.Hour

// incident follows whether there is trouble, for one series. Times are Unix
// nanoseconds.
type incident struct {
	known, on  bool
	start, end int64 // of the last one
	n          int   // how many there were
}

// step takes whether the point at t is marked and says whether an incident began.
// Marks at most pad apart are one incident.
func (i *incident) step(t int64, marked bool, pad int64) (began bool) {
	i.on = marked
	if !marked {
		return false
	}
	began = i.n == 0 || t-i.end > pad
	if began {
		i.start = t
		i.n++
	}
	i.end = t
	return began
}

// near says whether t belongs to the last incident.
func (i *incident) near(t, pad int64) bool {
	return i.n > 0 && t >= i.start-pad && t <= i.end+pad
}

// alerter turns flags into alerts and judges their pages.
type alerter struct {
	since, last     int64 // first and last flag of the present run
	paged           int64
	started         int64
	pending         []int64 // pages that an incident may still justify
	firing, running bool
	caughtThis      bool
	tally           tally
}

// tally is what became of a rule.
type tally struct {
	alerts, pages, truePages, falsePages, caught int
	firing                                       int64 // nanoseconds
}

func (t *tally) add(o *tally) {
	t.alerts += o.alerts
	t.pages += o.pages
	t.truePages += o.truePages
	t.falsePages += o.falsePages
	t.caught += o.caught
	t.firing += o.firing
}

// idle says that the alerter has nothing to do for a point that is not flagged.
func (a *alerter) idle() bool { return !a.running && !a.firing && len(a.pending) == 0 }

// step takes a point; hold is how long flags must last, quiet how long
// their absence. ended says that an alert, which began at a.started, ended with this
// point.
func (a *alerter) step(t int64, flagged bool, hold, quiet int64, in *incident, began bool, pad int64) (ended bool) {
	if began {
		a.caughtThis = false
		for _, p := range a.pending {
			if p >= t-pad {
				a.justify()
			}
		}
		a.pending = a.pending[:0]
	}
	for len(a.pending) > 0 && a.pending[0] < t-pad {
		a.tally.falsePages++
		a.pending = append(a.pending[:0], a.pending[1:]...)
	}
	switch {
	case flagged:
		if !a.running {
			a.running, a.since = true, t
		}
		a.last = t
		if !a.firing && t-a.since >= hold {
			a.firing, a.started = true, t
			a.tally.alerts++
			a.page(t, in, pad)
		}
	case a.running:
		a.running = a.firing // a run that never fired is forgotten
		if a.firing && t-a.last >= quiet {
			a.tally.firing += a.last - a.started
			a.firing, a.running, ended = false, false, true
		}
	}
	if a.firing && t-a.paged >= int64(repeat) {
		a.page(t, in, pad)
	}
	return ended
}

func (a *alerter) page(t int64, in *incident, pad int64) {
	a.paged = t
	a.tally.pages++
	switch {
	case !in.known:
	case in.near(t, pad):
		a.justify()
	default:
		a.pending = append(a.pending, t)
	}
}

func (a *alerter) justify() {
	a.tally.truePages++
	if !a.caughtThis {
		a.caughtThis = true
		a.tally.caught++
	}
}

// finish ends what goes on at t. ended is as that of step.
func (a *alerter) finish() (ended bool) {
	a.tally.falsePages += len(a.pending)
	a.pending = nil
	if a.firing {
		a.tally.firing += a.last - a.started
		a.firing = false
		return true
	}
	return false
}
