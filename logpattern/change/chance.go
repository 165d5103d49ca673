package change

import "math"

// surprise is about how unlikely it is, in nats, that x or more lines come where
// mean are expected and lines come in clumps: Chernoff's bound of a Poisson
// number of clumps, and Bahadur and Rao's factor to it.
func surprise(x, mean, clump float64) float64 {
	k, m := x/clump, max(mean/clump, 1e-6)
	if k <= m {
		return 0
	}
	return k*math.Log(k/m) - k + m + max(0, math.Log(math.Sqrt(2*math.Pi*k)*(1-m/k)))
}

// atLeast is the smallest number of lines whose surprise reaches nats.
func atLeast(nats, mean, clump float64) float64 {
	low, high := mean, mean+clump
	for surprise(high, mean, clump) < nats {
		high *= 2
	}
	for range 40 {
		if mid := (low + high) / 2; surprise(mid, mean, clump) < nats {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// unlike is how unlikely it is, in nats, that a share x or more of n has what a
// share q has: Chernoff's bound.
func unlike(x, q, n float64) float64 {
	if x <= q {
		return 0
	}
	d := x * math.Log(x/q)
	if x < 1 {
		d += (1 - x) * math.Log((1-x)/(1-q))
	}
	return n * d
}
