package consoleexporter

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// consumeMetrics keeps the baseline families, and what is known of services; of every
// other metric only its name, unit and description are of use here.
func (e *consoleExporter) consumeMetrics(_ context.Context, md pmetric.Metrics) error {
	for _, rm := range md.ResourceMetrics().All() {
		resource := rm.Resource().Attributes()
		id := attrhash.Map(resource)
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Name() == signals.MetricBaselineLearned {
					e.putLearned(id, m)
					continue
				}
				if e.putGraph(m) {
					continue
				}
				e.putService(resource, id, m)
				if f, ok := family(m.Name()); ok {
					e.putPoints(resource, id, f, m)
					continue
				}
				e.store.PutMetric(m.Name(), localstore.MetricInfo{Unit: m.Unit(), Description: m.Description(), Rate: isRate(m)})
			}
		}
	}
	return nil
}

func family(name string) (localstore.Field, bool) {
	switch name {
	case signals.MetricBaselineObserved:
		return localstore.Observed, true
	case signals.MetricBaselineLower:
		return localstore.Lower, true
	case signals.MetricBaselineUpper:
		return localstore.Upper, true
	case signals.MetricAnomalyScore:
		return localstore.Score, true
	case signals.MetricAnomalyState:
		return localstore.State, true
	default:
		return 0, false
	}
}

func isRate(m pmetric.Metric) bool {
	return m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic()
}

func (e *consoleExporter) putPoints(resource pcommon.Map, resourceID uint64, f localstore.Field, m pmetric.Metric) {
	if m.Type() != pmetric.MetricTypeGauge {
		return
	}
	for _, p := range m.Gauge().DataPoints().All() {
		if p.Flags().NoRecordedValue() {
			continue
		}
		e.store.PutPoint(seriesID(resourceID, p), p.Timestamp().AsTime(), f, value(p), func() localstore.SeriesInfo {
			return describe(resource, p.Attributes())
		})
	}
}

// putLearned comes after the points of the same series: the connector writes
// this family last.
func (e *consoleExporter) putLearned(resourceID uint64, m pmetric.Metric) {
	if m.Type() != pmetric.MetricTypeGauge {
		return
	}
	for _, p := range m.Gauge().DataPoints().All() {
		e.store.PutLearned(seriesID(resourceID, p), value(p))
	}
}

func seriesID(resourceID uint64, p pmetric.NumberDataPoint) uint64 {
	return attrhash.Combine(resourceID, attrhash.Map(p.Attributes()))
}

func value(p pmetric.NumberDataPoint) float64 {
	if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(p.IntValue())
	}
	return p.DoubleValue()
}

func describe(resource, attrs pcommon.Map) localstore.SeriesInfo {
	info := localstore.SeriesInfo{Metric: strings.Clone(text(attrs, signals.AttrMetric)), Attrs: []localstore.Attr{}, Entity: entity(resource)}
	for k, v := range attrs.All() {
		if k != signals.AttrMetric {
			info.Attrs = append(info.Attrs, localstore.Attr{Key: k, Value: v.AsString()})
		}
	}
	slices.SortFunc(info.Attrs, func(a, b localstore.Attr) int { return cmp.Compare(a.Key, b.Key) })
	return info
}
