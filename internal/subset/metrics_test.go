package subset_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/subset"
)

func TestMetrics(t *testing.T) {
	md := pmetric.NewMetrics()
	for range 2 { // points 0-6 and 7-13
		sm := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
		gauge := sm.Metrics().AppendEmpty().SetEmptyGauge()
		gauge.DataPoints().AppendEmpty().SetIntValue(0)
		gauge.DataPoints().AppendEmpty().SetIntValue(1)
		sum := sm.Metrics().AppendEmpty().SetEmptySum()
		sum.DataPoints().AppendEmpty().SetIntValue(2)
		sm.Metrics().AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().SetCount(3)
		sm.Metrics().AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().SetCount(4)
		summary := sm.Metrics().AppendEmpty().SetEmptySummary()
		summary.DataPoints().AppendEmpty().SetCount(5)
		summary.DataPoints().AppendEmpty().SetCount(6)
		sm.Metrics().AppendEmpty() // of no type
	}
	got := subset.Metrics(md, []int{1, 3, 4, 5})
	require.Equal(t, 14, md.DataPointCount(), "it stays as it is")
	require.Equal(t, 4, got.DataPointCount())
	require.Equal(t, 1, got.ResourceMetrics().Len())
	metrics := got.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	require.Equal(t, 4, metrics.Len())
	require.Equal(t, int64(1), metrics.At(0).Gauge().DataPoints().At(0).IntValue())
	require.Equal(t, uint64(3), metrics.At(1).Histogram().DataPoints().At(0).Count())
	require.Equal(t, uint64(4), metrics.At(2).ExponentialHistogram().DataPoints().At(0).Count())
	require.Equal(t, uint64(5), metrics.At(3).Summary().DataPoints().At(0).Count())
	require.Equal(t, 3, subset.Metrics(md, []int{2, 9, 13}).DataPointCount())
	require.Equal(t, 0, subset.Metrics(md, nil).ResourceMetrics().Len())
}
