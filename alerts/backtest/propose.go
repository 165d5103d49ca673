package backtest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/alerts"
)

// What may be done with a rule.
const (
	ActionKeep    = "keep"    // as it is
	ActionTune    = "tune"    // with another threshold or time
	ActionReplace = "replace" // by the learned band of its value
	ActionClose   = "close"   // nobody misses it
	ActionLook    = "look"    // the history gave no answer
)

// Proposal is what to do with a rule, and why, in words.
type Proposal struct {
	Action string `json:"action"`
	Reason string `json:"reason"`
	// What to change, for ActionTune; empty is as it is.
	Expr          string `json:"expr,omitempty"`
	For           string `json:"for,omitempty"`
	KeepFiringFor string `json:"keep_firing_for,omitempty"`
	// Calls are how many there would have been.
	Calls int `json:"calls"`
}

// propose decides for one rule.
func (r *Run) propose(out *Outcome, trial *Run, familiar bool) Proposal {
	switch {
	case out.Calls == 0:
		return r.silent(out, familiar)
	case r.tooMuch(0):
		return r.loud(out, trial)
	}
	keep := Proposal{Action: ActionKeep, Calls: out.Calls, Reason: fmt.Sprintf("it called %s, %s; %s is allowed", times(out.Calls), perWeek(out.CallsPerWeek), perWeek(r.o.CallsPerWeek))}
	if k := out.Known; k != nil && k.Incidents > 0 && k.Found < k.Incidents {
		if b := out.Band; b != nil && b.Known != nil && r.bandFindsMore(b) {
			return Proposal{Action: ActionReplace, Calls: b.Calls, Reason: fmt.Sprintf("it found %d of %d incidents; since the band has learned, the band found %d of %d with %s", k.Found, k.Incidents, b.Known.Found, b.Known.Incidents, perWeek(b.CallsPerWeek))}
		}
	}
	if out.Flaps >= 3 && 2*out.Flaps >= out.Alarms {
		if p, ok := r.calmer(out); ok {
			return p
		}
	}
	if out.Known != nil && out.Known.Precision != nil && out.Known.Incidents > 0 {
		keep.Reason += fmt.Sprintf("; %d of its %d calls were during known incidents", out.Known.True, out.Known.Calls)
	}
	return keep
}

// bandFindsMore says whether the band found more incidents than the rule, in the same
// time, and calls no more often than a rule may.
func (r *Run) bandFindsMore(b *Band) bool {
	own := r.agree(r.calls(0, r.learned), r.learned)
	return b.Known.Found > own.Found && b.CallsPerWeek <= r.o.CallsPerWeek
}

