package rootcause

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// root counts a request as a whole.
func (s *Summary) root(span *Span) {
	x := s.rootOf(division{service: span.Service, operation: span.Operation})
	if x == nil {
		return
	}
	x.log.add(math.Log(float64(span.Duration + resolution)))
	failed := 0.0
	if span.Error {
		failed = 1
	}
	x.failed.add(failed)
	if span.Duration >= x.longest {
		x.longest, x.example = span.Duration, s.trace
	}
}

// Trouble is what users notice: requests of one kind that are slower than usual or
// fail more often.
type Trouble struct {
	Service, Operation string
	Sigmas             float64
	// Ratio is how many times as long they take; FailedUsual and FailedNow are the
	// shares that fail.
	Ratio                  float64
	FailedUsual, FailedNow float64
	// Trace is one of them, the slowest.
	Trace string
}

// Requests that take less than a fifth longer, or of which fewer than one in fifty
// more fail, are no trouble however certain it is.
const leastSlower, leastFailing = 1.2, 0.02

// Troubles lists the kinds of requests with trouble, the worst first.
func Troubles(w *Summary, b *Baseline) []Trouble {
	var out []Trouble
	tests := 100 * len(w.roots) // it is asked again and again
	for d, r := range w.roots {
		past := b.roots[d]
		if past == nil || past.all.log.n < 20 || r.log.n < 5 {
			continue
		}
		slow := change(r.log, past.all.log, past.times, 0.05)
		failing := changeOfRate(r.failed, past.all.failed, past.failures)
		t := Trouble{
			Service: d.service, Operation: d.operation, Trace: r.example,
			Ratio: math.Exp(r.log.mean() - past.all.log.mean()), FailedUsual: past.all.failed.mean(), FailedNow: r.failed.mean(),
		}
		if t.Ratio >= leastSlower {
			t.Sigmas = slow
		}
		if t.FailedNow-t.FailedUsual >= leastFailing {
			t.Sigmas = max(t.Sigmas, failing)
		}
		if surprise(t.Sigmas, tests) > hint {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Trouble) int {
		return cmp.Or(cmp.Compare(b.Sigmas, a.Sigmas), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Operation, b.Operation))
	})
	return out
}

type pastRoot struct {
	all             root
	times, failures []moments
}

func newPastRoots(blocks []*Summary) map[division]*pastRoot {
	out := map[division]*pastRoot{}
	for _, s := range blocks {
		for d, r := range s.roots {
			x := out[d]
			if x == nil {
				x = &pastRoot{}
				out[d] = x
			}
			x.all.log.merge(r.log)
			x.all.failed.merge(r.failed)
			x.times, x.failures = append(x.times, r.log), append(x.failures, r.failed)
		}
	}
	return out
}

// Verdict is what a Watcher says when something begins, changes or ends.
type Verdict struct {
	State    State
	Start    time.Time
	At       time.Time
	Suspects []Suspect
	Troubles []Trouble
	// Affects are the services that call the first suspect, directly or not, sorted.
	Affects []string
	// History is how much ordinary time it was compared with.
	History time.Duration
}

// State of a verdict.
type State string

// States of a verdict.
const (
	Open     State = "open"
	Updated  State = "updated"
	Resolved State = "resolved"
)
