package anomaly

import "math"

const (
	// Where points come close to each other, one alone needs alone more surprise
	// than the threshold, and one after others that were surprising up to
	// company less: a glitch lasts one point, an incident more. closeSeconds is how
	// far apart points may be to be each other's company.
	alone        = 0.7
	company      = 1.3
	mostCompany  = 1.2 // in thresholds
	keepCompany  = 0.5 // of what the points before said
	closeSeconds = 180
	// After an alarm another one is likelier, as quakes come with aftershocks: the
	// threshold is aftershock higher, less from hour to hour.
	aftershock        = 0.5
	aftershockSeconds = 4 * hour
	forgotten         = 0.001
)

// recent is what the last points say about the next one.
type recent struct {
	surprise   float32 // of the points before, in thresholds, fading
	aftershock float32 // what is added to the threshold
	quiet      uint8   // points within the band, as far as they end an alarm
}

// raise is what is added to the threshold of a point that comes gap seconds after
// the last one.
func (r *recent) raise(gap, step float64) float64 {
	if r.aftershock > 0 {
		if r.aftershock *= float32(math.Exp(-gap / aftershockSeconds)); r.aftershock < forgotten {
			r.aftershock = 0
		}
	}
	x := step * (1.0 / closeSeconds)
	near := 1 / (1 + x*(1+x*(1.0/2+x*(1.0/6+x*(1.0/24))))) // exp(-x), nearly
	return float64(r.aftershock) + near*(alone-company*min(float64(r.surprise), mostCompany))
}

// learn takes how surprising a point was, in thresholds that were not raised.
func (r *recent) learn(surprise float64, outside bool) {
	r.surprise = max(r.surprise*keepCompany, short(surprise))
	switch {
	case outside:
		r.quiet = 0
	case r.quiet < episodeQuiet:
		if r.quiet++; r.quiet == episodeQuiet {
			r.aftershock = aftershock
		}
	}
}