// silent is for a rule that never called.
func (r *Run) silent(out *Outcome, familiar bool) Proposal {
	days := r.o.End.Sub(r.o.Start).Hours() / 24
	switch {
	case len(out.Missing) > 0 && !r.rule.Absence && len(r.series) == 0 && familiar:
		return Proposal{Action: ActionLook, Reason: fmt.Sprintf("%s in these %s, but others of the kind: either nothing of it happened yet (counters of errors often begin with the first one), or the name is wrong",
			notThere(out.Missing), plural(days, "day"))}
	case len(out.Missing) > 0 && !r.rule.Absence && len(r.series) == 0:
		return Proposal{Action: ActionClose, Reason: fmt.Sprintf("it cannot fire: %s in these %s. Close it, or find out why %s not arrive",
			notThere(out.Missing), plural(days, "day"), doesNot(len(out.Missing)))}
	case out.Band != nil && out.Band.Known != nil && out.Known.Found < out.Known.Incidents && r.bandFindsMore(out.Band):
		return Proposal{Action: ActionReplace, Calls: out.Band.Calls, Reason: fmt.Sprintf("it found none of %d incidents, and the learned band %d of %d with %s", out.Known.Incidents, out.Band.Known.Found, out.Band.Known.Incidents, perWeek(out.Band.CallsPerWeek))}
	}
	p := Proposal{Action: ActionKeep, Reason: "it never called in " + plural(days, "day")}
	switch {
	case out.Nearest != nil && r.threshold.Holds(out.Nearest.Value, r.threshold.Bound):
		p.Reason += fmt.Sprintf("; its value went to %s on %s, beyond %s, but not for %s", number(out.Nearest.Value), out.Nearest.Time.Format("2 Jan 15:04"), number(r.threshold.Bound), duration(r.rule.For))
	case out.Nearest != nil:
		p.Reason += fmt.Sprintf("; the nearest was %s on %s, and the threshold is %s", number(out.Nearest.Value), out.Nearest.Time.Format("2 Jan 15:04"), number(r.threshold.Bound))
	case len(out.Missing) > 0 && !r.rule.Absence:
		p.Reason += "; " + notThere(out.Missing)
	default:
		p.Reason += ": its condition never held long enough"
		if len(r.series) == 0 {
			p.Reason = "its condition never held in " + plural(days, "day")
		}
	}
	if k := out.Known; k != nil && k.Incidents > 0 {
		p.Reason += fmt.Sprintf("; there were %d known incidents that it did not find", k.Incidents)
	}
	return p
}

// loud is for a rule that calls more often, or longer, than it may.
func (r *Run) loud(out *Outcome, trial *Run) Proposal {
	why := fmt.Sprintf("it called %s, %s, and %s is allowed", times(out.Calls), perWeek(out.CallsPerWeek), perWeek(r.o.CallsPerWeek))
	if out.Firing > 0.5 {
		why = fmt.Sprintf("it fired for %.0f %% of the time, so its alarm says nothing any more", 100*out.Firing)
	}
	if r.rule.Absence && out.Firing > 0.5 {
		return Proposal{Action: ActionClose, Reason: fmt.Sprintf("what it waits for was missing for %.0f %% of the time: bring it back, or close the rule", 100*out.Firing)}
	}
	if out.Flaps >= 3 && 2*out.Flaps >= out.Alarms {
		if p, ok := r.calmer(out); ok {
			return p
		}
	}
	wanted, from, source := r.wanted(out)
	if p, ok := r.higher(trial, wanted, from, why, source); ok {
		return p
	}
	if p, ok := r.longer(wanted, from, why, source); ok {
		return p
	}
	if b := out.Band; b != nil && b.Calls > 0 && b.CallsPerWeek <= r.o.CallsPerWeek {
		return Proposal{Action: ActionReplace, Calls: b.Calls, Reason: fmt.Sprintf("%s. No other threshold or time keeps %s. The learned band of the same value called %s since it had learned, and saw %d of the rule's %d calls", why, source, times(b.Calls), b.Both, b.RuleCalls)}
	}
	if out.Known != nil && out.Known.Found > 0 {
		return Proposal{Action: ActionKeep, Calls: out.Calls, Reason: fmt.Sprintf("%s. But it found %d of %d incidents, and nothing quieter does. Rewrite its expression", why, out.Known.Found, out.Known.Incidents)}
	}
	return Proposal{Action: ActionClose, Calls: 0, Reason: why + ". Nothing confirms its calls, and no other setting is quieter: close it, or rewrite its expression"}
}

// wanted are the calls that another setting must keep: those during known incidents, else
// those that the learned band confirms.
func (r *Run) wanted(out *Outcome) (wanted []span, from int, source string) {
	if out.Known != nil && out.Known.Incidents > 0 {
		incidents := r.o.incidents(r.rule.ID, 0)
		_, which := touching(incidents, r.calls(0, 0), r.pad())
		return marked(incidents, which), 0, "the incidents that it found"
	}
	if out.Band == nil {
		return nil, 0, "its calls"
	}
	band := r.band.spans(r.learned, int(r.o.Join/r.o.Step))
	_, which := touching(band, r.calls(0, r.learned), r.pad())
	return marked(band, which), r.learned, "what the learned band saw as well"
}

