package anomalyconnector

import (
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// maxBuckets bounds what is remembered of one histogram; one with more is watched by
// its rate and mean.
const maxBuckets = 320

// buckets are the last counts of a cumulative histogram, to tell what is new.
type buckets struct {
	counts []float64
	offset int32 // index of the first one; of exponential histograms
	scale  int32
	zero   float64
}

func (b *buckets) bytes() int64 {
	if b == nil {
		return 0
	}
	return 64 + 8*int64(cap(b.counts))
}

// quantiles watched, each of which needs so many observations to say anything.
var quantiles = [...]struct {
	suffix string
	q      float64
	least  float64
}{{".p50", 0.5, 4}, {".p95", 0.95, 20}}

// spread is the new observations of a histogram: so many in each bucket, which ends at
// its edge.
type spread struct {
	lowest float64 // where the first bucket begins
	counts []float64
	edges  []float64
	total  float64
	growth bool // edges grow by a factor: interpolate in proportion
}

func (s *spread) reset() {
	*s = spread{counts: s.counts[:0], edges: s.edges[:0]}
}

func (s *spread) add(count, edge float64) {
	s.counts = append(s.counts, count)
	s.edges = append(s.edges, edge)
	s.total += count
}

// quantile interpolates within the bucket that holds it.
func (s *spread) quantile(q float64) float64 {
	rank, before, from := q*s.total, 0.0, s.lowest
	for i, n := range s.counts {
		if n > 0 && before+n >= rank {
			to, share := s.edges[i], (rank-before)/n
			if math.IsInf(to, 1) {
				return from // what lies beyond the last bound is not known
			}
			if s.growth && from > 0 {
				return from * math.Pow(to/from, share)
			}
			return from + (to-from)*share
		}
		before += n
		from = s.edges[i]
	}
	return from
}

// explicit takes a histogram with bounds. ok is false when nothing can be said.
func (s *spread) explicit(last *buckets, p pmetric.HistogramDataPoint, cumulative bool) (ok bool) {
	s.reset()
	counts, bounds := p.BucketCounts(), p.ExplicitBounds()
	n := counts.Len()
	if n < 2 || n != bounds.Len()+1 || n > maxBuckets {
		return false
	}
	known := !cumulative || len(last.counts) == n
	s.lowest = min(0, bounds.At(0))
	for i := range n {
		edge := math.Inf(1)
		if i < n-1 {
			edge = bounds.At(i)
		}
		v := float64(counts.At(i))
		if cumulative && known {
			v -= last.counts[i]
		}
		s.add(v, edge)
	}
	if cumulative {
		if s.shrunk() { // a reset: all are new
			s.total = 0
			for i := range s.counts {
				s.counts[i] = float64(counts.At(i))
				s.total += s.counts[i]
			}
		}
		last.counts = last.counts[:0]
		for i := range n {
			last.counts = append(last.counts, float64(counts.At(i)))
		}
	}
	return known && s.total > 0
}

func (s *spread) shrunk() bool {
	for _, n := range s.counts {
		if n < 0 {
			return true
		}
	}
	return false
}

// exponential takes an exponential histogram without negative values.
func (s *spread) exponential(last *buckets, p pmetric.ExponentialHistogramDataPoint, cumulative bool) (ok bool) {
	s.reset()
	if len(p.Negative().BucketCounts().AsRaw()) > 0 && sum(p.Negative().BucketCounts()) > 0 {
		return false
	}
	now, known := last.next(p, cumulative)
	if now == nil {
		return false
	}
	s.growth = true
	s.take(now, last, cumulative && known)
	if s.shrunk() {
		s.take(now, last, false)
	}
	if cumulative {
		*last = *now
	}
	return (known || !cumulative) && s.total > 0
}

// take fills in the buckets of now, less those of last.
func (s *spread) take(now, last *buckets, less bool) {
	s.reset()
	s.growth = true
	zero := now.zero
	if less {
		zero -= last.zero
	}
	s.add(zero, 0)
	width := math.Exp2(-float64(now.scale))
	edge := func(i int) float64 { return math.Exp2(float64(int(now.offset)+i) * width) }
	s.add(0, edge(0))
	for i, v := range now.counts {
		if j := i + int(now.offset) - int(last.offset); less && j >= 0 && j < len(last.counts) {
			v -= last.counts[j]
		}
		s.add(v, edge(i+1))
	}
}

// next reads the buckets of a point in the scale of the last one, or both in that of the
// point if it is coarser. known says that there was a last one; nil is for too many.
func (b *buckets) next(p pmetric.ExponentialHistogramDataPoint, cumulative bool) (now *buckets, known bool) {
	counts := p.Positive().BucketCounts()
	if counts.Len() > maxBuckets || p.Scale() > 20 || p.Scale() < -10 {
		return nil, false
	}
	now = &buckets{offset: p.Positive().Offset(), scale: p.Scale(), zero: float64(p.ZeroCount())}
	for i := range counts.Len() {
		now.counts = append(now.counts, float64(counts.At(i)))
	}
	known = cumulative && (b.counts != nil || b.zero > 0)
	if known {
		for now.scale > b.scale {
			now.coarsen()
		}
		for b.scale > now.scale {
			b.coarsen()
		}
	}
	if now.counts == nil {
		now.counts = []float64{}
	}
	return now, known
}

// coarsen halves the resolution: two buckets become one.
func (b *buckets) coarsen() {
	first := b.offset >> 1
	joined := b.counts[:0]
	for i, v := range b.counts {
		j := int((b.offset+int32(i))>>1 - first)
		if j == len(joined) {
			joined = append(joined, v)
		} else {
			joined[j] += v
		}
	}
	b.counts, b.offset, b.scale = joined, first, b.scale-1
}

func sum(counts pcommon.UInt64Slice) (n uint64) {
	for i := range counts.Len() {
		n += counts.At(i)
	}
	return n
}
