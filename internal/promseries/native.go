package promseries

import (
	"math"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	minSchema = -4
	maxSchema = 8
	// maxNativeBuckets is where the sum of deltas halves its resolution, per sign:
	// twice the default of OpenTelemetry SDKs.
	maxNativeBuckets = 320
	// defaultZeroThreshold is Prometheus' for an exponential histogram that has none.
	defaultZeroThreshold = 1e-128
)

// Native is a native histogram with base 2^(2^-Schema), Schema from -4 to 8.
type Native struct {
	Schema             int32
	ZeroThreshold      float64
	ZeroCount          uint64
	Positive, Negative Buckets
	Count              uint64
	Sum                float64
	HasSum             bool
}

// Buckets are dense. Bucket i of Counts has the upper bound
// base^(Offset+i), in the numbering of Prometheus, one above OpenTelemetry's.
type Buckets struct {
	Offset int32
	Counts []uint64
}

// fill is false when the scale is coarser than Prometheus can hold, or the
// buckets are beyond all numbers.
func (n *Native) fill(dp pmetric.ExponentialHistogramDataPoint) bool {
	n.Count, n.Sum, n.HasSum = dp.Count(), dp.Sum(), dp.HasSum()
	n.ZeroCount, n.ZeroThreshold = dp.ZeroCount(), dp.ZeroThreshold()
	if n.ZeroThreshold <= 0 {
		n.ZeroThreshold = defaultZeroThreshold
	}
	n.Positive.fill(dp.Positive().Offset(), dp.Positive().BucketCounts())
	n.Negative.fill(dp.Negative().Offset(), dp.Negative().BucketCounts())
	if dp.Scale() < minSchema || !n.Positive.sane() || !n.Negative.sane() {
		return false
	}
	// A receiver refuses a count that is not that of the buckets; only values that
	// are not numbers are in none.
	if counted := n.ZeroCount + n.Positive.total() + n.Negative.total(); n.Count < counted || !math.IsNaN(n.Sum) {
		n.Count = counted
	}
	n.Schema = dp.Scale()
	n.Downscale(maxSchema)
	return true
}

func (b *Buckets) fill(offset int32, counts pcommon.UInt64Slice) {
	b.Offset, b.Counts = offset+1, b.Counts[:0]
	for i := range counts.Len() {
		b.Counts = append(b.Counts, counts.At(i))
	}
}

// maxOffset is far beyond what any float64 needs, and far from overflow.
const maxOffset = 1 << 29

func (b *Buckets) sane() bool {
	return b.Offset > -maxOffset && b.Offset < maxOffset && len(b.Counts) < maxOffset
}

func (b *Buckets) total() uint64 {
	var sum uint64
	for _, c := range b.Counts {
		sum += c
	}
	return sum
}

// Downscale lowers the resolution to schema; it does nothing where the schema
// is that low already.
func (n *Native) Downscale(schema int32) {
	if n.Schema <= schema {
		return
	}
	shift := n.Schema - schema
	n.Positive.downscale(shift)
	n.Negative.downscale(shift)
	n.Schema = schema
}

// downscale merges 2^shift buckets into one, in place.
func (b *Buckets) downscale(shift int32) {
	if len(b.Counts) == 0 || shift <= 0 {
		return
	}
	// An upper bound base^i becomes base'^ceil(i / 2^shift).
	index := func(i int) int32 { return (b.Offset+int32(i)-1)>>min(shift, 31) + 1 } //nolint:gosec // bounded by the slice
	first, last := index(0), index(len(b.Counts)-1)
	for i, c := range b.Counts {
		to := int(index(i) - first)
		if to != i {
			b.Counts[i] = 0
			b.Counts[to] += c
		}
	}
	b.Offset, b.Counts = first, b.Counts[:last-first+1]
}

// add adds o, of the same schema.
func (b *Buckets) add(o Buckets) {
	if len(o.Counts) == 0 {
		return
	}
	if len(b.Counts) == 0 {
		b.Offset, b.Counts = o.Offset, append(b.Counts[:0], o.Counts...)
		return
	}
	low, high := min(b.Offset, o.Offset), max(b.end(), o.end())
	if low != b.Offset || high != b.end() {
		grown := make([]uint64, high-low)
		copy(grown[b.Offset-low:], b.Counts)
		b.Offset, b.Counts = low, grown
	}
	for i, c := range o.Counts {
		b.Counts[int(o.Offset-low)+i] += c
	}
}

func (b *Buckets) end() int32 { return b.Offset + int32(len(b.Counts)) } //nolint:gosec // bounded

func span(a, b Buckets, shift int32) int64 {
	if len(a.Counts) == 0 || len(b.Counts) == 0 {
		return int64(max(len(a.Counts), len(b.Counts))) >> shift
	}
	return (int64(max(a.end(), b.end())) - int64(min(a.Offset, b.Offset))) >> shift
}

