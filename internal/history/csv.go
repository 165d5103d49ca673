package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Row is one line of a CSV file.
type Row struct {
	Time  time.Time
	Value float64 // NaN for what is no number
	// Label says that somebody marked the point as part of an incident; Labelled that
	// the line has such a column.
	Label, Labelled bool
}

// CSV reads lines `time,value[,label]` and gives each to visit. Times are Unix
// seconds, or milliseconds, or RFC 3339; a label is 0 or 1. A first line that has no
// time is a header. An error names the line.
func CSV(r io.Reader, visit func(Row) error) error {
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) < 2 {
			return fmt.Errorf("read line %d: want time,value[,label], have %q", n, line)
		}
		t, err := ParseTime(fields[0])
		if err != nil {
			if n == 1 {
				continue
			}
			return fmt.Errorf("read line %d: %w", n, err)
		}
		row := Row{Time: t, Value: math.NaN()}
		if v, err := strconv.ParseFloat(strings.TrimSpace(fields[1]), 64); err == nil {
			row.Value = v
		}
		if len(fields) > 2 {
			label := strings.TrimSpace(fields[2])
			row.Labelled = label != ""
			row.Label = row.Labelled && label != "0" && label != "0.0" && label != "false"
		}
		if err := visit(row); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read csv: %w", err)
	}
	return nil
}

var errTime = errors.New("time is neither Unix seconds nor RFC 3339")

// ParseTime reads Unix seconds, Unix milliseconds or RFC 3339.
func ParseTime(s string) (time.Time, error) {
	s = strings.Trim(strings.TrimSpace(s), `"`)
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		if math.Abs(v) >= 1e11 { // year 5138 in seconds
			v /= 1e3
		}
		if !(math.Abs(v) < 1<<33) {
			return time.Time{}, fmt.Errorf("%w: %q", errTime, s)
		}
		return time.UnixMilli(int64(math.Round(v * 1e3))), nil
	}
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%w: %q", errTime, s)
}
