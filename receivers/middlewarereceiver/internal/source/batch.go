package source

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Batch appends metrics of one server and one time.
type Batch struct {
	// Attributes are those of the resource, with the server's own in them.
	Attributes pcommon.Map

	metrics    pmetric.MetricSlice
	start, now pcommon.Timestamp
}

// Batch begins a ResourceMetrics in md. start is since when sums count.
func (s Server) Batch(md pmetric.Metrics, start, now time.Time) Batch {
	rm := md.ResourceMetrics().AppendEmpty()
	s.Describe(rm.Resource().Attributes())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(ScopeName)
	return Batch{
		Attributes: rm.Resource().Attributes(), metrics: sm.Metrics(),
		start: pcommon.NewTimestampFromTime(start), now: pcommon.NewTimestampFromTime(now),
	}
}

// Metric takes points.
type Metric struct {
	points     pmetric.NumberDataPointSlice
	start, now pcommon.Timestamp
}

// Gauge begins a metric of values that go up and down and do not add up over servers.
func (b Batch) Gauge(name, unit, description string) Metric {
	return Metric{points: b.metric(name, unit, description).SetEmptyGauge().DataPoints(), now: b.now}
}

// Counter begins a cumulative monotonic sum.
func (b Batch) Counter(name, unit, description string) Metric {
	return Metric{points: b.sum(name, unit, description, true), start: b.start, now: b.now}
}

// UpDown begins a sum that is not monotonic: values that add up over servers.
func (b Batch) UpDown(name, unit, description string) Metric {
	return Metric{points: b.sum(name, unit, description, false), start: b.start, now: b.now}
}

func (b Batch) sum(name, unit, description string, monotonic bool) pmetric.NumberDataPointSlice {
	sum := b.metric(name, unit, description).SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	sum.SetIsMonotonic(monotonic)
	return sum.DataPoints()
}

func (b Batch) metric(name, unit, description string) pmetric.Metric {
	m := b.metrics.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	m.SetDescription(description)
	return m
}

// Int appends a point. attributes are pairs of key and value.
func (m Metric) Int(value int64, attributes ...string) Metric {
	m.point(attributes).SetIntValue(value)
	return m
}

// Float appends a point. attributes are pairs of key and value.
func (m Metric) Float(value float64, attributes ...string) Metric {
	m.point(attributes).SetDoubleValue(value)
	return m
}

func (m Metric) point(attributes []string) pmetric.NumberDataPoint {
	p := m.points.AppendEmpty()
	p.SetStartTimestamp(m.start)
	p.SetTimestamp(m.now)
	put(p.Attributes(), attributes)
	return p
}

// Histogram takes points of which only count and sum are known.
type Histogram struct {
	points     pmetric.HistogramDataPointSlice
	start, now pcommon.Timestamp
}

// Histogram begins a cumulative histogram.
func (b Batch) Histogram(name, unit, description string) Histogram {
	h := b.metric(name, unit, description).SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	return Histogram{points: h.DataPoints(), start: b.start, now: b.now}
}

// Total appends a point. attributes are pairs of key and value.
func (h Histogram) Total(count uint64, sum float64, attributes ...string) {
	p := h.points.AppendEmpty()
	p.SetStartTimestamp(h.start)
	p.SetTimestamp(h.now)
	p.SetCount(count)
	p.SetSum(sum)
	p.BucketCounts().FromRaw([]uint64{count})
	put(p.Attributes(), attributes)
}

func put(into pcommon.Map, attributes []string) {
	for i := 0; i+1 < len(attributes); i += 2 {
		into.PutStr(attributes[i], attributes[i+1])
	}
}
