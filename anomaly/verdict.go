package anomaly

import "math"

// State of a series.
type State uint8

// The states. Their numbers are those of signals.AnomalyState*.
const (
	// Learning: too young to judge.
	Learning State = iota
	// Normal: within its band, or outside of it too briefly to matter.
	Normal
	// Anomalous: outside of its band for several points. Learning is frozen.
	Anomalous
	// Adapting: a level that lasted is being taken for the new normal.
	Adapting
)

var stateNames = [...]string{"learning", "normal", "anomalous", "adapting"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Threshold is the score at which a point counts as outside of its band.
const Threshold = 0.5

// Verdict is what a detector says of one point.
type Verdict struct {
	// Score is 0 (ordinary) to 1 (never seen); points at or above Threshold are
	// outside of the band. It is 0 while the series is Learning.
	Score float64
	// Surprise is the score without bounds: the decimal logarithm of how many times
	// rarer than the threshold the point is. Zero is the threshold.
	Surprise float64
	// Expected is the predicted value; Lower and Upper bound the ordinary ones, and
	// are infinite on a side that does not matter. They are NaN until Banded is true.
	Expected, Lower, Upper float64
	State                  State
	// Banded says that the series has a band; a handful of points is enough.
	Banded bool
	// Ignored says that the point was not used: it is NaN or infinite, late or a
	// duplicate. The other fields then repeat the last state only.
	Ignored bool
	// Receipt says why; AddBand fills it in.
	Receipt Receipt

	basis basis
}

// rarity is the distance in Surprise from the threshold to a score near the ends.
const rarity = 2.0

// score maps a surprise to 0..1 with the threshold at the middle.
func score(surprise float64) float64 {
	return 1 / (1 + math.Exp(-surprise*(2/rarity)))
}
