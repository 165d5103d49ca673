package consoleexporter

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// serviceField is the value of a service that a metric is.
func serviceField(name string) (localstore.ServiceField, bool) {
	switch name {
	case signals.MetricServiceCalls:
		return localstore.ServiceCalls, true
	case signals.MetricServiceErrors:
		return localstore.ServiceErrors, true
	case signals.MetricServiceLatencyMean:
		return localstore.ServiceMean, true
	case signals.MetricServiceLatencyP99:
		return localstore.ServiceP99, true
	default:
		return 0, false
	}
}

// putService keeps the gauges of services and their operations.
func (e *consoleExporter) putService(resource pcommon.Map, resourceID uint64, m pmetric.Metric) {
	field, ok := serviceField(m.Name())
	if !ok || m.Type() != pmetric.MetricTypeGauge {
		return
	}
	for _, p := range m.Gauge().DataPoints().All() {
		if p.Flags().NoRecordedValue() {
			continue
		}
		e.store.PutService(seriesID(resourceID, p), p.Timestamp().AsTime(), field, value(p), func() (string, string, []localstore.Attr) {
			return text(resource, signals.AttrServiceName), text(p.Attributes(), "span.name"), instanceOf(resource)
		})
	}
}

// instanceOf is what tells services of one name apart.
func instanceOf(resource pcommon.Map) []localstore.Attr {
	var out []localstore.Attr
	for k, v := range resource.All() {
		switch k {
		case signals.AttrServiceName, signals.AttrHostID, signals.AttrHostArch, signals.AttrOSType:
		default:
			out = append(out, localstore.Attr{Key: k, Value: v.AsString()})
		}
	}
	slices.SortFunc(out, func(a, b localstore.Attr) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// putGraph keeps the service graph, whose metrics have a meaning together only. It is false for
// other metrics.
func (e *consoleExporter) putGraph(m pmetric.Metric) bool {
	switch m.Name() {
	case signals.MetricGraphRequests:
		e.putCounts(m, localstore.EdgeRequests)
	case signals.MetricGraphFailed:
		e.putCounts(m, localstore.EdgeFailed)
	case signals.MetricGraphServer:
		e.putDurations(m, localstore.EdgeServerCount, localstore.EdgeServerSeconds)
	case signals.MetricGraphClient:
		e.putDurations(m, localstore.EdgeClientCount, localstore.EdgeClientSeconds)
	default:
		return false
	}
	return true
}

func edgeOf(attrs pcommon.Map) localstore.Edge {
	return localstore.Edge{Client: text(attrs, "client"), Server: text(attrs, "server"), Connection: text(attrs, "connection_type")}
}

func (e *consoleExporter) putCounts(m pmetric.Metric, field localstore.EdgeField) {
	if m.Type() != pmetric.MetricTypeSum || m.Sum().AggregationTemporality() != pmetric.AggregationTemporalityCumulative {
		return
	}
	for _, p := range m.Sum().DataPoints().All() {
		if !p.Flags().NoRecordedValue() {
			e.store.PutEdge(edgeOf(p.Attributes()), p.Timestamp().AsTime(), field, value(p))
		}
	}
}

func (e *consoleExporter) putDurations(m pmetric.Metric, count, seconds localstore.EdgeField) {
	switch {
	case m.Type() == pmetric.MetricTypeHistogram && m.Histogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative:
		for _, p := range m.Histogram().DataPoints().All() {
			e.putDuration(p.Attributes(), p.Timestamp(), count, seconds, p.Count(), p.Sum())
		}
	case m.Type() == pmetric.MetricTypeExponentialHistogram && m.ExponentialHistogram().AggregationTemporality() == pmetric.AggregationTemporalityCumulative:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			e.putDuration(p.Attributes(), p.Timestamp(), count, seconds, p.Count(), p.Sum())
		}
	}
}

func (e *consoleExporter) putDuration(attrs pcommon.Map, at pcommon.Timestamp, count, seconds localstore.EdgeField, n uint64, sum float64) {
	edge := edgeOf(attrs)
	e.store.PutEdge(edge, at.AsTime(), count, float64(n))
	e.store.PutEdge(edge, at.AsTime(), seconds, sum)
}
