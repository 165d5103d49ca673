package change

import "math"

// surprise bounds, in nats, how unlikely it is that x or more lines come where
// mean are expected and lines come in clumps: Chernoff's bound of a Poisson
// number of clumps.
func surprise(x, mean, clump float64) float64 {
	k, m := x/clump, max(mean/clump, 1e-6)
	if k <= m {
		return 0
	}
	return k*math.Log(k/m) - k + m
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
