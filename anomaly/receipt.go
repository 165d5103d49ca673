package anomaly

import (
	"math"
	"time"
)

// Receipt is what a person needs in order to believe a verdict, beside its band.
type Receipt struct {
	// Value is the value that was judged.
	Value float64
	// LastWeek is the mean value of the same hour a week ago, to two digits; NaN if
	// it was not observed.
	LastWeek float64
	// History is how long the series has been observed, gaps left out.
	History time.Duration
	// PerWeek is how many points a week are at least as surprising, going by what the
	// series did so far. Far below one it is an extrapolation.
	PerWeek float64
}

func (d *Detector) receipt(v *Verdict) Receipt {
	r := Receipt{Value: v.basis.value, LastWeek: math.NaN(), History: d.History()}
	if mean, ok := d.SameHourLastWeek(time.Unix(0, d.clock.last)); ok {
		r.LastWeek = mean
	}
	points := max(7*daySeconds/max(d.clock.step, minStep), d.settings.AlarmsPerWeek)
	r.PerWeek = points
	if -v.Surprise < log10(points/d.settings.AlarmsPerWeek) { // else ordinary, which is most points
		r.PerWeek = d.settings.AlarmsPerWeek * math.Pow(10, -v.Surprise)
	}
	return r
}
