package anomalyconnector

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// rate turns the points of a counter into a value per second.
type rate struct {
	value float64
	time  pcommon.Timestamp
}

// cumulative takes a point of a cumulative counter. ok is false for the first
// point and for late ones. After a reset the counter is taken to have begun at
// zero at start, or at the last point when start is not known.
func (r *rate) cumulative(v float64, start, t pcommon.Timestamp) (perSecond float64, ok bool) {
	last := *r
	if last.time != 0 && t <= last.time {
		return 0, false
	}
	r.value, r.time = v, t
	switch {
	case last.time == 0:
		return 0, false
	case v < last.value || start > last.time && start < t: // reset
		if start <= last.time || start >= t {
			start = last.time
		}
		return v / seconds(start, t), true
	default:
		return (v - last.value) / seconds(last.time, t), true
	}
}

// delta takes a point that counts from start, or from the last point when start
// is not known.
func (r *rate) delta(v float64, start, t pcommon.Timestamp) (perSecond float64, ok bool) {
	last := r.time
	if last != 0 && t <= last {
		return 0, false
	}
	r.time = t
	if start == 0 || start >= t {
		start = last
	}
	if start == 0 {
		return 0, false
	}
	return v / seconds(start, t), true
}

func seconds(from, to pcommon.Timestamp) float64 { return float64(to-from) / 1e9 }

// take is cumulative, delta, or v itself when the temporality is unspecified.
func (r *rate) take(v float64, start, t pcommon.Timestamp, temporality pmetric.AggregationTemporality) (float64, bool) {
	switch temporality {
	case pmetric.AggregationTemporalityCumulative:
		return r.cumulative(v, start, t)
	case pmetric.AggregationTemporalityDelta:
		return r.delta(v, start, t)
	default:
		return v, true
	}
}
