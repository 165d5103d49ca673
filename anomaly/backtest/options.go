package backtest

import (
	"errors"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

// Interval is a stretch of time, both ends included.
type Interval struct{ Start, End time.Time }

// Options of a backtest.
type Options struct {
	// Above and Below are fixed thresholds; nil is none.
	Above, Below *float64
	// Sigma is the half width, in standard deviations, of the band around the mean of
	// the learning part.
	Sigma float64
	// For is how long flags must last before rules alert. The detector has a patience of
	// its own, see Settings.For.
	For time.Duration
	// Pad is how far from an incident a page still belongs to it.
	Pad time.Duration
	// Learn is when the learning part ends.
	Learn time.Time
	// Incidents are known troubles of all series. Points may be marked as well.
	Incidents []Interval
	// Labelled says that points will be marked.
	Labelled bool
	// Settings of the detector.
	Settings anomaly.Settings
}

// DefaultOptions for a history whose learning part ends at learn.
func DefaultOptions(learn time.Time) Options {
	return Options{
		Sigma:    3,               // what textbooks say
		For:      5 * time.Minute, // what most rules have
		Pad:      7 * time.Minute, // an alert that comes so early or late still tells
		Learn:    learn,
		Settings: anomaly.DefaultSettings(),
	}
}

// Validate names the field and the fix.
func (o *Options) Validate() error {
	switch {
	case !(o.Sigma > 0):
		return errors.New("Sigma must be positive")
	case o.For < 0 || o.Pad < 0:
		return errors.New("For and Pad must not be negative")
	case o.Above != nil && o.Below != nil && *o.Above <= *o.Below:
		return errors.New("Above must be larger than Below")
	}
	for _, i := range o.Incidents {
		if i.End.Before(i.Start) {
			return errors.New("Incidents must not end before they start")
		}
	}
	return o.Settings.Validate()
}

// known says whether there are incidents to judge by.
func (o *Options) known() bool { return o.Labelled || len(o.Incidents) > 0 }

func sorted(list []Interval) []Interval {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Interval) int { return a.Start.Compare(b.Start) })
	return list
}
