package stream

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

// Threshold is the default threshold of what Detect writes: scores at or above it
// are outside of the band.
const Threshold = anomaly.Threshold

// Detect reads lines `unixtime,value` from r, the time in seconds, and writes to w
// for each its score, 0 (ordinary) to 1 (never seen), in the same order. A score
// depends on the lines before it only. It is written before the next line is
// waited for, so that both ends may be alive. Values that are not numbers (NaN,
// "", null) and late points get 0. step, when positive, is the expected distance
// of points; it is learned otherwise. An error names the line.
func Detect(r io.Reader, w io.Writer, step time.Duration, settings anomaly.Settings) error {
	if err := settings.Validate(); err != nil {
		return fmt.Errorf("check settings: %w", err)
	}
	d := anomaly.New(&settings)
	if step > 0 {
		d.ExpectStep(step)
	}
	return eachLine(r, w, func(t time.Time, v float64, line []byte) []byte {
		return strconv.AppendFloat(line, d.Score(t, v).Score, 'g', -1, 64)
	})
}
