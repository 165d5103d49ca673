package change

import "math"

// burstSize is the mean number of lines that come together, if their number is
// geometric and the variance of a count is clump times its mean.
func burstSize(clump float64) float64 { return (max(1, clump) + 1) / 2 }

// surprise bounds, in nats, how unlikely it is that x or more lines come where
// mean are expected: Chernoff's bound of a Poisson number of bursts, each of a
// geometric number of lines (Polya and Aeppli's distribution; Poisson's if clump
// is 1).
func surprise(x, mean, clump float64) float64 {
	mean = max(mean, 1e-6)
	if x <= mean {
		return 0
	}
	s := burstSize(clump)
	p, q := 1/s, 1-1/s
	bursts := mean / s
	z := x / mean // e to the parameter of the bound; that of Poisson's
	if q > 1e-9 {
		b := 2*x*q + bursts*p
		z = 2 * x / (b + math.Sqrt(b*b-4*x*x*q*q))
	}
	return x*math.Log(z) - bursts*(p*z/(1-q*z)-1)
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
