package anomaly

import (
	"math"
	"math/bits"
)

const (
	// An alarm needs some points outside of the band out of a few more than that:
	// those of Settings.For, or of a minute but at most six.
	evidence  = 60 // seconds
	leastHold = 2
	autoHold  = 6
	mostHold  = 48
	spareHold = 2
	// adaptPoints is how many points a new level is followed without judging.
	adaptPoints = 60
)

// alarm turns single points into a state that doesn't flap.
type alarm struct {
	start    int64   // when the first point of the anomaly was seen, Unix nanoseconds
	mean     float64 // recent mean during the anomaly: the candidate for the new level
	recent   uint64  // one bit a point, the latest lowest: outside of the band
	first    int64   // when the oldest recent point outside was seen
	adapting uint32  // points left
	state    State
}

// holdPoints is how many points outside of the band make an alarm.
func holdPoints(length, step float64) int {
	if length > 0 {
		return min(max(int(math.Ceil(length/step-0.01)), leastHold), mostHold)
	}
	return min(max(int(evidence/step+0.5), leastHold), autoHold)
}

// spare is how many points of an alarm's window may be within the band.
func spare(hold int) int { return max(spareHold, hold/8) }

// step takes one point and returns whether the state became Adapting.
func (a *alarm) step(t int64, v float64, outside bool, hold int, adoptAfter float64) (adopt bool) {
	a.recent <<= 1
	if outside {
		a.recent |= 1
	}
	window := uint64(1)<<(hold+spare(hold)) - 1
	count := bits.OnesCount64(a.recent & window)
	if outside && count == 1 {
		a.first = t
	}
	switch a.state {
	case Learning:
		a.state = Normal
	case Normal:
		if outside && count >= hold {
			a.state, a.start, a.mean = Anomalous, a.first, v
		}
	case Anomalous:
		a.mean += 0.2 * (v - a.mean)
		switch {
		case count <= 1 && !outside:
			a.state = Normal
		case adoptAfter > 0 && float64(t-a.start)/1e9 >= adoptAfter && count >= hold:
			a.state, a.adapting, a.recent = Adapting, adaptPoints, 0
			return true
		}
	case Adapting:
		a.recent = 0
		if a.adapting--; a.adapting == 0 {
			a.state = Normal
		}
	}
	return false
}
