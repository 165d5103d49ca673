package promseries

import (
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// maxExemplars bounds the exemplars of one point; further ones are left out.
const maxExemplars = 64

// metric passes on the points of m and returns the latest time among them.
func (t *Translator) metric(r *resource, m pmetric.Metric, fn func(*Point)) int64 {
	kind, delta, ok := kindOf(m)
	if !ok {
		t.stats.Unsupported += int64(points(m))
		return 0
	}
	f, id, ok := t.metricFamily(m, kind)
	if !ok {
		return 0
	}
	var latest int64
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		latest = t.numbers(r, f, id, m.Gauge().DataPoints(), false, fn)
	case pmetric.MetricTypeSum:
		latest = t.numbers(r, f, id, m.Sum().DataPoints(), delta, fn)
	case pmetric.MetricTypeHistogram:
		latest = t.histograms(r, f, id, m.Histogram().DataPoints(), delta, fn)
	case pmetric.MetricTypeExponentialHistogram:
		latest = t.natives(r, f, id, m.ExponentialHistogram().DataPoints(), delta, fn)
	case pmetric.MetricTypeSummary:
		latest = t.summaries(r, f, id, m.Summary().DataPoints(), fn)
	case pmetric.MetricTypeEmpty:
	}
	return latest
}

// kindOf is false for a metric without a type or without a temporality.
func kindOf(m pmetric.Metric) (kind Kind, delta, ok bool) {
	temporality := pmetric.AggregationTemporalityCumulative
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return KindGauge, false, true
	case pmetric.MetricTypeSummary:
		return KindSummary, false, true
	case pmetric.MetricTypeSum:
		kind, temporality = KindGauge, m.Sum().AggregationTemporality()
		if m.Sum().IsMonotonic() {
			kind = KindCounter
		}
	case pmetric.MetricTypeHistogram:
		kind, temporality = KindHistogram, m.Histogram().AggregationTemporality()
	case pmetric.MetricTypeExponentialHistogram:
		kind, temporality = KindNative, m.ExponentialHistogram().AggregationTemporality()
	case pmetric.MetricTypeEmpty:
		return 0, false, false
	}
	return kind, temporality == pmetric.AggregationTemporalityDelta, temporality != pmetric.AggregationTemporalityUnspecified
}

func points(m pmetric.Metric) int {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		return m.Gauge().DataPoints().Len()
	case pmetric.MetricTypeSum:
		return m.Sum().DataPoints().Len()
	case pmetric.MetricTypeHistogram:
		return m.Histogram().DataPoints().Len()
	case pmetric.MetricTypeExponentialHistogram:
		return m.ExponentialHistogram().DataPoints().Len()
	case pmetric.MetricTypeSummary:
		return m.Summary().DataPoints().Len()
	case pmetric.MetricTypeEmpty:
	}
	return 1
}

// begin finds the series and fills what all kinds of points have. It is nil
// when the series is refused.
func (t *Translator) begin(r *resource, f *Family, id uint64, attrs pcommon.Map, at, start pcommon.Timestamp, flags pmetric.DataPointFlags, delta bool) *Point {
	s := t.find(r, f, id, attrs, delta)
	if s == nil {
		return nil
	}
	p := t.point(s, millis(at), millis(start))
	if p.Time == 0 {
		p.Time = t.now
	}
	p.Stale = flags.NoRecordedValue()
	return p
}

func millis(ts pcommon.Timestamp) int64 { return int64(ts / 1e6) } //nolint:gosec // nanoseconds of this era fit

func (t *Translator) numbers(r *resource, f *Family, id uint64, dps pmetric.NumberDataPointSlice, delta bool, fn func(*Point)) int64 {
	var latest int64
	for _, dp := range dps.All() {
		p := t.begin(r, f, id, dp.Attributes(), dp.Timestamp(), dp.StartTimestamp(), dp.Flags(), delta)
		if p == nil {
			continue
		}
		if !p.Stale {
			p.Value = dp.DoubleValue()
			if dp.ValueType() == pmetric.NumberDataPointValueTypeInt {
				p.Value = float64(dp.IntValue())
			}
			if delta && !t.addNumber(p) {
				continue
			}
			t.exemplars(p, dp.Exemplars())
		}
		latest = max(latest, p.Time)
		fn(p)
	}
	return latest
}

