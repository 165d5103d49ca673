package backtest

import (
	"math"

	"github.com/tidewatch/tidewatch/anomaly"
)

// traceSpans is how many stretches a picture has at most.
const traceSpans = 720

// Span is a stretch of a series: the extremes of its values and the mean edges of the
// band, NaN where there is none.
type Span struct {
	Low, High, Lower, Upper float32
	values, edges           float32
}

// trace draws a series of any length in a bounded number of spans. Full, it joins
// neighbours and doubles their width.
type trace struct {
	width int64 // nanoseconds
	begin int64 // number of the first span
	spans []Span
}

func (t *trace) add(ns int64, v float64, verdict *anomaly.Verdict) {
	if len(t.spans) == 0 {
		t.width, t.begin = int64(60e9), floorDiv(ns, int64(60e9))
	}
	n := floorDiv(ns, t.width) - t.begin
	for n >= traceSpans {
		t.halve()
		n = floorDiv(ns, t.width) - t.begin
	}
	for int64(len(t.spans)) <= n {
		t.spans = append(t.spans, Span{Low: float32(math.Inf(1)), High: float32(math.Inf(-1))})
	}
	s := &t.spans[n]
	s.Low, s.High = min(s.Low, float32(v)), max(s.High, float32(v))
	s.values++
	if lower, upper := verdict.Lower, verdict.Upper; verdict.State != anomaly.Learning && !math.IsNaN(lower+upper) && !math.IsInf(lower, 0) && !math.IsInf(upper, 0) {
		s.Lower += float32(lower)
		s.Upper += float32(upper)
		s.edges++
	}
}

func (t *trace) halve() {
	begin := floorDiv(t.begin, 2)
	joined := t.spans[:0]
	for i, s := range t.spans {
		j := int(floorDiv(t.begin+int64(i), 2) - begin)
		if j == len(joined) {
			joined = append(joined, s)
			continue
		}
		o := &joined[j]
		o.Low, o.High = min(o.Low, s.Low), max(o.High, s.High)
		o.Lower += s.Lower
		o.Upper += s.Upper
		o.values += s.values
		o.edges += s.edges
	}
	t.spans, t.begin, t.width = joined, begin, 2*t.width
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// band is the mean band of a span.
func (s *Span) band() (lower, upper float64, ok bool) {
	if s.edges == 0 {
		return 0, 0, false
	}
	return float64(s.Lower / s.edges), float64(s.Upper / s.edges), true
}
