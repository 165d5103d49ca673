package rootcause

import (
	"math"
	"slices"
)

// Role is what a series of numbers measures.
type Role uint8

// Roles of series. Others tell nothing about a cause by themselves.
const (
	// CPU and Memory are shares in use of what the instance may use, 0 to 1.
	CPU Role = iota
	Memory
	// Latency is the usual duration of a request in seconds, what is called included.
	Latency
	// Failures is the share of requests that fail, 0 to 1.
	Failures
	// Requests is how many came in from one value to the next.
	Requests
	// Transfer is the time in seconds that calls from Service to Callee are under
	// way: what the caller waits beyond what the callee takes.
	Transfer
)

// Series is what was measured of a service, or of its calls to Callee, before the
// window and in it. NaN is no value.
type Series struct {
	Service, Callee string
	// Instance and Host say where it was measured; empty if it is about all.
	Instance, Host string
	Name           string
	Role           Role
	Past, Now      []float64
	// Recent are values from just before the window, if Past is older: what changed
	// between Past and Recent is not news.
	Recent []float64
}

// level is what a series says of the window.
type level struct {
	usual, now float64
	spread     float64 // of the past
	z          float64 // how far up, in spreads
}

// of makes a level one of so many requests: few tell little. Durations vary by
// about as much as they are long; of failures at least half a request is in doubt.
func (l level) of(requests float64, role Role) level {
	if requests <= 0 {
		return l
	}
	chance := l.usual / math.Sqrt(requests)
	if role == Failures {
		p := (l.usual*requests + 0.5) / (requests + 1)
		chance = math.Sqrt(p * (1 - p) / requests)
	}
	l.z = (l.now - l.usual) / math.Hypot(l.spread, chance)
	return l
}

// floors are the least spreads by role, in the unit of the role, below which a
// difference matters to nobody, and as a share of the usual value.
func (r Role) floors() (least, share float64) {
	switch r {
	case CPU, Memory:
		return 0.03, 0.05
	case Failures:
		return 0.002, 0
	case Latency, Transfer:
		return 0.002, 0.1
	}
	return 0, 0.1
}

// read compares the window with the past by ranks: half of the past is below the
// usual value, and the spread is that of its upper tail.
func (s *Series) read() (level, bool) {
	past, now := values(s.Past), values(s.Now)
	recent := values(s.Recent)
	if len(past) < 5 {
		past = slices.Concat(past, recent)
		slices.Sort(past)
	}
	if len(now) == 0 || len(past) == 0 {
		return level{}, false
	}
	least, share := s.Role.floors()
	l := level{usual: quantile(past, 0.5), now: now[len(now)-1]}
	l.spread = max((quantile(past, 0.9)-l.usual)/1.28, (l.usual-quantile(past, 0.1))/1.28, least, share*math.Abs(l.usual))
	if len(past) < 5 { // few values know little of their spread
		l.spread = max(l.spread, 0.3*math.Abs(l.usual))
	}
	if len(recent) > 0 {
		l.usual = max(l.usual, quantile(recent, 0.5))
	}
	l.z = (l.now - l.usual) / l.spread
	return l, true
}

// values are the numbers of xs in order.
func values(xs []float64) []float64 {
	out := make([]float64, 0, len(xs))
	for _, x := range xs {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}

// quantile of sorted numbers, interpolated.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
