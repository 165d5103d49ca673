package anomalyconnector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/signals"
)

// latencies observes log-normal latencies with the median 0.1 s.
func latencies(rng *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 0.1 * math.Exp(0.5*rng.NormFloat64())
	}
	return out
}

// last is the last observed value by metric.
func (r *rig) last() map[string]float64 {
	out := map[string]float64{}
	for _, p := range r.baseline(signals.MetricBaselineObserved) {
		name, _ := p.Attributes().Get("metric")
		out[name.Str()] = p.DoubleValue()
	}
	return out
}

func requireQuantiles(t *testing.T, r *rig) {
	t.Helper()
	got := r.last()
	require.Len(t, got, 3)
	require.InDelta(t, 1000, got["latency.count"], 1e-9)
	require.InDelta(t, 0.1, got["latency.p50"], 0.01)
	require.InDelta(t, 0.228, got["latency.p95"], 0.03)
}

func TestExplicitHistogramIsRateAndQuantiles(t *testing.T) {
	for name, temporality := range map[string]pmetric.AggregationTemporality{
		"cumulative": pmetric.AggregationTemporalityCumulative, "delta": pmetric.AggregationTemporalityDelta,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, shortConfig(), componenttest.NewNopHost())
			defer r.stop()
			rng := rand.New(rand.NewPCG(1, 1))
			var bounds []float64
			for b := 0.02; b < 2; b *= 1.2 {
				bounds = append(bounds, b)
			}
			counts := make([]uint64, len(bounds)+1)
			total := uint64(0)
			for tick := range 20 {
				if temporality == pmetric.AggregationTemporalityDelta || tick == 12 { // or a reset
					clear(counts)
					total = 0
				}
				for _, v := range latencies(rng, 1000) {
					i := 0
					for i < len(bounds) && v > bounds[i] {
						i++
					}
					counts[i]++
					total++
				}
				md, m := oneMetric("latency", "s")
				h := m.SetEmptyHistogram()
				h.SetAggregationTemporality(temporality)
				p := h.DataPoints().AppendEmpty()
				p.SetTimestamp(pcommon.NewTimestampFromTime(r.at))
				p.SetCount(total)
				p.BucketCounts().FromRaw(counts)
				p.ExplicitBounds().FromRaw(bounds)
				r.feed(md)
			}
			requireQuantiles(t, r)
		})
	}
}

func TestExponentialHistogramIsRateAndQuantiles(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	rng := rand.New(rand.NewPCG(1, 2))
	var seen []float64
	for tick := range 20 {
		seen = append(seen, latencies(rng, 1000)...)
		scale := int32(5)
		if tick > 10 {
			scale = 3 // the source had to make its buckets coarser
		}
		width := math.Exp2(float64(scale))
		buckets := map[int]uint64{}
		low, high := math.MaxInt, math.MinInt
		for _, v := range seen {
			i := int(math.Ceil(math.Log2(v)*width)) - 1
			buckets[i]++
			low, high = min(low, i), max(high, i)
		}
		md, m := oneMetric("latency", "s")
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(r.at))
		p.SetCount(uint64(len(seen)))
		p.SetScale(scale)
		p.Positive().SetOffset(int32(low))
		for i := low; i <= high; i++ {
			p.Positive().BucketCounts().Append(buckets[i])
		}
		r.feed(md)
	}
	requireQuantiles(t, r)
}
