package forecast

import "math"

const (
	// features of the regression, see Forecaster.features.
	features = 7
	packed   = features * (features + 1) / 2
	// forgetting is the weight of the past after each point: a thousand points count.
	forgetting = 0.999
	// ridge pulls the weights to those of a remainder that decays, in units of points.
	ridge = 3
	// robustness is the error, in typical remainders, up to which the regression is
	// one of squares; errors beyond count by their size only.
	robustness = 0.5
)

// vector holds one value per feature.
type vector [features]float64

// regression predicts a remainder from features by least absolute deviations:
// squares weighted by the inverse of the last error (Schlossmacher 1973), with
// exponential forgetting. Its sums are kept instead of their inverse, which stays
// sound in short numbers.
type regression struct {
	squares  [packed]float32 // upper triangle, by rows
	products [features]float32
	weights  [features]float32
}

func (r *regression) predict(x *vector) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(r.weights[i]) * v
	}
	return sum
}

// learn takes what x was followed by and how far the prediction was off, all in
// units of the typical remainder. prior are the weights to fall back to.
func (r *regression) learn(x *vector, y, off float64, prior *vector) {
	weight := 1 / max(math.Abs(off), robustness)
	k := 0
	for i := range x {
		for j := i; j < features; j++ {
			r.squares[k] = float32(forgetting*float64(r.squares[k]) + weight*x[i]*x[j])
			k++
		}
		r.products[i] = float32(forgetting*float64(r.products[i]) + weight*x[i]*y)
	}
	r.solve(prior)
}

// solve finds the weights by Gauss's elimination; the ridge keeps the matrix
// positive definite. Weights that are not finite are not taken.
func (r *regression) solve(prior *vector) {
	var a [features][features + 1]float64
	k, trace := 0, 0.0
	for i := range features {
		for j := i; j < features; j++ {
			a[i][j] = float64(r.squares[k])
			a[j][i] = a[i][j]
			k++
		}
		trace += a[i][i]
	}
	for i := range features {
		a[i][i] += ridge + 1e-6*trace
		a[i][features] = float64(r.products[i]) + ridge*prior[i]
	}
	for i := range features {
		for row := i + 1; row < features; row++ {
			f := a[row][i] / a[i][i]
			for col := i; col <= features; col++ {
				a[row][col] -= f * a[i][col]
			}
		}
	}
	var w vector
	for i := features - 1; i >= 0; i-- {
		w[i] = a[i][features]
		for j := i + 1; j < features; j++ {
			w[i] -= a[i][j] * w[j]
		}
		w[i] /= a[i][i]
		if !(math.Abs(w[i]) < 1e6) {
			return
		}
	}
	for i := range w {
		r.weights[i] = float32(w[i])
	}
}
