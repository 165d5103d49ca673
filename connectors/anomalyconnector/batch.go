package anomalyconnector

import (
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/attrhash"
)

// batch is the walk through one resource's metrics.
type batch struct {
	watcher      *watcher
	resource     pcommon.Resource
	resourceHash uint64
	metricHash   uint64
	rule         *rule
	subject      subject
	baselines    baselines
	rollup       rollup
	spread       spread
	openings     []opening
}

// subject names what a value is of, in texts of the batch.
type subject struct {
	metric, unit string
	suffix       string // of a histogram's parts: ".count" or ".mean"
	attributes   pcommon.Map
	perSecond    bool
	negative     bool // values below zero have been seen
}

func (s *subject) name() string { return s.metric + s.suffix }

func (b *batch) metric(m pmetric.Metric) {
	b.rule = b.watcher.ruleOf(m.Name())
	if b.rule == nil {
		return
	}
	b.metricHash = attrhash.Combine(b.resourceHash, xxhash.Sum64String(m.Name()))
	b.subject = subject{metric: m.Name(), unit: m.Unit()}
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		b.numbers(m.Gauge().DataPoints(), pmetric.AggregationTemporalityUnspecified)
	case pmetric.MetricTypeSum:
		s := m.Sum()
		if !s.IsMonotonic() && s.AggregationTemporality() == pmetric.AggregationTemporalityDelta {
			return // changes of a level that is not known
		}
		temporality := pmetric.AggregationTemporalityUnspecified
		if s.IsMonotonic() {
			temporality = s.AggregationTemporality()
		}
		b.numbers(s.DataPoints(), temporality)
	case pmetric.MetricTypeHistogram:
		h := m.Histogram()
		cumulative := h.AggregationTemporality() == pmetric.AggregationTemporalityCumulative
		for _, p := range h.DataPoints().All() {
			b.distribution(p, float64(p.Count()), p.Sum(), p.HasSum(), h.AggregationTemporality(), func(last *buckets) bool {
				return b.spread.explicit(last, p, cumulative)
			})
		}
		b.rollCounts(h.AggregationTemporality())
	case pmetric.MetricTypeExponentialHistogram:
		h := m.ExponentialHistogram()
		cumulative := h.AggregationTemporality() == pmetric.AggregationTemporalityCumulative
		for _, p := range h.DataPoints().All() {
			b.distribution(p, float64(p.Count()), p.Sum(), p.HasSum(), h.AggregationTemporality(), func(last *buckets) bool {
				return b.spread.exponential(last, p, cumulative)
			})
		}
		b.rollCounts(h.AggregationTemporality())
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			b.distribution(p, float64(p.Count()), p.Sum(), true, pmetric.AggregationTemporalityCumulative, nil)
		}
		b.rollCounts(pmetric.AggregationTemporalityCumulative)
	}
}

// watched takes the attributes of a point and says whether to look at it.
func (b *batch) watched(attributes pcommon.Map, flags pmetric.DataPointFlags) bool {
	b.subject.attributes = attributes
	return !flags.NoRecordedValue() && b.rule.watches(attributes)
}

// numbers observes gauges (temporality unspecified) and monotonic sums.
func (b *batch) numbers(points pmetric.NumberDataPointSlice, temporality pmetric.AggregationTemporality) {
	b.subject.perSecond = temporality != pmetric.AggregationTemporalityUnspecified
	for _, p := range points.All() {
		if !b.watched(p.Attributes(), p.Flags()) {
			continue
		}
		v := p.DoubleValue()
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			v = float64(p.IntValue())
		}
		s := b.find(0, p.Timestamp())
		if s == nil {
			b.rollup.add(v, p.StartTimestamp(), p.Timestamp())
			continue
		}
		if perSecond, ok := s.rate.take(v, p.StartTimestamp(), p.Timestamp(), temporality); ok {
			b.judge(s, p.Timestamp(), perSecond)
		}
	}
	b.roll(temporality, 0)
}

// distributionPoint is a point of a histogram or a summary.
type distributionPoint interface {
	Attributes() pcommon.Map
	Flags() pmetric.DataPointFlags
	StartTimestamp() pcommon.Timestamp
	Timestamp() pcommon.Timestamp
}

// The parts of a distribution, each a series.
const (
	partCount = 1 + iota
	partMean
	partQuantiles // the first of them
)

