package backtest

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/internal/history"
)

// Incident is a time at which something was really wrong. Rule, when set, says for which
// rule this counts; else it counts for all.
type Incident struct {
	Start, End time.Time
	Rule       string
}

// ReadIncidents reads lines `start,end[,rule]`; times are Unix seconds or RFC 3339. A first
// line that has no time is a header. An error names the line.
func ReadIncidents(r io.Reader) ([]Incident, error) {
	var out []Incident
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, ",")
		if len(fields) < 2 {
			return nil, fmt.Errorf("read line %d: want start,end[,rule], have %q", n, line)
		}
		start, err := history.ParseTime(fields[0])
		if err != nil {
			if n == 1 {
				continue
			}
			return nil, fmt.Errorf("read line %d: %w", n, err)
		}
		end, err := history.ParseTime(fields[1])
		if err != nil {
			return nil, fmt.Errorf("read line %d: %w", n, err)
		}
		if end.Before(start) {
			return nil, fmt.Errorf("read line %d: the incident ends before it begins", n)
		}
		i := Incident{Start: start, End: end}
		if len(fields) > 2 {
			i.Rule = strings.TrimSpace(fields[2])
		}
		out = append(out, i)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read incidents: %w", err)
	}
	return out, nil
}

// incidents are those that count for a rule and lie within steps from, ..., as spans that
// do not overlap.
func (o *Options) incidents(rule string, from int) (out []span) {
	var all []span
	for _, i := range o.Incidents {
		if i.Rule != "" && i.Rule != rule || i.End.Before(o.Start) || i.Start.After(o.End) {
			continue
		}
		s := span{max(o.index(i.Start.UnixNano()), 0), min(o.index(i.End.UnixNano()), o.Len()-1)}
		if s.to >= from {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}
