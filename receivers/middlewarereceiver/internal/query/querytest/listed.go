package querytest

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/query"
	"github.com/tidewatch/tidewatch/signals"
)

// All returns an answer of one row that has 1 in each of the columns, and more, pairs of a
// column and a cell.
func All(t testing.TB, columns []query.Column, more ...string) query.Rows {
	t.Helper()
	var names, cells []string
	for i := 0; i+1 < len(more); i += 2 {
		names, cells = append(names, more[i]), append(cells, more[i+1])
	}
	for _, c := range columns {
		if !slices.Contains(names, c.Name) {
			names, cells = append(names, c.Name), append(cells, "1")
		}
	}
	rows, err := query.Parse(strings.Join(names, "\t") + "\n" + strings.Join(cells, "\t") + "\n")
	require.NoError(t, err)
	return rows
}

// Listed requires that signals lists each metric as Prometheus sees it, and none else
// whose name begins with prefix.
func Listed(t testing.TB, prefix string, md pmetric.Metrics) {
	t.Helper()
	made := map[string]signals.Metric{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				seen := series(t, m)
				made[seen.Name] = seen
			}
		}
	}
	listed := map[string]signals.Metric{}
	for _, m := range signals.Metrics() {
		if strings.HasPrefix(m.Name, prefix) {
			listed[m.Name] = m
		}
	}
	require.Equal(t, made, listed, "signals/metrics.txt is not what the code makes")
}

func series(t testing.TB, m pmetric.Metric) signals.Metric {
	typ, points := "gauge", pmetric.NumberDataPointSlice{}
	named := otlptranslator.Metric{Name: m.Name(), Unit: m.Unit(), Type: otlptranslator.MetricTypeGauge}
	switch {
	case m.Type() == pmetric.MetricTypeGauge:
		points = m.Gauge().DataPoints()
	case m.Type() == pmetric.MetricTypeHistogram:
		typ, named.Type = "histogram", otlptranslator.MetricTypeHistogram
	case m.Sum().IsMonotonic():
		typ, points, named.Type = "counter", m.Sum().DataPoints(), otlptranslator.MetricTypeMonotonicCounter
	default:
		points, named.Type = m.Sum().DataPoints(), otlptranslator.MetricTypeNonMonotonicCounter
	}
	namer := otlptranslator.MetricNamer{WithMetricSuffixes: true}
	name, err := namer.Build(named)
	require.NoError(t, err)
	labels := map[string]bool{}
	note := func(attributes pcommon.Map) {
		for k := range attributes.All() {
			labels[strings.ReplaceAll(k, ".", "_")] = true
		}
	}
	if m.Type() == pmetric.MetricTypeHistogram {
		for _, p := range m.Histogram().DataPoints().All() {
			note(p.Attributes())
		}
	} else {
		for _, p := range points.All() {
			note(p.Attributes())
		}
	}
	all := []string{}
	for l := range labels {
		all = append(all, l)
	}
	slices.Sort(all)
	return signals.Metric{Name: name, Type: typ, Unit: m.Unit(), Labels: all, Source: signals.SourceMiddleware, Help: m.Description()}
}
