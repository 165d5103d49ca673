package anomaly

import "math"

// noise turns a remainder into a surprise. It knows how large remainders are in
// general, at this hour of the day and right now, and how the scaled and the raw
// ones were distributed.
type noise struct {
	slow, local, square float64     // mean absolute remainders, mean square
	hours               [12]float32 // mean absolute remainder in each two hours of the day
	scaled, raw         tail
	n                   uint32
}

const (
	slowShare  = 0.7
	hoursShare = 1.3
	// hoursMost bounds the scale of an hour, in mean remainders, lest an incident make its
	// hour deaf for days.
	hoursMost  = 2.5
	localShare = 0.8
	rmsShare   = 0.4
	// scaledShare is the weight of the scaled remainder's surprise, the raw one has the rest.
	scaledShare = 0.85
	// outlierScale bounds what one remainder may add to the noise.
	outlierScale = 2.5
	youngNoise   = 50
	dayPoints    = 100
	// hoursMemory is how many hours of points the noise of an hour of the day is a mean of.
	hoursMemory = 16
)

func (c *noise) scale(hourOfDay int, floor float64) float64 {
	hours := min(hoursShare*float64(c.hours[hourOfDay/2]), hoursMost*c.slow)
	s := max(slowShare*c.slow, hours, localShare*c.local)
	return max(s, floor, rmsShare*math.Sqrt(c.square))
}

// surprise of the absolute remainder e; unit is the spread of the raw values.
func (c *noise) surprise(e, scale, unit float64) float64 {
	return scaledShare*c.scaled.surprise(e/scale) + (1-scaledShare)*c.raw.surprise(e/unit)
}

// learn follows the size of remainders.
func (c *noise) learn(e, scale float64, hourOfDay int, localPoints float64, r rates, step float64) {
	c.n++
	n := float64(c.n)
	// A day, but some points at least: those of an incident must not be all that counts.
	day := min(r.day, 1.0/dayPoints)
	c.square += max(day, 1/n) * (e*e - c.square)
	if n > youngNoise {
		e = min(e, outlierScale*scale)
	}
	young := 2 / (n + 1)
	c.slow += max(day, young) * (e - c.slow)
	c.local += max(2/(localPoints+1), young) * (e - c.local)
	a := min(step/hour/hoursMemory, 0.5)
	c.hours[hourOfDay/2] += float32(a * (e - float64(c.hours[hourOfDay/2])))
}

// learnTails adds a scaled and a raw remainder to the distributions.
func (c *noise) learnTails(scaled, raw, memory float64) {
	c.scaled.learn(scaled, memory)
	c.raw.learn(raw, memory)
}

// steepness of the surprise by the decimal logarithm of the remainder.
func (c *noise) steepness(e, scale, unit float64) float64 {
	return scaledShare*c.scaled.steepness(e/scale) + (1-scaledShare)*c.raw.steepness(e/unit)
}
