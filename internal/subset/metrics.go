package subset

import "go.opentelemetry.io/collector/pdata/pmetric"

// Metrics is Logs for data points.
func Metrics(md pmetric.Metrics, numbers []int) pmetric.Metrics {
	out := pmetric.NewMetrics()
	md.CopyTo(out)
	n := -1
	drop := func() bool {
		n++
		if len(numbers) > 0 && numbers[0] == n {
			numbers = numbers[1:]
			return false
		}
		return true
	}
	out.ResourceMetrics().RemoveIf(func(rm pmetric.ResourceMetrics) bool {
		rm.ScopeMetrics().RemoveIf(func(sm pmetric.ScopeMetrics) bool {
			sm.Metrics().RemoveIf(func(m pmetric.Metric) bool { return dropPoints(m, drop) })
			return sm.Metrics().Len() == 0
		})
		return rm.ScopeMetrics().Len() == 0
	})
	return out
}

// dropPoints asks drop for each point and reports whether none is left.
func dropPoints(m pmetric.Metric, drop func() bool) bool {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return drop() })
		return m.Gauge().DataPoints().Len() == 0
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(func(pmetric.NumberDataPoint) bool { return drop() })
		return m.Sum().DataPoints().Len() == 0
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(func(pmetric.HistogramDataPoint) bool { return drop() })
		return m.Histogram().DataPoints().Len() == 0
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(func(pmetric.ExponentialHistogramDataPoint) bool { return drop() })
		return m.ExponentialHistogram().DataPoints().Len() == 0
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(func(pmetric.SummaryDataPoint) bool { return drop() })
		return m.Summary().DataPoints().Len() == 0
	default:
		return true
	}
}
