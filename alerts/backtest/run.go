package backtest

import (
	"math"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

// variant is another way to set a rule, tried beside the rule itself.
type variant struct {
	timing

	bound float64
}

// Run judges one rule. It is not safe for concurrent use.
type Run struct {
	o         *Options
	rule      Rule
	threshold *Threshold
	learned   int // step from which the band is compared
	settings  anomaly.Settings

	variants []variant // the first is the rule itself
	tracks   []*track
	series   map[string]*Series
	order    []*Series
	beyond   int // points of series that had no room

	band        timeline
	bandAlarms  int
	values      sample
	nearest     float64
	nearestAt   int
	seen        timeline // steps at which any series has a value
	first, last int      // steps of the first and the last value
	trial       bool
}

// Series is one series of a Run.
type Series struct {
	run      *Run
	alarms   []alarm
	detector *anomaly.Detector
	outside  bool
}

// NewRun prepares the judgement of a rule. Options must be valid and must not change.
func NewRun(o *Options, rule Rule) *Run {
	r := &Run{o: o, rule: rule, series: map[string]*Series{}, first: -1, nearestAt: -1, settings: o.Settings}
	r.learned = int(o.Learn / o.Step)
	if t, ok := FindThreshold(rule.Expr); ok && !rule.Absence {
		r.threshold = &t
		switch t.Side() {
		case 1:
			r.settings.Direction = anomaly.Up
		case -1:
			r.settings.Direction = anomaly.Down
		}
	}
	own := timing{rule.For, rule.KeepFiringFor}
	r.variants = []variant{{own, r.bound()}}
	for _, factor := range []time.Duration{2, 3, 6} {
		r.variants = append(r.variants, variant{timing{factor * max(own.hold, 5*time.Minute), own.keep}, r.bound()})
	}
	for _, keep := range []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour} {
		if keep > own.keep {
			r.variants = append(r.variants, variant{timing{own.hold, keep}, r.bound()})
		}
	}
	r.begin()
	return r
}

func (r *Run) bound() float64 {
	if r.threshold == nil {
		return 0
	}
	return r.threshold.Bound
}

func (r *Run) begin() {
	r.tracks = make([]*track, len(r.variants))
	for i := range r.tracks {
		r.tracks[i] = &track{fires: newTimeline(&r.o.Grid)}
	}
	r.band, r.seen = newTimeline(&r.o.Grid), newTimeline(&r.o.Grid)
}

// Query is what the history is asked for: the compared value where there is a threshold,
// else the rule's own expression.
func (r *Run) Query() string {
	if r.threshold != nil {
		return r.threshold.Value()
	}
	return r.rule.Expr
}

// Whole makes the run ask for the rule's own expression, because the compared value has
// too many series: there is then no band and no other threshold. It must be called before
// the first series.
func (r *Run) Whole() { r.threshold = nil }

// Compared says whether the query is the compared value.
func (r *Run) Compared() bool { return r.threshold != nil }

// Series is that of a name, nil when there is no room for another one.
func (r *Run) Series(name string) *Series {
	s, ok := r.series[name]
	if ok {
		return s
	}
	if len(r.series) >= r.o.MaxSeries {
		return nil
	}
	s = &Series{run: r, alarms: make([]alarm, len(r.variants))}
	if r.threshold != nil && !r.trial && r.threshold.Side() != 0 {
		s.detector = anomaly.New(&r.settings)
	}
	r.series[name] = s
	r.order = append(r.order, s)
	return s
}

// Beyond counts a point of a series that had no room.
func (r *Run) Beyond() { r.beyond++ }

// Observe shows the value of the query at a time, in Unix nanoseconds. Points come in the order
// of time; those that are not within the history are left out.
func (s *Series) Observe(ns int64, v float64) {
	r := s.run
	i := r.o.index(ns)
	if i < 0 || i >= r.o.Len() {
		return
	}
	r.note(i, v)
	for k := range s.alarms {
		if r.threshold == nil || r.threshold.Holds(v, r.variants[k].bound) {
			s.alarms[k].holds(i, r.variants[k].timing, &r.o.Grid, r.tracks[k])
		}
	}
	if s.detector != nil {
		s.judge(i, ns, v)
	}
}

