package redconnector

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBucketsHoldTheirValues checks the definition: above the lower bound, up to the upper one.
func TestBucketsHoldTheirValues(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for scale := int32(-3); scale <= maxScale; scale++ {
		base := math.Exp2(math.Exp2(-float64(scale)))
		for i := range 4000 {
			v := math.Exp(random.NormFloat64() * 8)
			if i < 60 {
				v = math.Exp2(float64(i - 30))
			}
			x := float64(index(v, scale))
			require.Less(t, math.Pow(base, x), v*(1+1e-9), "scale %d value %g", scale, v)
			require.LessOrEqual(t, v, math.Pow(base, x+1)*(1+1e-9), "scale %d value %g", scale, v)
			if i < 60 {
				require.Less(t, math.Pow(base, x)*(1+1e-9), v, "a power of two is the upper bound, scale %d value %g", scale, v)
			}
		}
	}
}

func TestQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, spread := range []float64{0.1, 1, 3} {
		var whole, merged exponential
		parts := make([]exponential, 6)
		var values []float64
		for i := range 60_000 {
			v := math.Exp(random.NormFloat64() * spread)
			values = append(values, v)
			whole.add(v, 160)
			parts[i%len(parts)].add(v*1, slotBuckets)
		}
		for i := range parts {
			merged.merge(&parts[i], 2*slotBuckets)
		}
		slices.Sort(values)
		for _, q := range []float64{0.5, 0.9, 0.99} {
			want := values[int(q*float64(len(values)))]
			require.InEpsilon(t, want, whole.quantile(q), 0.06*max(1, spread), "spread %g", spread)
			require.InEpsilon(t, want, merged.quantile(q), 0.06*max(1, spread), "spread %g", spread)
		}
		require.LessOrEqual(t, len(whole.counts), 160)
		require.LessOrEqual(t, len(merged.counts), 2*slotBuckets)
	}
}

func TestExtremes(t *testing.T) {
	var e exponential
	for _, v := range []float64{0, -1, math.NaN(), math.Inf(1), math.SmallestNonzeroFloat64, math.MaxFloat64, 1} {
		e.add(v, 10)
	}
	require.EqualValues(t, 4, e.zero)
	total := uint64(0)
	for _, n := range e.counts {
		total += n
	}
	require.EqualValues(t, 3, total)
	require.LessOrEqual(t, len(e.counts), 10)
	require.Zero(t, (&exponential{}).quantile(0.5))
}

func FuzzExponential(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200}, uint8(20))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		most := max(10, int(size))
		var e, sum exponential
		for i, c := range b {
			e.add(math.Exp2(float64(int(c)*8-1000)+float64(i)/16), most)
		}
		sum.merge(&e, most)
		sum.merge(&e, most)
		count := func(e *exponential) (n uint64) {
			for _, c := range e.counts {
				n += c
			}
			return n + e.zero
		}
		require.EqualValues(t, len(b), count(&e))
		require.Equal(t, 2*count(&e), count(&sum))
		require.LessOrEqual(t, len(sum.counts), most)
	})
}
