package promseries_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// Whatever a sender sends: no panic, and labels that are sorted and unique.
func FuzzTranslate(f *testing.F) {
	add := func(md pmetric.Metrics) {
		b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
		require.NoError(f, err)
		f.Add(b)
	}
	md, ms := batch(map[string]any{"host.name": "h", "job": "j", "a.b": "1", "a_b": "2"})
	addGauge(ms, "g", "1", 1, map[string]any{"le": "x", "": "y", "__": "z"})
	addSum(ms, "s", true, true, 0, 1, 5, map[string]any{"job": "k"})
	add(md)
	for _, offset := range []int32{0, math.MaxInt32, math.MinInt32} {
		md, ms = batch(nil)
		for _, temporality := range []pmetric.AggregationTemporality{pmetric.AggregationTemporalityCumulative, pmetric.AggregationTemporalityDelta} {
			m := ms.AppendEmpty()
			m.SetName("e")
			e := m.SetEmptyExponentialHistogram()
			e.SetAggregationTemporality(temporality)
			for i := range int32(2) {
				dp := e.DataPoints().AppendEmpty()
				dp.SetScale(20 * i)
				dp.Positive().SetOffset(offset)
				dp.Positive().BucketCounts().FromRaw([]uint64{1, 2, 3})
				dp.Negative().SetOffset(-offset)
				dp.Negative().BucketCounts().FromRaw([]uint64{1})
				dp.SetTimestamp(pcommon.Timestamp(i))
			}
		}
		add(md)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		md, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b)
		if err != nil {
			return
		}
		tr := promseries.New(promseries.Settings{MaxSeries: 100})
		for range 2 {
			tr.Translate(md, t0, func(p *promseries.Point) {
				require.NotEmpty(t, p.Series.Family.Name)
				for i, l := range p.Series.Labels {
					require.NotEmpty(t, l.Value)
					require.True(t, i == 0 || p.Series.Labels[i-1].Name < l.Name)
				}
				if p.Series.Family.Kind == promseries.KindNative && !p.Stale {
					h := p.Native.Classic()
					require.IsNonDecreasing(t, h.Cumulative)
					p.Native.Positive.Sparse()
				}
			})
		}
	})
}
