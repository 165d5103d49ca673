package anomaly

import (
	"math"
	"time"
)

const (
	// The edge of the band is found by Newton's method from the edge of the last
	// point; leastReach and mostReach bound it, in scales.
	newtonSteps = 4
	closeEnough = 0.02 // relative
	leastReach  = 0.05
	mostReach   = 1e6
)

// AddBand adds the Receipt and Lower and Upper, the edges of the range of values
// whose surprise is below the threshold. v must be the verdict of the detector's last point; nothing
// is added when there is no band yet.
func (d *Detector) AddBand(v *Verdict) {
	if !v.Banded || v.Ignored {
		return
	}
	v.Receipt = d.receipt(v)
	m := &v.basis
	matters := d.matters(m.expected)
	v.Lower = m.expected - max(d.edge(m, 0, -1), m.home(-1), matters)
	v.Upper = m.expected + max(d.edge(m, 1, +1), m.home(+1), matters)
	if d.settings.Direction == Up {
		v.Lower = math.Inf(-1)
	}
	if d.settings.Direction == Down {
		v.Upper = math.Inf(1)
	}
}

// home is how far from the expected value the values near the season end.
func (m *basis) home(sign float64) float64 {
	return sign*(m.slow-m.expected) + homecoming*m.farScale
}

// edge is the distance from the expected value at which the surprise reaches the
// threshold, on one side.
func (d *Detector) edge(m *basis, side int, sign float64) float64 {
	x := float64(d.reach[side]) * m.nearScale
	offset := sign * (m.expected - m.slow) // distance from slow is x + offset
	least, most := leastReach*m.nearScale, mostReach*m.nearScale
	oneSided := d.settings.Direction != Both
	for range newtonSteps {
		far := max(math.Abs(x+offset), tiny)
		s := d.near.surprise(x, m.nearScale, m.unit)
		g := d.near.steepness(x, m.nearScale, m.unit) // the derivative by log10 of x
		if !oneSided || x+offset >= 0 {
			s += d.far.surprise(far, m.farScale, m.unit)
			g += d.far.steepness(far, m.farScale, m.unit) * min(x/far, 1)
		}
		move := clamp((m.threshold-s)/max(g, 0.5), 0.4) * math.Ln10
		x *= 1 + move*(1+move/2*(1+move/3)) // exp, nearly
		x = min(max(x, least), most)
		if math.Abs(move) < closeEnough {
			break
		}
	}
	d.reach[side] = float32(x / m.nearScale)
	return x
}

// Use replaces the settings; they are not copied.
func (d *Detector) Use(settings *Settings) { d.settings = settings }

// History is how long the series has been observed, gaps left out.
func (d *Detector) History() time.Duration {
	return time.Duration(d.clock.history * float64(time.Second))
}

// State after the last point.
func (d *Detector) State() State { return d.alarm.state }

// Since is when the first point of the present anomaly was seen; it is meaningful
// while the state is Anomalous.
func (d *Detector) Since() time.Time { return time.Unix(0, d.alarm.start) }

// Step is the learned distance between points.
func (d *Detector) Step() time.Duration { return time.Duration(d.clock.step * float64(time.Second)) }

// ExpectStep tells a new detector how far apart points will be, in place of
// learning it from the first two.
func (d *Detector) ExpectStep(step time.Duration) {
	if d.points == 0 && step > 0 {
		d.clock.step = clampStep(step.Seconds())
	}
}

// SameHourLastWeek is the mean value in the hour of the week that t is in, when
// it last ended, to two digits. ok is false if it was not observed.
func (d *Detector) SameHourLastWeek(t time.Time) (mean float64, ok bool) {
	if d.season.hour >= 0 && t.Unix()/hour < d.season.hour-weekHours {
		return 0, false
	}
	mean = widen(d.season.lastWeek[mod(t.Unix()/hour, weekHours)])
	return mean, !math.IsNaN(mean)
}
