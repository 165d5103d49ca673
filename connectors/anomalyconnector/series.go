package anomalyconnector

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/anomaly"
)

// series is one watched series. It holds no text: a point brings the names along.
type series struct {
	id       seriesID
	detector *anomaly.Detector
	rule     *rule    // nil from Restore to the first point
	outlook  *outlook // nil when not forecast
	rate     rate
	sum      rate // of histograms: the sum of the values
	seen     time.Time
	exported bool
	negative bool // values below zero have been seen
	asked    bool // history was asked for
	rollup   bool // it stands for the refused series of a metric
	rolled   int32
	buckets  *buckets // of histograms
	// baselineID is the id of its points in the baseline families, zero before the first.
	baselineID uint64
	// baselineAt is the time of the last exported point, openedAt when the present
	// anomaly began; zero is none. leader is the series whose finding tells of it.
	baselineAt, openedAt pcommon.Timestamp
	leader               seriesID
}

// find returns the series of an id and admits it if it is new and there is room.
func (w *watcher) find(id seriesID, r *rule) *series {
	s, ok := w.series[id]
	if !ok {
		if w.bytes+seriesBytes > w.cfg.MaxBytes {
			w.expire(fullExpiry, &w.madeRoomAt)
			if w.bytes+seriesBytes > w.cfg.MaxBytes {
				w.counts.refused++
				return nil
			}
		}
		s = w.admit(id, r)
	}
	w.use(s, r)
	return s
}

// admit makes a series. Its rule decides at the first use.
func (w *watcher) admit(id seriesID, r *rule) *series {
	s := &series{id: id, detector: anomaly.New(&r.settings)}
	w.series[id] = s
	w.bytes += seriesBytes
	w.allowExport(s)
	return s
}

// use notes that the series has a point.
func (w *watcher) use(s *series, r *rule) {
	if s.rule == nil {
		s.rule = r
		s.detector.Use(&r.settings)
		w.allowForecast(s)
	}
	s.seen = w.batchTime
}

func (w *watcher) allowExport(s *series) {
	if w.exported < w.cfg.MaxBaselines {
		s.exported = true
		w.exported++
	}
}

// allowForecast begins or ends the forecast of a series whose rule is known.
func (w *watcher) allowForecast(s *series) {
	switch {
	case s.rule.Forecast && s.outlook == nil && w.forecasts < w.cfg.MaxForecasts:
		s.outlook = newOutlook(s.rule)
		w.forecasts++
		w.bytes += outlookBytes
	case s.rule.Forecast && s.outlook != nil: // restored
		s.outlook.use(s.rule)
	case !s.rule.Forecast && s.outlook != nil:
		s.outlook = nil
		w.forecasts--
		w.bytes -= outlookBytes
	}
}

const (
	// sweepInterval is how often series are looked through for expired ones.
	sweepInterval = time.Minute
	// fullExpiry is the age at which a series makes room for a new one when there is
	// none; sooner it is taken for alive.
	fullExpiry = time.Hour
)

// expire forgets series without points for longer than age, unless it did so a
// short while after last.
func (w *watcher) expire(age time.Duration, last *time.Time) {
	if w.batchTime.Sub(*last) < sweepInterval {
		return
	}
	*last = w.batchTime
	for id, s := range w.series {
		if w.batchTime.Sub(s.seen) > age {
			delete(w.series, id)
			w.counts.expired++
			w.forget(s)
		}
	}
}

// forget gives back what a series held.
func (w *watcher) forget(s *series) {
	w.leave(s)
	w.bytes -= seriesBytes + s.buckets.bytes()
	if s.exported {
		w.exported--
	}
	if s.rollup {
		w.rollups--
	}
	if s.outlook != nil {
		w.forecasts--
		w.bytes -= outlookBytes
	}
}
