package anomaly

import "math"

// The histogram of a tail has two bins an octave, from 2^binLowest.
const (
	bins      = 36
	binLowest = -5
	// cutMass is the share of observations above the cut, to which the Pareto is fitted.
	cutMass = 0.003
	// Before anything is known a tail is that of priorWeight observations of an
	// exponential, and its Pareto index is held near priorIndex by indexWeight ones.
	priorWeight = 60
	priorRate   = 1.5
	priorIndex  = 0.3
	indexWeight = 10
	minIndex    = 0.3
	maxIndex    = 0.5
	// maxWeight bounds the growing weight of new observations before all are scaled.
	maxWeight = 1e6
)

// binEdges are the lower edges of the bins.
var binEdges = func() (e [bins + 1]float64) {
	for i := range e {
		e[i] = math.Exp2(float64(i)/2 + binLowest)
	}
	return e
}()

// binOf is the bin of z.
func binOf(z float64) int {
	if z < binEdges[0] {
		return 0
	}
	f, e := math.Frexp(z)
	k := 2 * (e - 1 - binLowest)
	if f >= math.Sqrt2/2 {
		k++
	}
	return min(k, bins-1)
}

// tail is how the magnitudes of one series' remainders were distributed: a
// histogram that forgets, with a Pareto fitted above its 99.7th percentile (Hill's
// estimator with a prior; see Siffer et al., KDD 2017, on extreme values in
// streams).
type tail struct {
	weights [bins]float32
	total   float32
	inc     float32 // weight of the next observation
	cut     float32 // where the Pareto begins
	base    float32 // surprise at the cut
	slope   float32 // 1 / Pareto index
	n       uint32
}

func (t *tail) init() {
	t.inc = 1
	for k := range t.weights {
		w := priorWeight * (math.Exp(-binEdges[k]*priorRate) - math.Exp(-binEdges[k+1]*priorRate))
		t.weights[k] = float32(w)
		t.total += float32(w)
	}
	t.fit()
}

// fit places the cut and fits the Pareto above it.
func (t *tail) fit() {
	need := cutMass * t.total
	var above float32
	k := bins - 1
	for ; k > 1 && above+t.weights[k] <= need; k-- {
		above += t.weights[k]
	}
	cut := k + 1
	if above < need/5 { // one bin holds the mass: the cut goes below it
		above += t.weights[k]
		cut = k
	}
	var logs, mass float64
	for j := cut; j < bins; j++ {
		w := float64(t.weights[j])
		logs += w * math.Ln2 / 2 * (float64(j-cut) + 0.5)
		mass += w
	}
	inc := float64(t.inc)
	index := (logs/inc + indexWeight*priorIndex) / (mass/inc + indexWeight)
	index = min(maxIndex, max(minIndex, index))
	t.cut, t.slope = float32(binEdges[cut]), float32(1/index)
	t.base = float32(-math.Log10(float64((above + t.inc/2) / (t.total + t.inc))))
}

// surprise is -log10 of the probability that a magnitude is above z.
func (t *tail) surprise(z float64) float64 {
	cut := float64(t.cut)
	if z > cut {
		return float64(t.base) + log10(z/cut)*float64(t.slope)
	}
	return float64(t.base) * z / cut
}

// steepness is how much the surprise grows when z grows tenfold.
func (t *tail) steepness(z float64) float64 {
	if cut := float64(t.cut); z <= cut {
		return math.Ln10 * float64(t.base) * z / cut
	}
	return float64(t.slope)
}

// log10 of a positive normal number, to four digits: a surprise needs no more,
// and the logarithm is most of the cost of a point.
func log10(x float64) float64 {
	b := math.Float64bits(x)
	e := float64(int64(b>>52) - 1023)
	m := math.Float64frombits(b&(1<<52-1)|1023<<52) - 1 // 0..1
	return (e + m*(1.4425449290+m*(-0.7181452567+m*(0.4575485901+m*(-0.2779042655+m*(0.1214665424+m*-0.0255105394)))))) * (math.Ln2 / math.Ln10)
}

// learnEvent adds the largest magnitude of an episode. In a young tail it weighs
// no more than what may be above the cut, so that one event does not hide the next.
func (t *tail) learnEvent(z, memory float64) {
	t.add(z, min(t.inc, cutMass*t.total))
	t.age(z, memory)
}

// learn adds an observation. Older ones lose weight so that about memory of them
// count.
func (t *tail) learn(z, memory float64) {
	t.add(z, t.inc)
	t.age(z, memory)
}

func (t *tail) add(z float64, weight float32) {
	t.weights[binOf(z)] += weight
	t.total += weight
}

func (t *tail) age(z, memory float64) {
	t.n++
	t.inc *= float32(1 + 1/min(memory, float64(t.n)+100))
	if t.inc > maxWeight {
		for i := range t.weights {
			t.weights[i] /= maxWeight
		}
		t.total /= maxWeight
		t.inc /= maxWeight
	}
	if z > float64(t.cut) || t.n%64 == 0 {
		t.fit()
	}
}
