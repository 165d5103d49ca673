package anomaly_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly"
)

// TestScoreAndBandAgree checks on restless series that a point scores the
// threshold or more when it is outside of its band, and less when it is inside.
func TestScoreAndBandAgree(t *testing.T) {
	for _, direction := range []anomaly.Direction{anomaly.Both, anomaly.Up, anomaly.Down} {
		rng := rand.New(rand.NewPCG(11, uint64(direction)))
		s := anomaly.DefaultSettings()
		s.Direction = direction
		d := anomaly.New(&s)
		level, points, outside, wrong := 0.0, 0, 0, 0
		for i := range 20 * 1440 {
			if rng.IntN(3000) == 0 {
				level = 200 * rng.NormFloat64() // now and then a new level
			}
			v := 100 + level + 30*math.Sin(2*math.Pi*float64(i)/1440) + 4*rng.NormFloat64()
			if rng.IntN(1500) == 0 {
				v += 150 * rng.NormFloat64()
			}
			got := d.Observe(start.Add(time.Duration(i)*time.Minute), v)
			if got.State == anomaly.Learning {
				continue
			}
			points++
			// The edges are found to two percent.
			slack := 0.02 * min(got.Upper-got.Expected, got.Expected-got.Lower)
			flagged := got.Score >= anomaly.Threshold
			if flagged {
				outside++
			}
			if flagged && v > got.Lower+slack && v < got.Upper-slack || !flagged && (v < got.Lower-slack || v > got.Upper+slack) {
				wrong++
			}
		}
		require.Greater(t, outside, 50)
		require.LessOrEqual(t, wrong, outside/100, "direction %d: %d of %d points", direction, wrong, points)
	}
}
