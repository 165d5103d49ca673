package sim

import (
	"cmp"
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/rootcause"
)

// simple are two methods that need no thought: the service with the highest mean
// latency, and the one with the most errors, in the last minute.
type simple struct {
	minutes []minute
}

type minute struct {
	at      time.Time
	seconds map[string]float64
	calls   map[string]float64
	errors  map[string]float64
}

func newSimple() *simple { return &simple{} }

func (s *simple) add(t *rootcause.Trace, at time.Time) {
	if s == nil {
		return
	}
	if n := len(s.minutes); n == 0 || s.minutes[n-1].at != at {
		s.minutes = append(s.minutes, minute{at, map[string]float64{}, map[string]float64{}, map[string]float64{}})
		if n >= 6 {
			s.minutes = slices.Delete(s.minutes, 0, 1)
		}
	}
	m := &s.minutes[len(s.minutes)-1]
	for _, x := range t.Spans {
		if x.Kind != rootcause.Server {
			continue
		}
		m.calls[x.Service]++
		m.seconds[x.Service] += x.Duration.Seconds()
		if x.Error {
			m.errors[x.Service]++
		}
	}
}

// ranks of the cause: of a fault of a host, that of the first service on it.
func (s *simple) ranks(f *Fault, sys *System) (slowest, mostErrors int) {
	seconds, calls, errors := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, m := range s.minutes {
		for k, v := range m.calls {
			calls[k] += v
			seconds[k] += m.seconds[k]
			errors[k] += m.errors[k]
		}
	}
	mean := map[string]float64{}
	for k, n := range calls {
		mean[k] = seconds[k] / n
	}
	right := func(name string) bool {
		if f.Service != nil {
			return f.Service.Name == name
		}
		for _, svc := range sys.Services {
			if svc.Name == name {
				return slices.ContainsFunc(svc.Instances, func(i Instance) bool { return i.Host == f.Host })
			}
		}
		return false
	}
	return rank(mean, right), rank(errors, right)
}

func rank(scores map[string]float64, right func(string) bool) int {
	names := make([]string, 0, len(scores))
	for k, v := range scores {
		if v > 0 {
			names = append(names, k)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return slices.IndexFunc(names, right) + 1
}
