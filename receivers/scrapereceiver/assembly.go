package scrapereceiver

import (
	"cmp"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// assembly is a classic histogram or a summary, of which each line is a part.
type assembly struct {
	at, start        pcommon.Timestamp
	parts            []bounded // buckets, cumulative, or quantiles
	sum, count       float64
	hasSum, hasCount bool
	exemplars        []exemplar.Exemplar
}

type bounded struct{ bound, value float64 }

// assembly is the one of a group.
func (b *batch) assembly(i int) *assembly {
	for len(b.groups) <= i {
		b.groups = append(b.groups, nil)
	}
	if b.groups[i] == nil {
		b.groups[i] = &assembly{}
		b.order = append(b.order, i)
	}
	return b.groups[i]
}

func (a *assembly) add(s *series, v *value) {
	if s.kind == kindCreated {
		a.start = fromSeconds(v.number)
		return
	}
	a.at = v.at
	if v.start != 0 {
		a.start = v.start
	}
	switch s.kind {
	case kindBucket, kindQuantile:
		a.parts = append(a.parts, bounded{s.bound, v.number})
	case kindHistogramSum, kindSummarySum:
		a.sum, a.hasSum = v.number, true
	default:
		a.count, a.hasCount = v.number, true
	}
}

func (a *assembly) finish(m pmetric.Metric, ls labels.Labels) {
	if a.at == 0 { // it only began
		return
	}
	if m.Type() == pmetric.MetricTypeSummary {
		a.summary(m.Summary().DataPoints().AppendEmpty(), ls)
		return
	}
	a.histogram(m.Histogram().DataPoints().AppendEmpty(), ls)
}

func (a *assembly) summary(p pmetric.SummaryDataPoint, ls labels.Labels) {
	p.SetTimestamp(a.at)
	p.SetStartTimestamp(a.start)
	putLabels(p.Attributes(), ls)
	p.SetSum(a.sum)
	p.SetCount(whole(a.count))
	slices.SortStableFunc(a.parts, func(x, y bounded) int { return cmp.Compare(x.bound, y.bound) })
	for _, q := range a.parts {
		if math.IsNaN(q.bound) {
			continue
		}
		to := p.QuantileValues().AppendEmpty()
		to.SetQuantile(q.bound)
		to.SetValue(q.value)
	}
}

// histogram turns cumulative buckets into counts. Where they fall, as they may while a
// page is written, a bucket is empty.
func (a *assembly) histogram(p pmetric.HistogramDataPoint, ls labels.Labels) {
	p.SetTimestamp(a.at)
	p.SetStartTimestamp(a.start)
	putLabels(p.Attributes(), ls)
	if a.hasSum {
		p.SetSum(a.sum)
	}
	slices.SortStableFunc(a.parts, func(x, y bounded) int { return cmp.Compare(x.bound, y.bound) })
	total, below := a.count, 0.0
	for i, part := range a.parts {
		if math.IsInf(part.bound, 1) {
			total = part.value
		}
		if math.IsNaN(part.bound) || math.IsInf(part.bound, 1) || i > 0 && part.bound == a.parts[i-1].bound {
			continue
		}
		p.ExplicitBounds().Append(part.bound)
		p.BucketCounts().Append(whole(part.value - below))
		below = max(below, part.value)
	}
	if len(a.parts) > 0 {
		p.BucketCounts().Append(whole(total - below))
	}
	p.SetCount(whole(max(total, below)))
	for i := range a.exemplars {
		putExemplar(p.Exemplars().AppendEmpty(), &a.exemplars[i], a.at)
	}
}

// whole is a count; what is none is zero.
func whole(v float64) uint64 {
	if !(v > 0) { // not a number, too
		return 0
	}
	if v >= math.MaxInt64 {
		return math.MaxInt64
	}
	return uint64(math.Round(v))
}
