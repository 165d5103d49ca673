package backtest

import (
	"math"
	"time"
)

// Version of the report's JSON.
const Version = 1

// Report is the outcome for all rules.
type Report struct {
	Version int       `json:"version"`
	Source  string    `json:"source"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Step    string    `json:"step"`
	// ComparedFrom is when learned bands begin to be compared with rules.
	ComparedFrom time.Time `json:"compared_from"`
	CallsPerWeek float64   `json:"calls_per_week"`
	Judged       bool      `json:"judged"`
	Rules        []Outcome `json:"rules"`
	// Skipped are rules that this history cannot answer, with the reason.
	Skipped []Skipped `json:"skipped,omitempty"`
}

// Skipped is a rule that was not judged.
type Skipped struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// Outcome is what became of one rule.
type Outcome struct {
	Rule
	ForText  string `json:"for"`
	KeepText string `json:"keep_firing_for"`
	// Error says why the history gave no answer; the rest is then empty.
	Error string `json:"error,omitempty"`
	// Series had a value, or fulfilled the condition where no value is compared; Beyond is
	// how many points belong to series that had no room.
	Series int `json:"series"`
	Beyond int `json:"beyond,omitempty"`
	// Alarms count each series, Calls what is left when those at one time are one. Flaps are
	// alarms of a series within 30 minutes of its last one.
	Alarms       int     `json:"alarms"`
	Calls        int     `json:"calls"`
	CallsPerWeek float64 `json:"calls_per_week"`
	Flaps        int     `json:"flaps"`
	// Firing is the share of time in which any alarm holds, Longest the longest call.
	Firing  float64 `json:"firing"`
	Longest string  `json:"longest"`
	// Open alarms hold at the end of the history.
	Open int `json:"open"`
	// Missing are metrics that the rule reads and that the history does not have.
	Missing []string `json:"missing,omitempty"`
	// Threshold is the bound, Nearest the value that came nearest to it or went furthest
	// beyond.
	Threshold *float64 `json:"threshold,omitempty"`
	Nearest   *Nearest `json:"nearest,omitempty"`
	// Band is the learned band beside the rule.
	Band *Band `json:"band,omitempty"`
	// Known is how the calls agree with incidents that somebody wrote down.
	Known    *Agreement `json:"known,omitempty"`
	Examples []Span     `json:"examples,omitempty"`
	Proposal Proposal   `json:"proposal"`
}

// Nearest is an extreme value.
type Nearest struct {
	Value float64   `json:"value"`
	Time  time.Time `json:"time"`
}

// Span is a stretch of time.
type Span struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Band is the learned band on the rule's own value, compared with the rule since
// Report.ComparedFrom.
type Band struct {
	Alarms       int     `json:"alarms"`
	Calls        int     `json:"calls"`
	CallsPerWeek float64 `json:"calls_per_week"`
	// RuleCalls are the rule's in the same time, Both how many of these the band saw too.
	RuleCalls int `json:"rule_calls"`
	Both      int `json:"both"`
	// OnlyRule and OnlyBand are examples of what one saw and the other did not.
	OnlyRule []Span     `json:"only_rule,omitempty"`
	OnlyBand []Span     `json:"only_band,omitempty"`
	Known    *Agreement `json:"known,omitempty"`
}

// Agreement of calls with known incidents.
type Agreement struct {
	Incidents int `json:"incidents"`
	Found     int `json:"found"`
	Calls     int `json:"calls"`
	True      int `json:"true_calls"`
	// Precision is the share of calls that were true, Recall that of incidents found; NaN
	// is left out.
	Precision *float64 `json:"precision,omitempty"`
	Recall    *float64 `json:"recall,omitempty"`
}

// examples bounds the spans shown of a kind.
const examples = 10

// Judge sums up a run and its trial, which may be nil; both are finished. missing are
// metrics of the rule that the history does not have; familiar says that it has others of
// the same kind, so that what they are about is there.
func (r *Run) Judge(trial *Run, missing []string, familiar bool) Outcome {
	out := Outcome{
		Rule: r.rule, ForText: duration(r.rule.For), KeepText: duration(r.rule.KeepFiringFor),
		Series: len(r.series), Beyond: r.beyond, Missing: missing, Longest: duration(0),
	}
	own, calls := r.tracks[0], r.calls(0, 0)
	out.Alarms, out.Flaps, out.Open, out.Calls = own.alarms, own.flaps, own.open, len(calls)
	out.CallsPerWeek = round(float64(len(calls)) / r.weeks(0))
	out.Firing = round(float64(own.fires.count(0, r.o.Len())) / float64(r.o.Len()))
	longest := 0
	for _, c := range calls {
		longest = max(longest, c.to-c.from+1)
	}
	out.Longest = duration(time.Duration(longest) * r.o.Step)
	out.Examples = r.spans(calls, nil, false)
	if r.threshold != nil {
		out.Threshold = &r.threshold.Bound
		if r.nearestAt >= 0 && r.threshold.Side() != 0 {
			out.Nearest = &Nearest{r.nearest, r.o.time(r.nearestAt)}
		}
		if r.threshold.Side() != 0 && len(r.series) > 0 {
			out.Band = r.compare()
		}
	}
	if len(r.o.Incidents) > 0 {
		out.Known = r.agree(calls, 0)
	}
	out.Proposal = r.propose(&out, trial, familiar)
	return out
}

// compare sets the band beside the rule.
func (r *Run) compare() *Band {
	band := r.band.spans(r.learned, int(r.o.Join/r.o.Step))
	rule := r.calls(0, r.learned)
	b := &Band{Alarms: r.bandAlarms, Calls: len(band), RuleCalls: len(rule), CallsPerWeek: round(float64(len(band)) / r.weeks(r.learned))}
	both, which := touching(rule, band, r.pad())
	b.Both = both
	b.OnlyRule = r.spans(rule, which, true)
	_, which = touching(band, rule, r.pad())
	b.OnlyBand = r.spans(band, which, true)
	if len(r.o.Incidents) > 0 {
		b.Known = r.agree(band, r.learned)
	}
	return b
}

func (r *Run) pad() int { return int(r.o.Pad / r.o.Step) }

// agree judges calls from a step on by the known incidents.
func (r *Run) agree(calls []span, from int) *Agreement {
	incidents := r.o.incidents(r.rule.ID, from)
	a := &Agreement{Incidents: len(incidents), Calls: len(calls)}
	a.Found, _ = touching(incidents, calls, r.pad())
	a.True, _ = touching(calls, incidents, r.pad())
	a.Precision, a.Recall = share(a.True, a.Calls), share(a.Found, a.Incidents)
	return a
}

func share(a, b int) *float64 {
	if b == 0 {
		return nil
	}
	s := round(float64(a) / float64(b))
	return &s
}

// spans are some of those that are not marked by which, or of all.
func (r *Run) spans(all []span, which []bool, unmarked bool) (out []Span) {
	for i, s := range all {
		if unmarked && which[i] {
			continue
		}
		if len(out) == examples {
			break
		}
		out = append(out, Span{r.o.time(s.from), r.o.time(s.to)})
	}
	return out
}

// round keeps three digits after the point: what follows is noise.
func round(v float64) float64 { return math.Round(1e3*v) / 1e3 }

// Failed is the outcome of a run whose history could not be had, and why.
func (r *Run) Failed(why string) Outcome {
	return Outcome{
		Rule: r.rule, ForText: duration(r.rule.For), KeepText: duration(r.rule.KeepFiringFor), Longest: duration(0), Error: why,
		Proposal: Proposal{Action: ActionLook, Reason: why},
	}
}
