package anomaly

import (
	"math"
	"time"
)

const (
	// handful is how many points give a first band.
	handful = 5
	// extreme is the largest magnitude that is taken for a number; counters of
	// 64 bits stay far below.
	extreme = 1e30
	// resolution is the smallest difference, as a share of the value, that is not
	// taken for rounding.
	resolution = 1e-6
	// noiseFloor is the smallest scale of remainders, as a share of the spread.
	noiseFloor = 0.02
	// memoryDays is how long the distribution of remainders remembers.
	memoryDays = 60
	// A silence of longGap seconds ends what was known of the present; one of
	// forgetGap makes a series young again.
	longGap   = hour
	forgetGap = 7 * daySeconds
	// outlierLimit bounds what one point may teach, in typical remainders; after
	// shiftPoints such points in a row the bound is off for as many.
	outlierLimit = 5
	shiftPoints  = 8
	// The local noise of the two predictions is that of so many points.
	nearPoints = 60
	farPoints  = 240
	// The threshold is that of so many points a week, where those within a minute
	// (or Settings.For) are one. It is that of the sum of two surprises, which often agree: what the
	// second adds by chance.
	twice          = 1.8
	leastThreshold = 2
	// Points within suspicion of the threshold are learned late, as part of an episode.
	suspicion = 2.3
	// A value so near to the season, in scales, is at home.
	homecoming = 1
	// episodeQuiet ordinary points end an episode.
	episodeQuiet = 5
)

// Detector watches one series. Make one with New. It is not safe for concurrent
// use, is at most 2.5 KiB large and allocates nothing after New.
type Detector struct {
	settings  *Settings
	clock     clock
	level     level
	season    season
	near, far noise   // remainders of the mixed prediction, and of the slow level and season
	spread    float64 // mean distance of values from their recent mean
	typical   float64 // mean absolute remainder
	alarm     alarm
	reach     [2]float32 // half widths of the band, in scales of near
	episode   episode
	points    uint32
	recent    recent
	outliers  uint8
}

// New returns a detector that knows nothing yet. settings are not copied.
func New(settings *Settings) *Detector {
	d := &Detector{settings: settings}
	d.season.slot, d.season.hour = -1, -1
	for i := range d.season.lastWeek {
		d.season.lastWeek[i] = nothing
	}
	for _, n := range []*noise{&d.near, &d.far} {
		n.scaled.init()
		n.raw.init()
	}
	d.reach = [2]float32{5, 5}
	d.recent.quiet = episodeQuiet
	return d
}

// basis is what a band is made of.
type basis struct {
	expected, slow      float64 // predictions: mixed, and of the slow level and season
	unit                float64 // spread of the values
	nearScale, farScale float64 // noise of the two predictions
	threshold           float64 // surprise at the edge
	value               float64
}

// moment is what is known before the value of a point is looked at.
type moment struct {
	basis
	seconds     int64
	hour        int
	season      float64
	predictions [predictors]float64
	rates       rates
}

// Observe judges the point (t, v) and then learns it. Points must come in the
// order of time; others are ignored.
func (d *Detector) Observe(t time.Time, v float64) Verdict {
	verdict := d.Score(t, v)
	d.AddBand(&verdict)
	return verdict
}

// Score is Observe without the edges of the band, which are a third of the work.
// AddBand adds them to the verdict of the last point.
func (d *Detector) Score(t time.Time, v float64) Verdict {
	ns := t.UnixNano()
	if !(math.Abs(v) <= extreme) {
		return d.ignored()
	}
	gap, ok := d.clock.tick(ns, d.points == 0)
	if !ok {
		return d.ignored()
	}
	d.rest(gap, ns, v)
	d.points++

	m := d.predict(ns)
	m.value = v
	all, counted := d.surprise(&m, v)
	threshold := m.threshold
	m.threshold += d.recent.raise(gap, d.clock.step)
	verdict := Verdict{
		Surprise: d.mute(&m, v, counted-m.threshold), Expected: m.expected,
		Lower: math.NaN(), Upper: math.NaN(), Banded: d.points > handful, basis: m.basis,
	}
	if !verdict.Banded {
		verdict.Expected = math.NaN()
	}
	d.judge(ns, v, &verdict)
	d.recent.learn(counted/threshold, verdict.Surprise >= 0)
	d.learn(&m, v, all-m.threshold >= -suspicion && d.alarm.state != Learning)
	verdict.State = d.alarm.state
	return verdict
}

func (d *Detector) ignored() Verdict {
	nan := math.NaN()
	return Verdict{Expected: nan, Lower: nan, Upper: nan, State: d.alarm.state, Ignored: true}
}

// rest forgets what a silence made worthless.
func (d *Detector) rest(gap float64, ns int64, v float64) {
	switch {
	case d.points == 0:
		d.level.reset(0, v)
	case gap > forgetGap:
		d.clock.history = 0
		d.alarm = alarm{}
		d.level.reset(d.season.at(float64(ns)/1e9), v)
	case gap > longGap && gap > gapSteps*d.clock.step:
		slow := d.level.slow // the season still judges; the recent past can't
		d.level.reset(d.season.at(float64(ns)/1e9), v)
		d.level.slow = slow
	}
	d.season.fitStep(d.clock.step)
}

