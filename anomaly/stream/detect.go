package stream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/anomaly"
)

// Threshold is the default threshold of what Detect writes: scores at or above it
// are outside of the band.
const Threshold = anomaly.Threshold

// maxLine bounds a line of input, in bytes.
const maxLine = 4096

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
	in := bufio.NewReaderSize(r, 1<<16)
	out := bufio.NewWriterSize(w, 1<<16)
	var number []byte
	for n := 1; ; n++ {
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(fmt.Errorf("read line %d: %w", n, err), out.Flush())
		}
		t, v, err := parse(line)
		if err != nil {
			return errors.Join(fmt.Errorf("read line %d: %w", n, err), out.Flush())
		}
		number = strconv.AppendFloat(number[:0], d.Score(t, v).Score, 'g', -1, 64)
		_, _ = out.Write(append(number, '\n')) // Flush returns the error
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write score: %w", err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write score: %w", err)
	}
	return nil
}

var errLongLine = fmt.Errorf("line is longer than %d bytes", maxLine)

// readLine returns the next line without its end; io.EOF after the last one.
func readLine(in *bufio.Reader) (string, error) {
	b, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(b) > maxLine:
		return "", errLongLine
	case errors.Is(err, io.EOF) && len(b) > 0:
		err = nil
	}
	return strings.TrimSpace(string(b)), err
}

func parse(line string) (time.Time, float64, error) {
	seconds, value, ok := strings.Cut(line, ",")
	if !ok {
		return time.Time{}, 0, fmt.Errorf("want unixtime,value, have %q", line)
	}
	s, err := strconv.ParseFloat(strings.TrimSpace(seconds), 64)
	if err != nil || !(math.Abs(s) < 1<<33) {
		return time.Time{}, 0, fmt.Errorf("time is not Unix seconds: %q", seconds)
	}
	whole := math.Floor(s)
	t := time.Unix(int64(whole), int64((s-whole)*1e9))
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		v = math.NaN()
	}
	return t, v, nil
}
