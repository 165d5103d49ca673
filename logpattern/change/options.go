package change

import "time"

// Options of a Detector. Zero values mean the defaults.
type Options struct {
	// Learning is how long after the first line all patterns are new and none is
	// reported. Negative: no time at all. Default 10 minutes: longer than most
	// programs need to say each of their usual messages once.
	Learning time.Duration
	// MaxPatterns is how many patterns are known; the least recently seen goes
	// first. Default 2000.
	MaxPatterns int
	// FloodLines is how many lines within a minute are a flood of a pattern that
	// has less than an hour of history. Default 100: what a person would not read
	// line by line.
	FloodLines int
	// Ratio is how many times the most that is expected a flood or a spike must
	// reach, however unlikely less may be. Default 4: growth is not a spike.
	Ratio float64
	// UpdateEvery is the shortest time between updates of one change. Default 5
	// minutes.
	UpdateEvery time.Duration
	// ResolveAfter is how long a flood must be over, or a new pattern silent.
	// Default 5 minutes.
	ResolveAfter time.Duration
	// MaxNew is how many new patterns are reported within a minute; a Storm names
	// the others. Default 10: a deploy is not a hundred findings.
	MaxNew int
	// MaxChanges is how many changes of all kinds are reported within ten minutes,
	// errors twice as many; a Storm names the others. Default 30: more than a person
	// reads in that time.
	MaxChanges int
}

func (o Options) withDefaults() Options {
	if o.Learning == 0 {
		o.Learning = 10 * time.Minute
	}
	if o.MaxPatterns <= 0 {
		o.MaxPatterns = 2000
	}
	if o.FloodLines <= 0 {
		o.FloodLines = 100
	}
	if o.Ratio <= 1 {
		o.Ratio = 4
	}
	if o.UpdateEvery <= 0 {
		o.UpdateEvery = 5 * time.Minute
	}
	if o.ResolveAfter <= 0 {
		o.ResolveAfter = 5 * time.Minute
	}
	if o.MaxNew <= 0 {
		o.MaxNew = 10
	}
	if o.MaxChanges <= 0 {
		o.MaxChanges = 30
	}
	return o
}
