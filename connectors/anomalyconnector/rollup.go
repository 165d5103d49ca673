package anomalyconnector

import (
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/attrhash"
)

const (
	// seriesBytes is what a series holds: its detector, itself, and its place in the map.
	seriesBytes = int64(unsafe.Sizeof(anomaly.Detector{})+unsafe.Sizeof(series{})) + 64
	// outlookBytes is what its forecast adds.
	outlookBytes = 2400
	// maxRollups bounds the series beyond max_bytes that stand for those refused.
	maxRollups = 100
	// other is the name of all that has none of its own.
	other        = "<other>"
	otherSeries  = "series"
	rollupMarker = 0x726f6c6c // tells a rollup from a series without attributes
)

// rollup is what the refused points of one metric come to in one batch: the sum of a
// counter, the mean of a gauge.
type rollup struct {
	sum         float64
	n           int
	start, time pcommon.Timestamp
}

func (r *rollup) add(v float64, start, t pcommon.Timestamp) {
	r.sum += v
	r.n++
	r.start, r.time = max(r.start, start), max(r.time, t)
}

// roll judges what the refused points of a metric come to, as one series named <other>.
// When others are refused than the last time, sums can't be compared and the rate
// begins anew.
func (b *batch) roll(temporality pmetric.AggregationTemporality, part uint64) {
	r := b.rollup
	b.rollup = rollup{}
	if r.n == 0 {
		return
	}
	w := b.watcher
	id := seriesID(attrhash.Combine(b.metricHash+part, rollupMarker))
	s := w.series[id]
	if s == nil {
		if w.rollups >= maxRollups {
			return
		}
		w.rollups++
		s = w.admit(id, b.rule)
		s.rollup = true
	}
	w.use(s, b.rule)
	w.counts.rolledUp += int64(r.n)
	v := r.sum
	if temporality == pmetric.AggregationTemporalityUnspecified {
		v /= float64(r.n)
	}
	if int(s.rolled) != r.n {
		s.rate, s.rolled = rate{}, int32(r.n)
	}
	attributes := pcommon.NewMap()
	attributes.PutStr(otherSeries, other)
	b.subject.attributes = attributes
	if perSecond, ok := s.rate.take(v, r.start, r.time, temporality); ok {
		b.judge(s, r.time, perSecond)
	}
}
