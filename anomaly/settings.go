package anomaly

import (
	"errors"
	"time"
)

// Direction says which side of the band matters.
type Direction uint8

// The directions.
const (
	Both Direction = iota
	Up
	Down
)

// Settings of detectors. One value may serve any number of them; it must not
// change while they use it.
type Settings struct {
	// MinHistory is how long a series must have been observed before it may be
	// anomalous. Until then it is Learning and its score is 0.
	MinHistory time.Duration
	// Direction is the side of the band on which deviations count.
	Direction Direction
	// Floor is the smallest absolute deviation that matters, in the unit of the
	// values; MinChange the smallest as a share of the expected value. A deviation
	// must exceed both. Zero is no limit.
	Floor, MinChange float64
	// AlarmsPerWeek is how many points a week may reach the threshold by chance.
	AlarmsPerWeek float64
	// For is how long points must be outside of the band to be an anomaly, up to 48
	// points. Zero is a minute, at least two points and at most six.
	For time.Duration
	// AdoptAfter is how long an anomaly lasts before its level is taken for the
	// new normal. Zero is never.
	AdoptAfter time.Duration
}

// DefaultSettings are those that fit most series.
func DefaultSettings() Settings {
	return Settings{
		MinHistory:    24 * time.Hour, // one whole day, so that each hour was seen once
		AlarmsPerWeek: 0.3,            // less than one a week after the M of N points of an alarm
		AdoptAfter:    time.Hour,      // a change that lasted so long is no surprise any more
	}
}

// Validate names the field and the fix.
func (s *Settings) Validate() error {
	switch {
	case s.MinHistory < 0:
		return errors.New("MinHistory must not be negative")
	case s.Direction > Down:
		return errors.New("Direction must be Both, Up or Down")
	case !(s.Floor >= 0) || !(s.MinChange >= 0):
		return errors.New("Floor and MinChange must be zero or positive")
	case !(s.AlarmsPerWeek > 0):
		return errors.New("AlarmsPerWeek must be positive")
	case s.For < 0:
		return errors.New("For must not be negative")
	case s.AdoptAfter < 0:
		return errors.New("AdoptAfter must not be negative")
	}
	return nil
}