// note remembers what proposals are made of.
func (r *Run) note(i int, v float64) {
	r.seen.mark(i, i+1)
	if r.first < 0 || i < r.first {
		r.first = i
	}
	r.last = max(r.last, i)
	if r.threshold == nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	side := float64(r.threshold.Side())
	if r.nearestAt < 0 || side*v > side*r.nearest {
		r.nearest, r.nearestAt = v, i
	}
	if r.threshold.Holds(v, r.threshold.Bound) {
		r.values.add(v)
	}
}

func (s *Series) judge(i int, ns int64, v float64) {
	r := s.run
	outside := s.detector.Observe(time.Unix(0, ns), v).State == anomaly.Anomalous
	if outside && i >= r.learned {
		r.band.mark(i, i+1)
		if !s.outside {
			r.bandAlarms++
		}
	}
	s.outside = outside && i >= r.learned
}

// Finish says that the history ends.
func (r *Run) Finish() {
	for _, s := range r.order {
		for k := range s.alarms {
			s.alarms[k].finish(r.variants[k].timing, &r.o.Grid, r.tracks[k])
		}
	}
}

// calls are the stretches in which somebody would be called, by a way to set the rule.
func (r *Run) calls(k, from int) []span {
	return r.tracks[k].fires.spans(from, int(r.o.Join/r.o.Step))
}

// Trial is a second run over the same history that tries other thresholds, or nil
// where there is no reason to: the rule calls no more often than it may, or has no
// threshold to move. Of both runs, made and finished, Judge makes the report.
func (r *Run) Trial() *Run {
	if r.threshold == nil || r.threshold.Side() == 0 || !r.rule.Tunable || !r.tooMuch(0) {
		return nil
	}
	t := &Run{o: r.o, rule: r.rule, threshold: r.threshold, learned: r.learned, series: map[string]*Series{}, first: -1, nearestAt: -1, trial: true}
	own := r.variants[0].timing
	for _, bound := range r.values.bounds(r.threshold.Side()) {
		t.variants = append(t.variants, variant{own, bound})
	}
	if len(t.variants) == 0 {
		return nil
	}
	t.begin()
	return t
}

// weeks is how long the history really is: from the first value that anything had.
func (r *Run) weeks(from int) float64 { return r.o.weeks(r.o.Len() - from) }

// tooMuch says whether a way to set the rule calls more often than it may, or for more
// than half of the time.
func (r *Run) tooMuch(k int) bool {
	n := r.o.Len()
	return float64(len(r.calls(k, 0)))/r.weeks(0) > r.o.CallsPerWeek || 2*r.tracks[k].fires.count(0, n) > n
}

// sample keeps some of many values, evenly and always the same ones.
type sample struct {
	kept  []float64
	every int // of how many one is kept
	n     int
}

// most values of a sample.
const most = 4096

func (s *sample) add(v float64) {
	s.every = max(s.every, 1)
	if s.n%s.every == 0 {
		if len(s.kept) == most { // keep every second one
			for i := range most / 2 {
				s.kept[i] = s.kept[2*i]
			}
			s.kept = s.kept[:most/2]
			s.every *= 2
		}
		if s.n%s.every == 0 {
			s.kept = append(s.kept, v)
		}
	}
	s.n++
}

// bounds are thresholds that leave less and less of the values, nearest first, rounded to
// what a person would write.
func (s *sample) bounds(side int) (out []float64) {
	sorted := slices.Clone(s.kept)
	slices.Sort(sorted)
	if side < 0 {
		slices.Reverse(sorted)
	}
	if len(sorted) == 0 {
		return nil
	}
	width := math.Abs(sorted[len(sorted)-1] - sorted[0])
	for _, q := range []float64{0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97, 0.985, 0.995, 1} {
		v := rounded(sorted[int(q*float64(len(sorted)-1))], width/20, side)
		if n := len(out); n == 0 || v != out[n-1] {
			out = append(out, v)
		}
	}
	return out
}

// rounded is v with few digits, at most grain further to a side.
func rounded(v, grain float64, side int) float64 {
	if grain <= 0 || v == 0 || math.IsInf(grain, 0) {
		return v
	}
	unit := math.Pow(10, math.Floor(math.Log10(grain)))
	n := math.Ceil(v / unit)
	if side < 0 {
		n = math.Floor(v / unit)
	}
	if inverse := 1 / unit; inverse >= 1 { // 7 / 10 is nearer to 0.7 than 7 * 0.1
		return n / math.Round(inverse)
	}
	return n * unit
}