func marked(all []span, which []bool) (out []span) {
	for i, s := range all {
		if which[i] {
			out = append(out, s)
		}
	}
	return out
}

// fits says whether a way to set the rule is quiet enough and finds all that is wanted.
func (r *Run) fits(k int, wanted []span, from int) bool {
	calls := r.calls(k, from)
	if r.tooMuch(k) || len(calls) == 0 {
		return false
	}
	n, _ := touching(wanted, calls, r.pad())
	return n == len(wanted)
}

// higher looks for the nearest threshold that fits.
func (r *Run) higher(trial *Run, wanted []span, from int, why, source string) (Proposal, bool) {
	if trial == nil {
		return Proposal{}, false
	}
	for k, v := range trial.variants {
		if !trial.fits(k, wanted, from) {
			continue
		}
		n := len(trial.calls(k, 0))
		return Proposal{Action: ActionTune, Expr: r.threshold.With(v.bound), Calls: n, Reason: fmt.Sprintf("%s. With the threshold %s instead of %s it would have called %s%s",
			why, number(v.bound), number(r.threshold.Bound), times(n), keeping(len(wanted), source))}, true
	}
	return Proposal{}, false
}

// longer looks for the shortest time that fits.
func (r *Run) longer(wanted []span, from int, why, source string) (Proposal, bool) {
	for k, v := range r.variants[1:] {
		if v.keep != r.rule.KeepFiringFor || !r.fits(k+1, wanted, from) {
			continue
		}
		n := len(r.calls(k+1, 0))
		return Proposal{Action: ActionTune, For: duration(v.hold), Calls: n, Reason: fmt.Sprintf("%s. With `for: %s` instead of %s it would have called %s%s",
			why, duration(v.hold), duration(r.rule.For), times(n), keeping(len(wanted), source))}, true
	}
	return Proposal{}, false
}

func keeping(n int, source string) string {
	if n == 0 {
		return "; nothing says which of its calls were true"
	}
	return fmt.Sprintf(" and kept all %d of %s", n, source)
}

// calmer makes one alarm of those that come and go, by the shortest time that spares half of
// the calls and three of four returns, and is quiet enough.
func (r *Run) calmer(out *Outcome) (Proposal, bool) {
	for k, v := range r.variants[1:] {
		n := len(r.calls(k+1, 0))
		if v.keep <= r.rule.KeepFiringFor || v.hold != r.rule.For || r.tooMuch(k+1) || 2*n > out.Calls || 4*r.tracks[k+1].flaps > out.Flaps {
			continue
		}
		return Proposal{Action: ActionTune, KeepFiringFor: duration(v.keep), Calls: n, Reason: fmt.Sprintf("it flaps: %d of its %d alarms came back within half an hour. With `keep_firing_for: %s` it would have called %s instead of %s",
			out.Flaps, out.Alarms, duration(v.keep), times(n), times(out.Calls))}, true
	}
	return Proposal{}, false
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return strconv.Itoa(n) + " times"
}

func perWeek(v float64) string { return number(v) + " a week" }

func plural(n float64, what string) string {
	if math.Round(n) == 1 {
		return "1 " + what
	}
	return number(math.Round(10*n)/10) + " " + what + "s"
}

func notThere(missing []string) string {
	if len(missing) == 1 {
		return "there is no metric " + missing[0]
	}
	return "there are no metrics " + strings.Join(missing[:len(missing)-1], ", ") + " and " + missing[len(missing)-1]
}

func doesNot(n int) string {
	if n == 1 {
		return "it does"
	}
	return "they do"
}

// number has three digits, or all of those before the point.
func number(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e15 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// duration is as Prometheus writes it.
func duration(d time.Duration) string { return alerts.Duration(d).String() }
