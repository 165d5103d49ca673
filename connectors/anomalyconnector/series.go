package anomalyconnector

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/anomaly"
)

// series is one watched series. It holds no text: a point brings the names along.
type series struct {
	detector *anomaly.Detector
	rule     *rule // nil from Restore to the first point
	rate     rate
	sum      rate // of histograms: the sum of the values
	seen     time.Time
	exported bool
	negative bool // values below zero have been seen
	// baselineAt is the time of the last exported point, notifiedAt that of the last
	// finding about the present anomaly; zero is none.
	baselineAt, notifiedAt pcommon.Timestamp
	openedAt               pcommon.Timestamp
}

// find returns the series of an id and admits it if it is new and there is room.
func (w *watcher) find(id seriesID, r *rule) *series {
	s, ok := w.series[id]
	if !ok {
		if len(w.series) >= w.cfg.MaxSeries {
			w.expire(fullExpiry, &w.madeRoomAt)
			if len(w.series) >= w.cfg.MaxSeries {
				w.counts.refused++
				return nil
			}
		}
		s = &series{detector: anomaly.New(&r.settings), rule: r}
		w.series[id] = s
		w.allowExport(s)
	}
	if s.rule == nil {
		s.rule = r
		s.detector.Use(&r.settings)
	}
	s.seen = w.batchTime
	return s
}

func (w *watcher) allowExport(s *series) {
	if w.exported < w.cfg.MaxBaselines {
		s.exported = true
		w.exported++
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
			if s.exported {
				w.exported--
			}
		}
	}
}
