package rootcause

import (
	"math"
)

// moments are count, mean and spread of numbers, kept so that they can be merged.
type moments struct {
	n, sum, sq float64
}

func (m *moments) add(x float64) { m.n++; m.sum += x; m.sq += x * x }

func (m *moments) merge(o moments) { m.n += o.n; m.sum += o.sum; m.sq += o.sq }

func (m *moments) mean() float64 {
	if m.n == 0 {
		return 0
	}
	return m.sum / m.n
}

func (m *moments) variance() float64 {
	if m.n < 2 {
		return 0
	}
	return max(0, (m.sq-m.sum*m.sum/m.n)/(m.n-1))
}

// drift is the variance of the mean from block to block beyond what the variance
// of single values explains: how much it wanders in ordinary time. (The moment
// estimator of DerSimonian and Laird, 1986, for blocks of unequal size.)
func drift(blocks []moments, variance float64) float64 {
	var w, w2, wx, k float64
	for _, b := range blocks {
		if b.n > 0 && variance > 0 {
			weight := b.n / variance
			w, w2, wx, k = w+weight, w2+weight*weight, wx+weight*b.mean(), k+1
		}
	}
	if k < 3 {
		return 0
	}
	var q float64
	for _, b := range blocks {
		if b.n > 0 {
			d := b.mean() - wx/w
			q += b.n / variance * d * d
		}
	}
	return max(0, (q-(k-1))/(w-w2/w))
}

// change is by how many standard errors the mean of a window differs from that
// of the history, whose blocks are given too. Small samples are pulled towards
// the variance of the history.
func change(window, history moments, blocks []moments, floor float64) float64 {
	if window.n == 0 || history.n < 2 {
		return 0
	}
	const prior = 5 // values by which the spread of a small window is steadied
	vh := history.variance()
	vw := (window.variance()*max(0, window.n-1) + vh*prior) / (max(0, window.n-1) + prior)
	se := vw/window.n + vh/history.n + drift(blocks, max(vh, floor*floor)) + floor*floor
	return (window.mean() - history.mean()) / math.Sqrt(se)
}

// changeOfRate is change for counts of events per parent: the spread is that of
// both together, so that what never varied before has one too.
func changeOfRate(window, history moments, blocks []moments) float64 {
	if window.n == 0 || history.n == 0 {
		return 0
	}
	both := window
	both.merge(history)
	v := both.variance()
	if v == 0 {
		return 0
	}
	d := window.mean() - history.mean()
	step := 0.5 / window.n // counts are whole: half of one is no news
	switch {
	case d > step:
		d -= step
	case d < -step:
		d += step
	default:
		return 0
	}
	return d / math.Sqrt(v/window.n+v/history.n+drift(blocks, v))
}

// surprise turns a number of standard errors into 0 to 1: next to nothing up to what
// the largest of that many tests may reach by chance, and rising beyond it. It
// rises slowly, as no model of chance is right that far out.
func surprise(z float64, tests int) float64 {
	limit := math.Sqrt(2*math.Log(float64(max(tests, 10)))) + 0.5
	if z <= 0 {
		return 0
	}
	if z <= limit {
		return hint * math.Pow(z/limit, 4)
	}
	return hint + (1-hint)*(1-math.Exp(-(z-limit)/limit))
}

// hint is the strength of evidence that chance may well have made: it ranks
// suspects if there is nothing better, and no more.
const hint = 0.05
