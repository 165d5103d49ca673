package stream

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tidewatch/tidewatch/anomaly/forecast"
)

// Forecast reads lines `unixtime,value` from r, the means of bins of the length step,
// and writes to w for each the means of the next two hours, separated by commas, in
// the same order. A forecast depends on the lines before it only. A value that is not
// a number is a gap. An error names the line.
func Forecast(r io.Reader, w io.Writer, step time.Duration) error {
	f, err := forecast.New(step)
	if err != nil {
		return fmt.Errorf("check step: %w", err)
	}
	var points []forecast.Point
	return eachLine(r, w, func(t time.Time, v float64, line []byte) []byte {
		f.Observe(t, v)
		points = f.Append(points[:0])
		if len(points) == 0 { // nothing is known yet
			points = append(points, make([]forecast.Point, f.Bins())...)
		}
		for i, p := range points {
			if i > 0 {
				line = append(line, ',')
			}
			line = strconv.AppendFloat(line, p.Value, 'g', -1, 64)
		}
		return line
	})
}