func (d *Detector) predict(ns int64) moment {
	m := moment{seconds: floorSeconds(ns)}
	step := max(d.clock.step, minStep)
	m.hour = mod(m.seconds/hour, 24)
	m.season = d.season.at(float64(ns) / 1e9)
	m.slow = m.season + d.level.slow
	least := 1e-3*d.spread + resolution*math.Abs(m.slow) + tiny
	m.predictions = d.level.predictions(m.season)
	m.expected = d.level.mix(&m.predictions, least)
	m.unit = d.spread + resolution*math.Abs(m.slow) + tiny
	floor := noiseFloor*d.spread + resolution*math.Abs(m.slow) + tiny
	m.nearScale = d.near.scale(m.hour, floor)
	m.farScale = d.far.scale(m.hour, floor)
	m.threshold = max(log10(7*daySeconds/max(step, evidence, d.settings.For.Seconds())/d.settings.AlarmsPerWeek)+twice, leastThreshold)
	m.rates = ratesFor(step, float64(d.points))
	return m
}

func floorSeconds(ns int64) int64 {
	s := ns / 1e9
	if ns%1e9 < 0 {
		s--
	}
	return s
}

// surprise of the value v: how improbable its distance from what the recent past
// predicts, and from what the season predicts. counted leaves out deviations to
// the side that does not matter.
func (d *Detector) surprise(m *moment, v float64) (all, counted float64) {
	near, far := v-m.expected, v-m.slow
	sn := d.near.surprise(math.Abs(near), m.nearScale, m.unit)
	if m.homeward(v) {
		sn = 0 // on the way back to what the season says, from wherever the recent past was
	}
	sf := d.far.surprise(math.Abs(far), m.farScale, m.unit)
	if d.counts(near) {
		counted += sn
	}
	if d.counts(far) {
		counted += sf
	}
	return sn + sf, counted
}

// homeward says whether v lies between the prediction and what the season says,
// or near the latter.
func (m *moment) homeward(v float64) bool {
	return math.Abs(v-m.slow) < homecoming*m.farScale || (v > m.expected) == (v < m.slow)
}

// hold is how many points outside of the band make an alarm.
func (d *Detector) hold() int {
	return holdPoints(d.settings.For.Seconds(), max(d.clock.step, minStep))
}

// counts says whether a deviation is to the side that matters.
func (d *Detector) counts(deviation float64) bool {
	switch d.settings.Direction {
	case Up:
		return deviation >= 0
	case Down:
		return deviation <= 0
	default:
		return true
	}
}

// matters is the smallest deviation that does.
func (d *Detector) matters(expected float64) float64 {
	return max(d.settings.Floor, d.settings.MinChange*math.Abs(expected))
}

// justBelow is the surprise of what is rare but does not matter.
const justBelow = -0.01

// mute keeps deviations that don't matter below the threshold.
func (d *Detector) mute(m *moment, v, surprise float64) float64 {
	if surprise > justBelow && math.Abs(v-m.expected) < d.matters(m.expected) {
		return justBelow
	}
	return surprise
}

// judge advances the state and takes the score of what is not to be judged.
func (d *Detector) judge(ns int64, v float64, verdict *Verdict) {
	s := d.settings
	if d.points <= handful || d.clock.history < s.MinHistory.Seconds() {
		d.alarm.state = Learning
		return
	}
	if d.alarm.step(ns, v, verdict.Surprise >= 0, d.hold(), s.AdoptAfter.Seconds()) {
		d.level.reset(d.season.at(float64(ns)/1e9), d.alarm.mean)
		d.endEpisode()
	}
	verdict.Score = score(verdict.Surprise)
}

func (d *Detector) learn(m *moment, v float64, suspect bool) {
	if d.alarm.state == Anomalous { // frozen: the series is taken to have gone on as expected
		if suspect {
			d.wait(m, v)
		}
		d.level.last = m.expected
		return
	}
	near, far := math.Abs(v-m.expected), math.Abs(v-m.slow)
	step := max(d.clock.step, minStep)
	memory := memoryDays * daySeconds / step
	if suspect {
		d.wait(m, v)
	} else {
		if d.episode.n > 0 {
			if d.episode.quiet++; d.episode.quiet >= episodeQuiet {
				d.endEpisode()
			}
		}
		if d.points > handful {
			d.near.learnTails(near/m.nearScale, near/m.unit, memory)
			d.far.learnTails(far/m.farScale, far/m.unit, memory)
		}
	}
	// In its first day a series has too little noise to stand an outlier, and a long
	// alarm would not survive what its own points add.
	waiting := d.clock.history < daySeconds || int(d.episode.n) <= d.hold() && d.hold() > autoHold
	if d.points > 1 && !(suspect && waiting) {
		d.near.learn(near, m.nearScale, m.hour, nearPoints, m.rates, step)
		d.far.learn(far, m.farScale, m.hour, farPoints, m.rates, step)
	}

	limit := d.limit(m, near)
	d.typical += max(2/(daySeconds/step+1), 1/float64(d.points)) * (min(near, limit) - d.typical)
	d.spread += m.rates.week * (math.Abs(v-d.level.rawMid) - d.spread)
	slow := d.level.slow
	d.level.learn(&m.predictions, m.season, v, m.expected, limit, m.rates)
	d.season.learn(m.seconds, clamp(v-m.season-slow, 2*limit), v)
}

// limit is how far one point may move what is known: outliers teach little,
// unless there are so many that they are a new level.
func (d *Detector) limit(m *moment, near float64) float64 {
	if d.points <= handful || d.alarm.state == Adapting {
		return math.MaxFloat64 / 4
	}
	limit := outlierLimit * max(d.typical, noiseFloor*d.spread+resolution*math.Abs(m.slow)+tiny)
	// The alarm comes first: a level is not adopted before there could be one.
	hold := d.hold()
	patience := uint8(max(shiftPoints, hold+2*spare(hold)))
	if d.alarm.state == Learning {
		patience = handful
	}
	if near > limit {
		d.outliers++
	} else if d.outliers > 0 {
		d.outliers--
	}
	if d.outliers > patience {
		if d.outliers > 2*patience {
			d.outliers = 0
		}
		return math.MaxFloat64 / 4
	}
	return limit
}