// distribution observes how often something happened and how large it was: quantiles
// where there are buckets, which fresh reads, else the mean.
func (b *batch) distribution(p distributionPoint, count, sum float64, hasSum bool, temporality pmetric.AggregationTemporality, fresh func(*buckets) bool) {
	if !b.watched(p.Attributes(), p.Flags()) {
		return
	}
	b.subject.suffix, b.subject.perSecond = ".count", true
	s := b.find(partCount, p.Timestamp())
	if s == nil {
		b.rollup.add(count, p.StartTimestamp(), p.Timestamp())
		return
	}
	late := s.rate.time != 0 && p.Timestamp() <= s.rate.time
	perSecond, ok := s.rate.take(count, p.StartTimestamp(), p.Timestamp(), temporality)
	if ok {
		b.judge(s, p.Timestamp(), perSecond)
	}
	if late {
		return
	}
	b.subject.perSecond = false
	if fresh != nil && b.quantiles(s, p, fresh) {
		return
	}
	if !hasSum {
		return
	}
	sumPerSecond, sumOK := s.sum.take(sum, p.StartTimestamp(), p.Timestamp(), temporality)
	if !ok || !sumOK || perSecond == 0 {
		return
	}
	b.subject.suffix = ".mean"
	if s = b.find(partMean, p.Timestamp()); s != nil {
		b.judge(s, p.Timestamp(), sumPerSecond/perSecond)
	}
}

// quantiles observes those of the new observations. It is false for a histogram without
// usable buckets.
func (b *batch) quantiles(s *series, p distributionPoint, fresh func(*buckets) bool) bool {
	had := s.buckets
	if s.buckets == nil {
		s.buckets = &buckets{}
	}
	before := had.bytes()
	ok := fresh(s.buckets)
	if !ok && len(s.buckets.counts) == 0 {
		s.buckets = had
		return false
	}
	b.watcher.bytes += s.buckets.bytes() - before
	for i, q := range quantiles {
		if !ok || b.spread.total < q.least {
			continue
		}
		b.subject.suffix = q.suffix
		if s := b.find(uint64(partQuantiles+i), p.Timestamp()); s != nil {
			b.judge(s, p.Timestamp(), b.spread.quantile(q.q))
		}
	}
	return true
}

func (b *batch) rollCounts(temporality pmetric.AggregationTemporality) {
	b.subject.suffix, b.subject.perSecond = ".count", true
	b.roll(temporality, partCount)
}

// find is the series of the subject; part tells a histogram's series apart.
func (b *batch) find(part uint64, t pcommon.Timestamp) *series {
	id := attrhash.Combine(b.metricHash+part, attrhash.Map(b.subject.attributes))
	s := b.watcher.find(seriesID(id), b.rule)
	if s != nil && s.detector.History() == 0 && !s.asked {
		b.ask(s, t)
	}
	return s
}

// ask looks for the history of a new series.
func (b *batch) ask(s *series, t pcommon.Timestamp) {
	s.asked = true
	if warm := b.watcher.warm; warm != nil && !warm.ask(s.id, &b.subject, b.resource, t.AsTime()) {
		b.watcher.counts.unasked++
	}
}

// judge shows a value to the detector and passes on what it says.
func (b *batch) judge(s *series, t pcommon.Timestamp, v float64) {
	w := b.watcher
	verdict := s.detector.Score(t.AsTime(), v)
	if verdict.Ignored {
		w.counts.ignored++
		return
	}
	w.counts.points++
	if s.outlook != nil {
		s.outlook.observe(t.AsTime(), v, s.rule)
	}
	s.negative = s.negative || v < 0
	b.subject.negative = s.negative
	anomalous := verdict.State == anomaly.Anomalous
	changed := anomalous != (s.openedAt != 0)
	export := s.exported && w.metrics != nil && verdict.Banded && (changed || due(s.baselineAt, t, w.cfg.BaselinesInterval))
	if export || anomalous || changed {
		s.detector.AddBand(&verdict)
	}
	if export {
		s.baselineAt = t
		if s.baselineID == 0 {
			s.baselineID = b.baselineID()
		}
		b.baselines.append(&b.subject, t, v, s.learned(verdict.State, w.cfg.MinHistory), &verdict)
		if s.outlook != nil {
			b.baselines.appendForecast(&b.subject, t, s.outlook)
		}
	}
	b.report(s, t, v, &verdict)
}

// slack makes intervals fall due in spite of jitter in the times of points.
const slack = 100 * time.Millisecond

func due(last, t pcommon.Timestamp, interval time.Duration) bool {
	return last == 0 || t < last || t.AsTime().Sub(last.AsTime()) >= interval-slack
}
