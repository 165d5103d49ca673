package backtest

import (
	"fmt"
	"math"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

// The rules, in the order of reports. Fixed is left out when no threshold is given.
const (
	ruleFixed = iota
	ruleSigma
	ruleWeekDown
	ruleWeek
	ruleAdaptive
	ruleTidewatch
	rules
)

// share is the deviation that the comparison with last week allows.
const share = 0.2

func (o *Options) about() [rules]rule {
	fixed := "value"
	if o.Above != nil {
		fixed += fmt.Sprintf(" > %g", *o.Above)
	}
	if o.Below != nil {
		if o.Above != nil {
			fixed += " or"
		}
		fixed += fmt.Sprintf(" < %g", *o.Below)
	}
	lasting := " for " + short(o.For)
	return [rules]rule{
		{"fixed", fixed + lasting},
		{"mean ± sigma", fmt.Sprintf("outside of mean ± %g standard deviations of the learning part%s", o.Sigma, lasting)},
		{"last week, drops", "value < 0.8 × the mean of the same hour last week" + lasting},
		{"last week, both", "value < 0.8 × or > 1.2 × the mean of the same hour last week" + lasting},
		{"adaptive", "outside of the widest of: mean of the hour ± 50 %, ± 2 × the usual deviation of unquiet hours in the last 26 h, and mean ± 2 deviations of the hour around this time yesterday and last week" + lasting},
		{"tidewatch", "out of its band as tidewatch says, default settings"},
	}
}

type rule struct{ name, about string }

func short(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return d.String()
}

// verdicts of all rules on one point: 1 and more is a flag at the rule's own
// threshold. That of the detector is its surprise.
type verdicts [rules]float64

// state is what the rules remember of one series.
type state struct {
	learned  sums // of the learning part, less base
	base     float64
	hours    *hours
	unquiet  [26 * hourSlots]float32 // deviation of hours that were unquiet, else 0
	unquietN int
	unquietS float64
	slots    int64
	detector *anomaly.Detector
	verdict  anomaly.Verdict
}

func (s *state) step(o *Options, t time.Time, v float64, learning bool) (out verdicts) {
	if s.hours == nil {
		s.hours, s.base = newHours(), v
		s.detector = anomaly.New(&o.Settings)
	}
	s.verdict = s.detector.Observe(t, v)
	out[ruleTidewatch] = s.verdict.Surprise
	if s.verdict.State == anomaly.Learning || s.verdict.Ignored {
		out[ruleTidewatch] = math.Inf(-1)
	}
	for range min(s.hours.add(t, v), int64(len(s.unquiet))) {
		s.remember()
	}
	if learning {
		d := v - s.base
		s.learned.add(sums{1, d, d * d})
		return out
	}
	if o.Above != nil && v > *o.Above || o.Below != nil && v < *o.Below {
		out[ruleFixed] = 1
	}
	if sd := s.learned.deviation(); s.learned.n > 1 {
		out[ruleSigma] = math.Abs(v-s.base-s.learned.mean()) / (o.Sigma*sd + 1e-9*math.Abs(v) + 1e-300)
	}
	if mean, _, ok := s.hours.back(weekSlots); ok {
		off := (v - mean) / (share*math.Abs(mean) + 1e-300)
		out[ruleWeekDown], out[ruleWeek] = -off, math.Abs(off)
	}
	out[ruleAdaptive] = s.adaptive(v)
	return out
}

// remember keeps the deviation of the hour that ended for the day, if it was more
// than half of its mean.
func (s *state) remember() {
	i := s.slots % int64(len(s.unquiet))
	s.slots++
	if old := s.unquiet[i]; old > 0 {
		s.unquietN--
		s.unquietS -= float64(old)
	}
	s.unquiet[i] = 0
	if mean, sd, ok := s.hours.back(1); ok && sd > 0.5*mean && sd > 0 {
		s.unquiet[i] = float32(sd)
		s.unquietN++
		s.unquietS += float64(float32(sd))
	}
}

// adaptive is the idea of Grafana's promql-anomaly-detection: the widest of several
// bands around the mean of the hour.
func (s *state) adaptive(v float64) float64 {
	mean, _, ok := s.hours.back(0)
	if !ok {
		return 0
	}
	upper, lower := 1.5*mean, 0.5*mean
	if s.unquietN > 0 {
		usual := s.unquietS / float64(s.unquietN)
		upper, lower = max(upper, mean+2*usual), min(lower, mean-2*usual)
	}
	for _, back := range [...]int64{daySlots - hourSlots/2, weekSlots - hourSlots/2} {
		if m, sd, ok := s.hours.back(back); ok {
			upper, lower = max(upper, m+2*sd), min(lower, m-2*sd)
		}
	}
	if mean > 0 {
		lower = max(lower, 0)
	}
	switch {
	case v > mean && upper > mean:
		return (v - mean) / (upper - mean)
	case v < mean && lower < mean:
		return (mean - v) / (mean - lower)
	}
	return 0
}
