package redconnector

import (
	"math"
	"slices"
	"sort"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// distribution counts values that are not negative.
type distribution struct {
	count       uint64
	sum         float64
	least, most float64
	// bounds and explicit are of an explicit histogram; without bounds it is exponential.
	bounds   []float64
	explicit []uint64
	exponential
}

func (d *distribution) add(v float64, maxSize int) {
	if d.count == 0 || v < d.least {
		d.least = v
	}
	d.most = max(d.most, v)
	d.count++
	d.sum += v
	if d.bounds == nil {
		d.exponential.add(v, maxSize)
		return
	}
	if d.explicit == nil {
		d.explicit = make([]uint64, len(d.bounds)+1)
	}
	d.explicit[sort.SearchFloat64s(d.bounds, v)]++
}

// reset forgets the values and keeps the memory.
func (d *distribution) reset() {
	clear(d.explicit)
	d.exponential.reset()
	d.count, d.sum, d.least, d.most = 0, 0, 0, 0
}

func (d *distribution) toExplicit(p pmetric.HistogramDataPoint) {
	p.SetCount(d.count)
	p.SetSum(d.sum)
	p.ExplicitBounds().FromRaw(d.bounds)
	if d.explicit == nil {
		p.BucketCounts().FromRaw(make([]uint64, len(d.bounds)+1))
	} else {
		p.BucketCounts().FromRaw(d.explicit)
	}
	if d.count > 0 {
		p.SetMin(d.least)
		p.SetMax(d.most)
	}
}

func (d *distribution) toExponential(p pmetric.ExponentialHistogramDataPoint) {
	p.SetCount(d.count)
	p.SetSum(d.sum)
	p.SetScale(d.scale)
	p.SetZeroCount(d.zero)
	p.Positive().SetOffset(d.offset)
	p.Positive().BucketCounts().FromRaw(d.counts)
	if d.count > 0 {
		p.SetMin(d.least)
		p.SetMax(d.most)
	}
}

// exponential is a histogram whose bucket i holds values above 2^(i/2^scale) up to
// 2^((i+1)/2^scale).
type exponential struct {
	scale  int32
	offset int32 // index of the first bucket
	counts []uint64
	zero   uint64
}

// maxScale makes buckets 4.4 % wide; finer ones cost memory and say nothing about durations.
const maxScale = 4

// index is that of the bucket of v, which is positive.
func index(v float64, scale int32) int32 {
	fraction, exponent := math.Frexp(v)
	if fraction == 0.5 { // a power of two is the upper bound of its bucket
		return shift(int32(exponent)-1, scale) //nolint:gosec // within 1100
	}
	if scale <= 0 {
		return int32(exponent-1) >> -scale //nolint:gosec // within 1100
	}
	return int32(math.Floor(math.Log2(fraction)*float64(int32(1)<<scale))) + int32(exponent)<<scale //nolint:gosec // within 1100
}

// shift is the bucket whose upper bound is 2^exponent.
func shift(exponent, scale int32) int32 {
	if scale <= 0 {
		return (exponent - 1) >> -scale
	}
	return exponent<<scale - 1
}

func (e *exponential) add(v float64, maxSize int) {
	if !(v > 0) || math.IsInf(v, 0) {
		e.zero++
		return
	}
	if len(e.counts) == 0 {
		e.scale = maxScale
		e.offset = index(v, e.scale)
		e.counts = append(e.counts, 1)
		return
	}
	i := index(v, e.scale)
	for max(i, e.end()-1)-min(i, e.offset) >= int32(maxSize) { //nolint:gosec // at most 1000
		e.downscale(1)
		i = index(v, e.scale)
	}
	e.cover(i, i+1)
	e.counts[i-e.offset]++
}

func (e *exponential) end() int32 { return e.offset + int32(len(e.counts)) } //nolint:gosec // at most 1000

// cover makes room for the buckets from up to, but without, to.
func (e *exponential) cover(from, to int32) {
	if from < e.offset {
		e.counts = slices.Insert(e.counts, 0, make([]uint64, e.offset-from)...)
		e.offset = from
	}
	if n := int(to - e.end()); n > 0 {
		e.counts = append(e.counts, make([]uint64, n)...)
	}
}

// downscale makes each 2^by buckets one.
func (e *exponential) downscale(by int32) {
	if by <= 0 {
		return
	}
	first := e.offset >> by
	for i, n := range e.counts {
		j := (e.offset+int32(i))>>by - first //nolint:gosec // at most 1000
		if int(j) == i {
			continue
		}
		e.counts[i] = 0
		e.counts[j] += n
	}
	e.counts = e.counts[:(e.end()-1)>>by-first+1]
	e.offset = first
	e.scale -= by
}

// merge adds the counts of another.
func (e *exponential) merge(o *exponential, maxSize int) {
	e.zero += o.zero
	if len(o.counts) == 0 {
		return
	}
	if len(e.counts) == 0 {
		e.scale, e.offset, e.counts = o.scale, o.offset, append(e.counts[:0], o.counts...)
		return
	}
	e.downscale(e.scale - o.scale)
	for max(o.last(e.scale), e.end()-1)-min(o.first(e.scale), e.offset) >= int32(maxSize) { //nolint:gosec // at most 1000
		e.downscale(1)
	}
	e.cover(o.first(e.scale), o.last(e.scale)+1)
	for i, n := range o.counts {
		e.counts[(o.offset+int32(i))>>(o.scale-e.scale)-e.offset] += n //nolint:gosec // at most 1000
	}
}

func (e *exponential) first(scale int32) int32 { return e.offset >> (e.scale - scale) }
func (e *exponential) last(scale int32) int32  { return (e.end() - 1) >> (e.scale - scale) }

func (e *exponential) reset() { e.counts, e.zero, e.scale, e.offset = e.counts[:0], 0, 0, 0 }

// quantile is the value below which a share q of all lies; within a bucket values are taken to
// lie evenly on the scale.
func (e *exponential) quantile(q float64) float64 {
	total := e.zero
	for _, n := range e.counts {
		total += n
	}
	rank := q * float64(total)
	seen := float64(e.zero)
	if total == 0 || rank <= seen {
		return 0
	}
	for i, n := range e.counts {
		if seen+float64(n) >= rank && n > 0 {
			at := float64(e.offset) + float64(i) + (rank-seen)/float64(n)
			return math.Exp2(at / math.Exp2(float64(e.scale)))
		}
		seen += float64(n)
	}
	return math.Exp2(float64(e.end()) / math.Exp2(float64(e.scale)))
}
