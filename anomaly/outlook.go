package anomaly

import (
	"time"

	"github.com/tidewatch/tidewatch/anomaly/forecast"
)

// WeekHours is how many hours an Outlook looks back.
const WeekHours = weekHours

// Outlook is what is known of a series beyond its last hour. Values are in the unit in
// which the series is judged: per second for counters.
type Outlook struct {
	// History is how long the series has been observed, gaps left out.
	History time.Duration
	// WeekBegin is the hour in which the mean value Week[0] was observed; the others
	// follow hour by hour, so that Week[0] is of a week ago and the last one of the hour
	// before the present. It is to two digits, and NaN where nothing was observed.
	WeekBegin time.Time
	Week      []float64
	// Forecast are the means of the next bins, the first of which begins at
	// ForecastBegin and each of which is ForecastStep long. It is nil for a series that
	// is not forecast, or not yet.
	Forecast      []forecast.Point
	ForecastBegin time.Time
	ForecastStep  time.Duration
}

// Lookout answers what is known of single series. ids are those of the local page. It
// may be asked from any goroutine.
type Lookout interface {
	// Outlook is false for a series that is not watched, or has no baseline yet.
	Outlook(id uint64, now time.Time) (Outlook, bool)
}

// Week appends the mean values of the 168 hours before that of now to means, oldest
// first, and returns it; NaN where nothing was observed.
func (d *Detector) Week(now time.Time, means []float64) []float64 {
	for i := range int64(weekHours) {
		mean, _ := d.SameHourLastWeek(now.Add(time.Duration(i-weekHours) * time.Hour))
		means = append(means, mean)
	}
	return means
}
