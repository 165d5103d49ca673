package backtest

import (
	"math"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

const (
	// settings is how many thresholds a rule is tried at; the one in the middle is its own.
	settings = 25
	// keptAlerts bounds the alerts of one rule and series that are kept to be shown.
	keptAlerts = 300
	// patience is how long the detector's own flags must last when it is tried at
	// other thresholds than its own, where its alarms are what counts.
	patience = 2 * time.Minute
)

// thresholds are factors of a rule's own one, from an eighth to eight times; those of
// the detector are decades of rarity away from it.
var factors, decades = func() (f, d [settings]float64) {
	for i := range settings {
		x := float64(i-settings/2) / float64(settings/2)
		f[i] = math.Pow(8, x)
		d[i] = 3 * x
		if x > 0 {
			d[i] = 12 * x
		}
	}
	return f, d
}()

// Alert of a rule, at its own threshold.
type Alert struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Series is one series under test. It is not safe for concurrent use.
type Series struct {
	name     string
	options  *Options
	learn    time.Time
	schedule []Interval // incidents that are still to come or going on
	state    state
	incident incident
	own      [rules]alerter
	tried    [rules][settings]alerter
	active   [rules]uint32 // alerters of tried that are not idle
	alerts   [rules][]Alert
	marks    []Alert // incidents
	trace    trace
	closeups closeups
	last     int64
	points   int
	first    int64 // beginning of what is counted
}

// LearnUntil sets when the learning part of this series ends, instead of
// Options.Learn. It must be called before the first point.
func (s *Series) LearnUntil(t time.Time) { s.learn = t }

// Observe shows the point (t, v) to all rules. Points must come in the order of time;
// others and values that are not finite are left out. marked says that somebody marked it
// as part of an incident.
func (s *Series) Observe(t time.Time, v float64, marked bool) {
	ns := t.UnixNano()
	if s.points > 0 && ns <= s.last || math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	learning := t.Before(s.learn)
	marked = s.planned(t) || marked
	values := s.state.step(s.options, t, v, learning)
	s.trace.add(ns, v, &s.state.verdict)
	s.closeups.add(ns, v, &s.state.verdict, !learning)
	step := ns - s.last
	s.last = ns
	s.points++
	if learning {
		return
	}
	if s.first == 0 {
		s.first = ns
	}
	s.judge(ns, step, &values, marked)
}

// planned says whether one of the known incidents holds t, or lay between this point
// and the last one.
func (s *Series) planned(t time.Time) bool {
	for len(s.schedule) > 0 {
		i := s.schedule[0]
		if t.Before(i.Start) {
			return false
		}
		if !t.After(i.End) {
			return true
		}
		s.schedule = s.schedule[1:]
		if s.last < i.Start.UnixNano() {
			return true
		}
	}
	return false
}

func (s *Series) judge(ns, step int64, values *verdicts, marked bool) {
	o := s.options
	pad := max(int64(o.Pad), step)
	began := s.incident.step(ns, marked, pad)
	if marked {
		s.mark(ns, began)
	}
	for r := range s.own { // a point stands for a step: flags last that much longer
		flagged, quiet := values[r] >= 1, int64(o.For)
		if r == ruleTidewatch { // its alarms are alerts
			flagged, quiet = s.state.verdict.State == anomaly.Anomalous, 0
		}
		if s.own[r].step(ns, flagged, quiet-step, quiet, &s.incident, began, pad) {
			s.keep(r)
		}
		if s.incident.known && r != ruleFixed {
			s.try(r, ns, step, values[r], began, pad)
		}
	}
}

// try runs a rule at all thresholds. Most are idle most of the time.
func (s *Series) try(r int, ns, step int64, value float64, began bool, pad int64) {
	quiet, limits := int64(s.options.For), &factors
	if r == ruleTidewatch {
		quiet, limits = min(quiet, int64(patience)), &decades
	}
	for i := range limits {
		flagged := value >= limits[i]
		if !flagged && s.active[r]&(1<<i) == 0 && !began {
			continue
		}
		a := &s.tried[r][i]
		a.step(ns, flagged, quiet-step, quiet, &s.incident, began, pad)
		if a.idle() {
			s.active[r] &^= 1 << i
		} else {
			s.active[r] |= 1 << i
		}
	}
}

func (s *Series) keep(r int) {
	if len(s.alerts[r]) < keptAlerts {
		s.alerts[r] = append(s.alerts[r], Alert{time.Unix(0, s.own[r].started).UTC(), time.Unix(0, s.own[r].last).UTC()})
	}
}

func (s *Series) mark(ns int64, began bool) {
	if began && len(s.marks) < keptAlerts {
		s.marks = append(s.marks, Alert{Start: time.Unix(0, ns).UTC()})
	}
	if n := len(s.marks); n > 0 && s.incident.n <= keptAlerts {
		s.marks[n-1].End = time.Unix(0, ns).UTC()
	}
}

// finish ends all alerts.
func (s *Series) finish() {
	for r := range s.own {
		if s.own[r].finish() {
			s.keep(r)
		}
		for i := range s.tried[r] {
			s.tried[r][i].finish()
		}
	}
}

// counted is the time in which alerts were counted.
func (s *Series) counted() time.Duration {
	if s.first == 0 {
		return 0
	}
	return time.Duration(s.last - s.first)
}
