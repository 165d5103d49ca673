package kafkaexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

var (
	encodeMetrics pmetric.ProtoMarshaler
	decodeMetrics pmetric.ProtoUnmarshaler
)

func (e *kafkaExporter) pushMetrics(ctx context.Context, md pmetric.Metrics) error {
	b, err := encodeMetrics.MarshalMetrics(md)
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("encode metrics: %w", err))
	}
	messages := byKey(b, func(n int) (uint64, bool) {
		rm := md.ResourceMetrics().At(n)
		return resourceKey(rm.Resource(), e.cfg.Key.Metrics), rm.ScopeMetrics().Len() == 0
	})
	failed, err := e.send(ctx, signal{e.cfg.Topics.Metrics, halveMetrics, countMetrics}, messages)
	if err == nil {
		return nil
	}
	left, derr := decodeMetrics.UnmarshalMetrics(failed)
	if derr != nil { // cannot be: it was encoded above
		return err
	}
	return consumererror.NewMetrics(err, left)
}

func halveMetrics(b []byte) (first, second []byte, ok bool) {
	whole, err := decodeMetrics.UnmarshalMetrics(b)
	n := whole.DataPointCount()
	if err != nil || n < 2 {
		return nil, nil, false
	}
	other := pmetric.NewMetrics()
	whole.CopyTo(other)
	return metricsPart(whole, 0, n/2), metricsPart(other, n/2, n), true
}

// metricsPart leaves the points from one number up to another in md and encodes them.
func metricsPart(md pmetric.Metrics, from, to int) []byte {
	n, kept := -1, 0 // kept counts the points of one metric
	elsewhere := func() bool {
		n++
		if n < from || n >= to {
			return true
		}
		kept++
		return false
	}
	md.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool {
				kept = 0
				removePoints(m, elsewhere)
				return kept == 0
			})
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
	b, _ := encodeMetrics.MarshalMetrics(md) // pdata that was decoded can be encoded
	return b
}

func removePoints(m pmetric.Metric, remove func() bool) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return remove() })
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return remove() })
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(func(pmetric.HistogramDataPoint) bool { return remove() })
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(func(pmetric.ExponentialHistogramDataPoint) bool { return remove() })
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(func(pmetric.SummaryDataPoint) bool { return remove() })
	}
}

func countMetrics(b []byte) int {
	whole, err := decodeMetrics.UnmarshalMetrics(b)
	if err != nil {
		return 0
	}
	return whole.DataPointCount()
}
