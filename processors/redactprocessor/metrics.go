package redactprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// processMetrics redacts attributes. Points are not marked: a mark would be part of the
// identity of their series.
func (p *redactor) processMetrics(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
	b := p.begin()
	for _, rm := range md.ResourceMetrics().All() {
		b.attributes(rm.Resource().Attributes())
		for _, sm := range rm.ScopeMetrics().All() {
			b.attributes(sm.Scope().Attributes())
			for _, m := range sm.Metrics().All() {
				b.metric(m)
			}
		}
	}
	b.count(ctx)
	return md, nil
}

func (b *batch) metric(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			b.point(p.Attributes(), p.Exemplars())
		}
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			b.point(p.Attributes(), p.Exemplars())
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			b.point(p.Attributes(), p.Exemplars())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			b.point(p.Attributes(), p.Exemplars())
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			b.attributes(p.Attributes())
		}
	}
}

func (b *batch) point(attrs pcommon.Map, exemplars pmetric.ExemplarSlice) {
	b.attributes(attrs)
	for _, e := range exemplars.All() {
		b.attributes(e.FilteredAttributes())
	}
}
