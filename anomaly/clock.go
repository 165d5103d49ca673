package anomaly

// clock keeps the times of a series: it refuses late points, learns the step and
// counts history. Times are Unix nanoseconds.
type clock struct {
	last     int64
	previous int64   // last refused point
	step     float64 // seconds
	history  float64 // seconds observed, gaps left out
	late     uint8
}

const (
	// sureLate is how many points in a row, each later than the one before, show that
	// the clock was set back and the points are not late.
	sureLate = 20
	// gapSteps is the length of a silence, in steps, that is not part of the history.
	gapSteps = 10
	maxStep  = 7 * daySeconds
	minStep  = 1e-3
)

// tick takes the time of a point. ok is false if the point is late or a
// duplicate; gap is the seconds since the last point.
func (c *clock) tick(t int64, first bool) (gap float64, ok bool) {
	if first {
		c.last = t
		return 0, true
	}
	if t <= c.last {
		if t > c.previous || c.late == 0 {
			c.late++
		} else {
			c.late = 1
		}
		c.previous = t
		if c.late < sureLate {
			return 0, false
		}
		c.late, c.last = 0, t
		return 0, true
	}
	c.late = 0
	gap = float64(t-c.last) / 1e9
	c.last = t
	if c.step == 0 {
		c.step = clampStep(gap)
	}
	if gap <= gapSteps*c.step {
		c.history += gap
	}
	// Bounded, so that one gap says little and a new step is learned in some points.
	c.step += 0.1 * (min(max(gap, c.step/2), c.step*2) - c.step)
	c.step = clampStep(c.step)
	return gap, true
}

func clampStep(s float64) float64 { return min(max(s, minStep), maxStep) }
