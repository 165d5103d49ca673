package remotewriteexporter

import (
	"testing"

	"github.com/prometheus/prometheus/prompb"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// distributions hold a classic histogram, an exponential one and a summary.
func distributions(at pcommon.Timestamp, stale bool) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "wire")
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	flags := pmetric.DefaultDataPointFlags.WithNoRecordedValue(stale)

	m := ms.AppendEmpty()
	m.SetName("lat")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp := h.DataPoints().AppendEmpty()
	hp.SetTimestamp(at)
	hp.SetFlags(flags)
	m = ms.AppendEmpty()
	m.SetName("size")
	e := m.SetEmptyExponentialHistogram()
	e.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	ep := e.DataPoints().AppendEmpty()
	ep.SetTimestamp(at)
	ep.SetFlags(flags)
	m = ms.AppendEmpty()
	m.SetName("pause")
	sp := m.SetEmptySummary().DataPoints().AppendEmpty()
	sp.SetTimestamp(at)
	sp.SetFlags(flags)
	if stale {
		return md
	}
	hp.ExplicitBounds().FromRaw([]float64{1, 2.5})
	hp.BucketCounts().FromRaw([]uint64{1, 2, 3})
	hp.SetSum(20)
	x := hp.Exemplars().AppendEmpty()
	x.SetTraceID(pcommon.TraceID{1})
	x.SetDoubleValue(2)
	x.SetTimestamp(at)
	ep.SetCount(6)
	ep.SetSum(12)
	ep.SetScale(2)
	ep.Positive().BucketCounts().FromRaw([]uint64{1, 2, 3})
	sp.SetCount(2)
	sp.SetSum(1)
	q := sp.QuantileValues().AppendEmpty()
	q.SetQuantile(0.5)
	q.SetValue(0.25)
	return md
}

func TestDistributions(t *testing.T) {
	r := newReceiver(t)
	e, _ := started(t, configFor(r.URL))
	at := pcommon.NewTimestampFromTime(t0)
	require.NoError(t, push(t, e, distributions(at, false)))
	const rest = "job=wire "
	require.Equal(t, []string{
		"__name__=lat_bucket job=wire le=1.0 service_name=wire 1@0",
		"__name__=lat_bucket job=wire le=2.5 service_name=wire 3@0",
		"__name__=lat_bucket job=wire le=+Inf service_name=wire 6@0",
		"__name__=lat_sum " + rest + "service_name=wire 20@0",
		"__name__=lat_count " + rest + "service_name=wire 6@0",
		"__name__=pause " + rest + "quantile=0.5 service_name=wire 0.25@0",
		"__name__=pause_sum " + rest + "service_name=wire 1@0",
		"__name__=pause_count " + rest + "service_name=wire 2@0",
	}, r.samples())
	require.Len(t, r.requests[0].Timeseries[1].Exemplars, 1)
	var native *prompb.Histogram
	for _, ts := range r.requests[0].Timeseries {
		if len(ts.Histograms) > 0 {
			native = &ts.Histograms[0]
		}
	}
	require.NotNil(t, native)
	require.EqualValues(t, 2, native.Schema)
	require.Equal(t, []int64{1, 1, 1}, native.PositiveDeltas)
	require.Equal(t, []prompb.BucketSpan{{Offset: 1, Length: 3}}, native.PositiveSpans)

	require.NoError(t, push(t, e, distributions(at+1e9, true)))
	require.Len(t, r.samples(), 16)
	for _, s := range r.samples()[8:] {
		require.Contains(t, s, "stale@1000")
	}
}
