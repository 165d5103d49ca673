package forecast

import "math"

const (
	// experts that compete at each horizon.
	experts = 5
	// sharpness is the power of its precision by which an expert counts.
	sharpness = 12
	// decaySeconds is how fast a deviation goes, as far as a series has not shown it.
	decaySeconds = 7200
	// trendSeconds is how fast a trend goes.
	trendSeconds = 3600
	// The edges of the interval are each crossed once in twenty times: an edge that is
	// crossed moves out, others move in, in this proportion (the quantile tracker of
	// Angelopoulos, Candes and Tibshirani 2023, in logarithms).
	crossed  = 0.05
	edgeRate = 0.05
)

// anchor is what is learned of one horizon.
type anchor struct {
	bins         uint8
	n            uint16 // forecasts judged, up to the memory of losses
	regression   regression
	losses       [experts]float32 // mean absolute error of each expert in the last day
	below, above float32          // distances of the edges of the interval
}

func (a *anchor) begin(step float64) {
	for i, w := range prior(float64(a.bins) * step) {
		a.regression.weights[i] = float32(w)
	}
}

// prior is the belief in a remainder that decays to the slow one.
func prior(seconds float64) (w vector) {
	stays := math.Exp(-seconds / decaySeconds)
	w[1], w[2] = stays, 1-stays
	return w
}

// features of a forecast made at from, of the bin r, for the time to.
func (f *Forecaster) features(r *remainder, from, to float64) vector {
	return vector{
		float64(r.value) - f.profile(from), float64(r.fast), f.slow, f.yesterday(to), f.yesterday(from), f.weekly(to), f.weekly(from),
	}
}

// predictions of all experts.
func (f *Forecaster) predictions(a *anchor, number int64, x *vector, from, to float64) (p [experts]float64) {
	r := &f.recent[mod(number, mostBins)]
	profile := f.profile(to)
	stays := math.Exp((from - to) / decaySeconds)
	span := 0.0 // no remainder to come is much larger than those that there were
	for _, v := range x {
		span = max(span, math.Abs(v))
	}
	p[0] = profile + clamp(a.regression.predict(x), 1.5*span+3*f.typical)
	p[1] = float64(r.value)
	decay := math.Exp(-f.step / trendSeconds)
	p[2] = p[1] + f.trend(number)*decay*(1-math.Exp((from-to)/trendSeconds))/(1-decay)
	p[3] = f.median
	// The profile in proportion: twice the traffic of this time is twice that of later.
	p[4] = profile + f.slow
	if here := f.base + f.profile(from) + f.slow; math.Abs(here) > f.typical {
		ratio := max(0.3, min(3, 1+(float64(r.fast)-f.slow)/here))
		p[4] = (f.base+p[4])*(1+stays*(ratio-1)) - f.base
	}
	return p
}

// trend is the change per bin of late.
func (f *Forecaster) trend(number int64) float64 {
	a, b, c := &f.recent[mod(number, mostBins)], &f.recent[mod(number-1, mostBins)], &f.recent[mod(number-2, mostBins)]
	if !b.known() || !c.known() {
		return 0
	}
	return float64(a.value-b.value)/2 + float64(b.value-c.value)/4
}

// teach judges the forecast that the anchor made, or would have made, for the bin
// that has now the value x.
func (f *Forecaster) teach(a *anchor, now, x float64) {
	origin := f.number - int64(a.bins)
	r := &f.recent[mod(origin, mostBins)]
	if !r.known() || f.bins < 3 {
		return
	}
	from := now - float64(a.bins)*f.step
	features := f.features(r, from, now)
	p := f.predictions(a, origin, &features, from, now)
	mixed := a.mix(&p)

	day := daySeconds / f.step
	if float64(a.n) < day {
		a.n++
	}
	limit := min(20*f.typical, math.MaxFloat32/2)
	for e := range p {
		a.losses[e] += (float32(min(math.Abs(p[e]-x), limit)) - a.losses[e]) / float32(a.n)
	}
	a.learnEdges(x-mixed, f.typical)
	if float64(f.bins)*f.step < daySeconds/2 || f.typical <= 0 {
		return
	}
	unit := f.typical + tiny
	for i := range features {
		features[i] = clamp(features[i]/unit, 1e3)
	}
	belief := prior(float64(a.bins) * f.step)
	a.regression.learn(&features, clamp((x-f.profile(now))/unit, 1e3), (p[0]-x)/unit, &belief)
}

func (a *anchor) learnEdges(off, typical float64) {
	if a.below == 0 && a.above == 0 {
		a.below, a.above = float32(2*typical), float32(2*typical)
	}
	least := float32(0.01*typical) + float32(tiny)
	move := func(edge float32, beyond float64) float32 {
		up := -crossed
		if beyond > float64(edge) {
			up = 1 - crossed
		}
		return max(least, edge*float32(math.Exp(edgeRate*up)))
	}
	a.below, a.above = move(a.below, -off), move(a.above, off)
}

// mix weighs the experts by a high power of their precision.
func (a *anchor) mix(p *[experts]float64) float64 {
	best := math.Inf(1)
	for _, l := range a.losses {
		best = min(best, float64(l))
	}
	var sum, weights float64
	for e, l := range a.losses {
		w := math.Pow((best+tiny)/(float64(l)+tiny), sharpness)
		weights += w
		sum += w * p[e]
	}
	return sum / weights
}

// Append appends the forecast of the next bins to points and returns it; nothing
// before the first bin.
func (f *Forecaster) Append(points []Point) []Point {
	if f.bins == 0 {
		return points
	}
	for bins := 1; bins <= f.Bins(); bins++ {
		points = append(points, f.ahead(bins))
	}
	return points
}

// At is the forecast of the bin so many after the last one, 1 to Bins. It is false
// before the first bin and for other bins.
func (f *Forecaster) At(bins int) (Point, bool) {
	if f.bins == 0 || bins < 1 || bins > f.Bins() {
		return Point{}, false
	}
	return f.ahead(bins), true
}

func (f *Forecaster) ahead(bins int) Point {
	near, far := &f.anchors[0], &f.anchors[1]
	share := 0.0 // of far
	if d := int(far.bins) - int(near.bins); d > 0 {
		share = max(0, min(1, float64(bins-int(near.bins))/float64(d)))
	}
	from := f.position(f.last)
	to := from + float64(bins)*f.step
	x := f.features(&f.recent[mod(f.number, mostBins)], from, to)
	p := f.predictions(near, f.number, &x, from, to)
	value := (1 - share) * near.mix(&p)
	p = f.predictions(far, f.number, &x, from, to)
	value += f.base + share*far.mix(&p)

	// Beyond the anchors the interval grows as that of a random walk.
	grow := 1.0
	switch {
	case bins < int(near.bins):
		grow = math.Sqrt(float64(bins) / float64(near.bins))
	case bins > int(far.bins):
		grow = math.Sqrt(float64(bins) / float64(far.bins))
	}
	below := grow * ((1-share)*float64(near.below) + share*float64(far.below))
	above := grow * ((1-share)*float64(near.above) + share*float64(far.above))
	out := Point{value, value - below, value + above}
	if !f.negative { // what was never negative is not expected to become so
		out = Point{max(0, out.Value), max(0, out.Lower), max(0, out.Upper)}
	}
	return out
}
