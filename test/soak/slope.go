package main

import (
	"math"
	"slices"
)

// trend is the slope of a course by Theil and Sen: the median of the slopes between all
// pairs of points, which a minority of outliers does not move. Low is the lower end of
// its interval of 95 % by Sen (1968): the slope is at least that, if points are
// independent.
type trend struct{ Slope, Low float64 }

// theilSen returns the trend of y over x in units of y per unit of x; zero for fewer than
// three points.
func theilSen(x, y []float64) trend {
	n := len(x)
	if n < 3 {
		return trend{}
	}
	slopes := make([]float64, 0, n*(n-1)/2)
	for i := range n {
		for j := i + 1; j < n; j++ {
			if x[j] != x[i] {
				slopes = append(slopes, (y[j]-y[i])/(x[j]-x[i]))
			}
		}
	}
	slices.Sort(slopes)
	m := float64(n)
	spread := 1.96 * math.Sqrt(m*(m-1)*(2*m+5)/18)
	low := int((float64(len(slopes)) - spread) / 2)
	return trend{Slope: median(slopes), Low: slopes[max(0, low)]}
}

// median of sorted values.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func medianOf(values []float64) float64 { return median(slices.Sorted(slices.Values(values))) }