// add adds o, at the resolution of the coarser one, or coarser still where the
// buckets would become too many. It may lower the resolution of o. It is false
// when the lowest resolution would not be enough.
func (n *Native) add(o *Native) bool {
	schema := min(n.Schema, o.Schema)
	n.Downscale(schema)
	o.Downscale(schema)
	var shift int32
	for span(n.Positive, o.Positive, shift) > maxNativeBuckets || span(n.Negative, o.Negative, shift) > maxNativeBuckets {
		shift++
	}
	if schema-shift < minSchema {
		return false
	}
	n.Downscale(schema - shift)
	o.Downscale(schema - shift)
	n.Positive.add(o.Positive)
	n.Negative.add(o.Negative)
	n.ZeroThreshold = max(n.ZeroThreshold, o.ZeroThreshold)
	n.ZeroCount += o.ZeroCount
	n.Count += o.Count
	n.Sum += o.Sum
	n.HasSum = n.HasSum && o.HasSum
	return true
}

// CopyFrom makes n a deep copy of o, reusing n's memory.
func (n *Native) CopyFrom(o *Native) {
	positive, negative := append(n.Positive.Counts[:0], o.Positive.Counts...), append(n.Negative.Counts[:0], o.Negative.Counts...)
	*n = *o
	n.Positive.Counts, n.Negative.Counts = positive, negative
}

// UpperBound is the upper bound of bucket index, in Prometheus' numbering.
func UpperBound(schema, index int32) float64 {
	if schema < 0 {
		return math.Ldexp(1, int(index)<<-schema)
	}
	per := int32(1) << schema
	return math.Ldexp(math.Exp2(float64(index&(per-1))/float64(per)), int(index>>schema))
}

// maxClassicBuckets is how many bounds Classic makes at most, per sign.
const maxClassicBuckets = 32

// Classic is the histogram with bounds at powers of two or, when the range is
// wide, of 4, 16 and so on: a form for readers that know no native histograms.
// The result shares nothing with n; bounds stay the same while counts grow.
func (n *Native) Classic() Histogram {
	var c Native
	c.CopyFrom(n)
	c.Downscale(0)
	for c.Schema > minSchema && max(len(c.Positive.Counts), len(c.Negative.Counts)) > maxClassicBuckets {
		c.Downscale(c.Schema - 1)
	}
	h := Histogram{Count: n.Count, Sum: n.Sum, HasSum: n.HasSum}
	var sum uint64
	add := func(bound float64, count uint64) {
		sum += count
		h.Bounds, h.Cumulative = append(h.Bounds, bound), append(h.Cumulative, sum)
	}
	for i, v := range slices.Backward(c.Negative.Counts) {
		// Bucket i holds [-upper, -lower), so that its bound in a classic histogram is -lower.
		add(-UpperBound(c.Schema, c.Negative.Offset+int32(i)-1), v) //nolint:gosec // bounded
	}
	if c.ZeroCount > 0 || len(h.Bounds) > 0 {
		add(c.ZeroThreshold, c.ZeroCount)
	}
	for i, count := range c.Positive.Counts {
		bound := UpperBound(c.Schema, c.Positive.Offset+int32(i)) //nolint:gosec // bounded
		if math.IsInf(bound, 1) || bound <= c.ZeroThreshold {
			sum += count
			continue
		}
		add(bound, count)
	}
	h.Cumulative = append(h.Cumulative, n.Count)
	return h
}

// Span is a run of buckets: Offset is the gap since the end of the run before,
// or the index of the first bucket.
type Span struct {
	Offset int32
	Length uint32
}

// maxGap is how many empty buckets are cheaper to write than a new span.
const maxGap = 2

// Sparse is the form on Prometheus' wires: spans of buckets, and for each
// bucket the difference from the one before.
func (b *Buckets) Sparse() (spans []Span, deltas []int64) {
	var last int64
	end := int32(0) // index after the last bucket written
	for i, c := range b.Counts {
		if c == 0 {
			continue
		}
		index := b.Offset + int32(i) //nolint:gosec // bounded by the slice
		gap := index - end
		if len(spans) > 0 && gap <= maxGap {
			for range gap {
				deltas = append(deltas, -last)
				last = 0
			}
			spans[len(spans)-1].Length += uint32(gap) + 1 //nolint:gosec // gap is not negative
		} else {
			spans = append(spans, Span{gap, 1})
		}
		deltas = append(deltas, int64(c)-last) //nolint:gosec // counts are far below 2^63
		last, end = int64(c), index+1          //nolint:gosec // same
	}
	return spans, deltas
}
