package anomalyconnector

import (
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/signals"
)

// lookedAt is what shows single series to people: the console extension.
type lookedAt interface{ ServeBaselines(x anomaly.Lookout) }

func (w *watcher) serve(host component.Host) {
	if host == nil {
		return
	}
	for _, e := range host.GetExtensions() {
		if x, ok := e.(lookedAt); ok {
			x.ServeBaselines(w)
		}
	}
}

var metricKey = xxhash.Sum64String(signals.AttrMetric)

// baselineID is the hash of a point of the baseline families: of the resource and of
// the attributes of the series with the metric's name among them.
func (b *batch) baselineID() uint64 {
	name := attrhash.Combine(metricKey, xxhash.Sum64String(b.subject.name()))
	return attrhash.Combine(b.resourceHash, attrhash.Map(b.subject.attributes)+name)
}

// Outlook is what is known of the series whose baseline has the id.
func (w *watcher) Outlook(id uint64, now time.Time) (anomaly.Outlook, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.series {
		if s.baselineID == id && id != 0 {
			return s.look(now), true
		}
	}
	return anomaly.Outlook{}, false
}

func (s *series) look(now time.Time) anomaly.Outlook {
	hour := now.Truncate(time.Hour)
	out := anomaly.Outlook{
		History: s.detector.History(), WeekBegin: hour.Add(-anomaly.WeekHours * time.Hour),
		Week: s.detector.Week(hour, make([]float64, 0, anomaly.WeekHours)),
	}
	o := s.outlook
	if o == nil || o.binAt.IsZero() || o.forecaster.History() < forecastHistory {
		return out
	}
	out.ForecastStep, out.ForecastBegin = forecastStep, o.binAt.Add(forecastStep)
	out.Forecast = o.forecaster.Append(nil)
	return out
}
