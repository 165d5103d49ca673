package alerts

import (
	"fmt"
	"strings"
	"time"
)

// units from the longest to the shortest; Prometheus has years of 365 days and no months.
var units = []struct {
	name string
	size time.Duration
}{
	{"y", 365 * 24 * time.Hour}, {"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond},
}

// ParseDuration reads a duration as Prometheus writes it: 90s, 5m, 1h30m, 30d; the units from long to short, each once.
func ParseDuration(s string) (Duration, error) {
	if s == "0" {
		return 0, nil
	}
	rest, total, from := s, time.Duration(0), 0
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		unit := len(rest[digits:]) - len(strings.TrimLeft(rest[digits:], "ywdhms"))
		if digits == 0 || digits > 9 || unit == 0 {
			return 0, notDuration(s)
		}
		n := time.Duration(0)
		for _, c := range rest[:digits] {
			n = n*10 + time.Duration(c-'0')
		}
		found := false
		for i := from; i < len(units); i++ {
			if units[i].name == rest[digits:digits+unit] {
				if n > (1<<63-1-total)/units[i].size {
					return 0, notDuration(s)
				}
				total, from, found = total+n*units[i].size, i+1, true
				break
			}
		}
		if !found {
			return 0, notDuration(s)
		}
		rest = rest[digits+unit:]
	}
	if s == "" {
		return 0, notDuration(s)
	}
	return Duration(total), nil
}

func notDuration(s string) error {
	return fmt.Errorf("%q is no duration: write 90s, 5m, 1h30m or 30d", s)
}

// String is the shortest that Prometheus reads as the same; weeks and years are written in days.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	left := time.Duration(d)
	for _, u := range units[2:] {
		if n := left / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			left -= n * u.size
		}
	}
	return b.String()
}

// testInterval is the distance of the values of a test unless it says otherwise.
const testInterval = Duration(time.Minute)
