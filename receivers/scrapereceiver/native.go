package scrapereceiver

import (
	"github.com/prometheus/prometheus/model/histogram"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// maxDense bounds the buckets of one sign: OpenTelemetry has no gaps in them. Wider ones
// lose resolution.
const maxDense = 1024

// native adds a native histogram; it is false for one that has no form here: one of
// gauges, or one whose buckets are of another kind than the metric's others.
func (b *batch) native(s *series, v *value) bool {
	m, f := b.metric(s.slot), v.floats
	if v.integers != nil {
		f = v.integers.ToFloat(nil)
	}
	if f == nil || f.CounterResetHint == histogram.GaugeType || f.Validate() != nil {
		return false
	}
	const cumulative = pmetric.AggregationTemporalityCumulative
	if f.UsesCustomBuckets() {
		if m.Type() == pmetric.MetricTypeEmpty {
			m.SetEmptyHistogram().SetAggregationTemporality(cumulative)
		}
		if m.Type() != pmetric.MetricTypeHistogram {
			return false
		}
		b.t.cache.slots[s.slot].custom = true
		p := m.Histogram().DataPoints().AppendEmpty()
		p.SetTimestamp(v.at)
		p.SetStartTimestamp(v.start)
		putLabels(p.Attributes(), s.labels)
		p.SetCount(whole(f.Count))
		p.SetSum(f.Sum)
		p.ExplicitBounds().FromRaw(f.CustomValues)
		counts := make([]uint64, len(f.CustomValues)+1)
		each(f.PositiveSpans, f.PositiveBuckets, func(i int32, count float64) {
			if i >= 0 && int(i) < len(counts) {
				counts[i] = whole(count)
			}
		})
		p.BucketCounts().FromRaw(counts)
		return true
	}
	if m.Type() == pmetric.MetricTypeEmpty {
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(cumulative)
	}
	for wide(f.PositiveSpans) || wide(f.NegativeSpans) {
		if f.Schema <= -4 || f.ReduceResolution(f.Schema-1) != nil {
			return false
		}
	}
	if m.Type() != pmetric.MetricTypeExponentialHistogram {
		return false
	}
	p := m.ExponentialHistogram().DataPoints().AppendEmpty()
	p.SetTimestamp(v.at)
	p.SetStartTimestamp(v.start)
	putLabels(p.Attributes(), s.labels)
	p.SetScale(f.Schema)
	p.SetCount(whole(f.Count))
	p.SetSum(f.Sum)
	p.SetZeroCount(whole(f.ZeroCount))
	p.SetZeroThreshold(f.ZeroThreshold)
	dense(p.Positive(), f.PositiveSpans, f.PositiveBuckets)
	dense(p.Negative(), f.NegativeSpans, f.NegativeBuckets)
	return true
}

// each calls fn for every bucket, by its index.
func each(spans []histogram.Span, counts []float64, fn func(int32, float64)) {
	index, at := int32(0), 0
	for _, span := range spans {
		index += span.Offset
		for range span.Length {
			if at < len(counts) {
				fn(index, counts[at])
			}
			index, at = index+1, at+1
		}
	}
}

func wide(spans []histogram.Span) bool {
	var width int64
	for i, s := range spans {
		width += int64(s.Length)
		if i > 0 {
			width += int64(s.Offset)
		}
	}
	return width > maxDense
}

// dense fills buckets. Their index is one below Prometheus', which counts by upper bounds.
func dense(to pmetric.ExponentialHistogramDataPointBuckets, spans []histogram.Span, counts []float64) {
	if len(spans) == 0 {
		return
	}
	first := spans[0].Offset
	to.SetOffset(first - 1)
	each(spans, counts, func(i int32, count float64) { putCount(to.BucketCounts(), int(i-first), count) })
}

func putCount(to pcommon.UInt64Slice, i int, count float64) {
	for to.Len() <= i {
		to.Append(0)
	}
	to.SetAt(i, whole(count))
}