func (t *Translator) histograms(r *resource, f *Family, id uint64, dps pmetric.HistogramDataPointSlice, delta bool, fn func(*Point)) int64 {
	var latest int64
	for _, dp := range dps.All() {
		p := t.begin(r, f, id, dp.Attributes(), dp.Timestamp(), dp.StartTimestamp(), dp.Flags(), delta)
		if p == nil {
			continue
		}
		if !p.Stale {
			if !fillHistogram(&p.Histogram, dp) {
				t.stats.Unsupported++
				continue
			}
			if delta && !t.addHistogram(p) {
				continue
			}
			if !slices.Equal(p.Series.Bounds, p.Histogram.Bounds) {
				p.Series.Bounds = slices.Clone(p.Histogram.Bounds)
			}
			t.exemplars(p, dp.Exemplars())
		}
		latest = max(latest, p.Time)
		fn(p)
	}
	return latest
}

// fillHistogram is false when the buckets do not match the bounds.
func fillHistogram(h *Histogram, dp pmetric.HistogramDataPoint) bool {
	bounds, counts := dp.ExplicitBounds(), dp.BucketCounts()
	h.Bounds, h.Cumulative = h.Bounds[:0], h.Cumulative[:0]
	h.Count, h.Sum, h.HasSum = dp.Count(), dp.Sum(), dp.HasSum()
	if counts.Len() == 0 { // count and sum only
		h.Cumulative = append(h.Cumulative, h.Count)
		return true
	}
	if counts.Len() != bounds.Len()+1 {
		return false
	}
	var sum uint64
	for i := range counts.Len() {
		sum += counts.At(i)
		if i < bounds.Len() {
			h.Bounds = append(h.Bounds, bounds.At(i))
		}
		h.Cumulative = append(h.Cumulative, sum)
	}
	h.Count = sum // the buckets win, so that +Inf equals the count
	return true
}

func (t *Translator) natives(r *resource, f *Family, id uint64, dps pmetric.ExponentialHistogramDataPointSlice, delta bool, fn func(*Point)) int64 {
	var latest int64
	for _, dp := range dps.All() {
		p := t.begin(r, f, id, dp.Attributes(), dp.Timestamp(), dp.StartTimestamp(), dp.Flags(), delta)
		if p == nil {
			continue
		}
		if !p.Stale {
			if !p.Native.fill(dp) {
				t.stats.Unsupported++
				continue
			}
			if delta && !t.addNative(p) {
				continue
			}
			t.exemplars(p, dp.Exemplars())
		}
		latest = max(latest, p.Time)
		fn(p)
	}
	return latest
}

func (t *Translator) summaries(r *resource, f *Family, id uint64, dps pmetric.SummaryDataPointSlice, fn func(*Point)) int64 {
	var latest int64
	for _, dp := range dps.All() {
		p := t.begin(r, f, id, dp.Attributes(), dp.Timestamp(), dp.StartTimestamp(), dp.Flags(), false)
		if p == nil {
			continue
		}
		if !p.Stale {
			s := &p.Summary
			s.Quantiles, s.Values, s.Count, s.Sum = s.Quantiles[:0], s.Values[:0], dp.Count(), dp.Sum()
			for _, q := range dp.QuantileValues().All() {
				s.Quantiles = append(s.Quantiles, q.Quantile())
				s.Values = append(s.Values, q.Value())
			}
			if !slices.Equal(p.Series.Quantiles, s.Quantiles) {
				p.Series.Quantiles = slices.Clone(s.Quantiles)
			}
		}
		latest = max(latest, p.Time)
		fn(p)
	}
	return latest
}

// exemplars copies the exemplars of a point, oldest first.
func (t *Translator) exemplars(p *Point, all pmetric.ExemplarSlice) {
	for i, e := range all.All() {
		if i == maxExemplars {
			break
		}
		x := Exemplar{Value: e.DoubleValue(), Time: millis(e.Timestamp())}
		if e.ValueType() == pmetric.ExemplarValueTypeInt {
			x.Value = float64(e.IntValue())
		}
		room := maxExemplarRunes
		add := func(name, value string) {
			if n := utf8.RuneCountInString(name) + utf8.RuneCountInString(value); n <= room {
				room -= n
				x.Labels = append(x.Labels, Label{name, value})
			}
		}
		if id := e.TraceID(); !id.IsEmpty() {
			add("trace_id", hex.EncodeToString(id[:]))
		}
		if id := e.SpanID(); !id.IsEmpty() {
			add("span_id", hex.EncodeToString(id[:]))
		}
		for _, l := range merge(t.names.appendAttrs(nil, e.FilteredAttributes(), "trace_id", "span_id"), 0) {
			add(l.Name, l.Value)
		}
		x.Labels = addMissing(nil, x.Labels)
		p.Exemplars = append(p.Exemplars, x)
	}
	slices.SortStableFunc(p.Exemplars, func(a, b Exemplar) int { return int(a.Time - b.Time) })
}
