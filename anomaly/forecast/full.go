package forecast

import (
	"math"
	"slices"
	"time"
)

const (
	// trendPoints bounds the means that a Trend holds. Full, it halves them and
	// doubles their span.
	trendPoints = 64
	// recentPoints are looked at besides all: what began lately must not wait until
	// it outweighs the past. Less than fewPoints give no trend.
	recentPoints, fewPoints = 16, 8
	// sure is the standard score of the interval of the slope: 99 %, as three are asked.
	sure = 2.58
	// trendMinSpan and trendMaxSpan bound the span of one mean, in seconds.
	trendMinSpan, trendMaxSpan = 300, 86400
)

// Trend follows where a series is going, to say when it reaches a bound: a disk
// that fills, a certificate that expires. Its zero value is ready. It is 0.6 KiB
// large and not safe for concurrent use.
type Trend struct {
	span  int64 // seconds of one mean
	begin int64 // number of the first mean's span
	means [trendPoints]float64
	n     int64 // means that are known
	sum   float64
	count int64 // points of the mean being filled
	bin   int64
}

// Observe learns the value v at t. Late points and values that are not finite are
// left out. A silence longer than what is held starts anew.
func (t *Trend) Observe(at time.Time, v float64) {
	if !(math.Abs(v) <= extreme) {
		return
	}
	if t.span == 0 {
		t.span = trendMinSpan
	}
	bin := at.Unix() / t.span
	if t.count > 0 && bin < t.bin {
		return
	}
	if t.count > 0 && bin > t.bin {
		t.end(bin)
		bin = at.Unix() / t.span
	}
	t.bin = bin
	t.sum += v
	t.count++
}

// end adds the mean that is complete, and those that a gap left out.
func (t *Trend) end(next int64) {
	mean := t.sum / float64(t.count)
	t.sum, t.count = 0, 0
	if next-t.bin > trendPoints {
		*t = Trend{span: trendMinSpan}
		return
	}
	if t.n == 0 {
		t.begin = t.bin
	}
	for t.begin+t.n <= t.bin { // gaps are NaN, the last is the mean
		t.push(math.NaN())
	}
	t.means[t.n-1] = mean
}

func (t *Trend) push(v float64) {
	if t.n == trendPoints {
		if t.span*2 > trendMaxSpan {
			copy(t.means[:], t.means[1:])
			t.n--
			t.begin++
		} else {
			t.halve()
		}
	}
	t.means[t.n] = v
	t.n++
}

// halve joins neighbours. The first may be odd and stands alone.
func (t *Trend) halve() {
	var joined [trendPoints]float64
	begin := t.begin / 2
	var counts [trendPoints]float64
	for i := range t.n {
		if v := t.means[i]; !math.IsNaN(v) {
			j := (t.begin+i)/2 - begin
			joined[j] += v
			counts[j]++
		}
	}
	last := (t.begin+t.n-1)/2 - begin
	for j := range joined {
		joined[j] /= counts[j] // NaN for none
	}
	t.span *= 2
	t.begin, t.n, t.bin = begin, last+1, t.bin/2
	t.means = joined
}

// Reach says when a bound is reached.
type Reach struct {
	// In is the time until then; Earliest and Latest bound it with 99 % probability as
	// far as the trend goes on. Latest is Never when it may not be reached at all.
	In, Earliest, Latest time.Duration
	// PerDay is the change per day.
	PerDay float64
}

// Never is longer than any trend is followed.
const Never = time.Duration(math.MaxInt64)

// Until says when the series reaches the bound, from value v. ok is false for "not at
// this rate": it does not surely move towards the bound, or would need more than ten
// times as long as it has been observed.
//
// The slope is the median of the slopes of all pairs (Theil 1950), its interval that
// of Sen (1968) by the normal approximation of Kendall's statistic.
func (t *Trend) Until(bound, v float64) (r Reach, ok bool) {
	for _, n := range [...]int64{t.n, recentPoints, fewPoints} {
		if n > t.n {
			continue
		}
		if x, found := t.until(t.means[t.n-n:t.n], bound-v); found && (!ok || x.In < r.In) {
			r, ok = x, true
		}
	}
	return r, ok
}

func (t *Trend) until(means []float64, distance float64) (Reach, bool) {
	low, slope, high, ok := slopes(means)
	if !ok {
		return Reach{}, false
	}
	perDay := slope / float64(t.span) * daySeconds
	if distance < 0 {
		low, slope, high, distance = -high, -slope, -low, -distance
	}
	if distance == 0 {
		return Reach{}, true
	}
	span := float64(t.span)
	observed := float64(len(means)) * span
	in := distance / slope * span
	if low <= 0 || in > 10*observed {
		return Reach{}, false
	}
	seconds := func(s float64) time.Duration {
		if !(s < 1e9) {
			return Never
		}
		return time.Duration(s * float64(time.Second))
	}
	return Reach{In: seconds(in), Earliest: seconds(distance / high * span), Latest: seconds(distance / low * span), PerDay: perDay}, true
}

// slopes are the median slope per mean of all pairs, and its interval.
func slopes(means []float64) (low, median, high float64, ok bool) {
	var all []float64
	n := 0.0
	for i, a := range means {
		if math.IsNaN(a) {
			continue
		}
		n++
		for j := i + 1; j < len(means); j++ {
			if b := means[j]; !math.IsNaN(b) {
				all = append(all, (b-a)/float64(j-i))
			}
		}
	}
	if n < fewPoints {
		return 0, 0, 0, false
	}
	slices.Sort(all)
	half := sure * math.Sqrt(n*(n-1)*(2*n+5)/18) / 2
	middle := float64(len(all)) / 2
	at := func(x float64) float64 { return all[max(0, min(len(all)-1, int(math.Round(x))))] }
	return at(middle - half), at(middle), at(middle + half), true
}
