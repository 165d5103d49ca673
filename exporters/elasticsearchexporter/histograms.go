package elasticsearchexporter

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

// A histogram becomes a value of Elasticsearch's type `histogram`: ascending
// values, each with its count. A bucket is at its middle, the open ones at their
// bound.

// distribution collects values with their counts; buckets without any are left out.
type distribution struct {
	values []float64
	counts []uint64
}

func (d *distribution) add(value float64, count uint64) {
	if count == 0 || !finite(value) {
		return
	}
	if n := len(d.values); n > 0 && value <= d.values[n-1] { // they must ascend
		d.counts[n-1] += count
		return
	}
	d.values, d.counts = append(d.values, value), append(d.counts, count)
}

// append appends the distribution as the metric's value, nothing where it is empty.
func (d *distribution) append(dst []byte, name string) []byte {
	if len(d.values) == 0 {
		return dst
	}
	dst = appendMetricName(dst, name, "")
	dst = append(dst, `{"values":[`...)
	for i, v := range d.values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = pdatajson.AppendDouble(dst, v)
	}
	dst = append(dst, `],"counts":[`...)
	for i, c := range d.counts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendUint(dst, c, 10)
	}
	return append(dst, ']', '}')
}

func appendHistogram(dst []byte, name string, p pmetric.HistogramDataPoint) []byte {
	dst = appendTotals(dst, name, p.Count(), total{"sum", p.HasSum(), p.Sum()}, total{"min", p.HasMin(), p.Min()}, total{"max", p.HasMax(), p.Max()})
	var d distribution
	bounds, counts := p.ExplicitBounds(), p.BucketCounts()
	switch n := bounds.Len(); {
	case counts.Len() == n+1 && n > 0:
		for i := range n + 1 {
			d.add(middle(bounds.At, i, n), counts.At(i))
		}
	case p.HasSum() && p.Count() > 0: // no buckets: all that is known is the mean
		d.add(p.Sum()/float64(p.Count()), p.Count())
	}
	return d.append(dst, name)
}

// middle is where bucket i of n bounds stands. The first begins at zero where all
// bounds are positive.
func middle(bound func(int) float64, i, n int) float64 {
	switch {
	case i == n:
		return bound(n - 1)
	case i > 0:
		return bound(i-1) + (bound(i)-bound(i-1))/2
	case bound(0) > 0:
		return bound(0) / 2
	default:
		return bound(0)
	}
}

func appendExponential(dst []byte, name string, p pmetric.ExponentialHistogramDataPoint) []byte {
	dst = appendTotals(dst, name, p.Count(), total{"sum", p.HasSum(), p.Sum()}, total{"min", p.HasMin(), p.Min()}, total{"max", p.HasMax(), p.Max()})
	var d distribution
	// Bucket i reaches from base^i to base^(i+1), with base = 2^(2^-scale).
	exponent := math.Ldexp(1, -int(p.Scale()))
	at := func(offset int32, i int) float64 {
		low := math.Exp2(float64(int64(offset)+int64(i)) * exponent)
		return low + (math.Exp2(float64(int64(offset)+int64(i)+1)*exponent)-low)/2
	}
	negative, positive := p.Negative(), p.Positive()
	for i := negative.BucketCounts().Len() - 1; i >= 0; i-- {
		d.add(-at(negative.Offset(), i), negative.BucketCounts().At(i))
	}
	d.add(0, p.ZeroCount())
	for i := range positive.BucketCounts().Len() {
		d.add(at(positive.Offset(), i), positive.BucketCounts().At(i))
	}
	return d.append(dst, name)
}
