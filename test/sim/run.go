package sim

import (
	"slices"
	"time"

	"github.com/tidewatch/tidewatch/rootcause"
)

// Result is what became of one run with one fault.
type Result struct {
	Fault Fault
	// Rank of the cause in the first verdict, 0 if it is not among the suspects or
	// there is no verdict.
	Rank       int
	Confidence float64
	// After is how long after its beginning the fault was found; zero if it was not.
	After time.Duration
	First []rootcause.Suspect
	// Slowest and MostErrors are the ranks that two simple methods give the cause
	// at that time.
	Slowest, MostErrors int
	// Before are verdicts without a cause.
	Before int
	// Incidents are how many were opened from the beginning of the fault until five
	// minutes after its end.
	Incidents int
}

// The step of a watcher; traces come to rest some seconds after their end.
const (
	step = 10 * time.Second
	rest = 5 * time.Second
)

// Run watches a system for warm, then with a fault for five minutes. One that does
// not matter goes on at the same time.
func Run(seed uint64, kind Kind, warm time.Duration) Result {
	s := NewSystem(seed)
	for range slices.Index(Faults, kind) {
		s.rng.Uint64() // another place for each kind
	}
	start := time.Unix(1_800_000_000, 0).Add(time.Duration(s.rng.IntN(86400)) * time.Second)
	onset := start.Add(warm).Add(time.Duration(s.rng.IntN(60)) * time.Second)
	f := s.NewFault(kind, onset, 5*time.Minute)
	confuser := s.NewFault(Confusers[s.rng.IntN(len(Confusers))], onset.Add(-2*time.Minute), 8*time.Minute)
	if confuser.Kind != Unrelated {
		confuser.Service = s.Services[0]
	}
	res := Result{Fault: f}
	w := rootcause.NewWatcher(rootcause.WatcherOptions{Step: step})
	simple := newSimple()
	d := newDesk(s, start)
	s.play(start, f.Till.Add(5*time.Minute), []Fault{f, confuser}, w, simple, d, func(v rootcause.Verdict) {
		switch {
		case v.State != rootcause.Open || res.First != nil:
		case v.At.Before(onset):
			res.Before++
		default:
			res.After, res.First, res.Confidence = v.At.Sub(onset), v.Suspects, v.Suspects[0].Confidence
			for i, x := range v.Suspects {
				if f.Right(x) && res.Rank == 0 {
					res.Rank = i + 1
				}
			}
			res.Slowest, res.MostErrors = simple.ranks(&f, s)
		}
	})
	if res.First == nil {
		res.Slowest, res.MostErrors = simple.ranks(&f, s)
	}
	res.Incidents = len(d.opened)
	return res
}

// play makes the requests of a time and gives them to a watcher, whose verdicts f gets.
func (s *System) play(from, till time.Time, faults []Fault, w *rootcause.Watcher, simple *simple, d *desk, f func(rootcause.Verdict)) {
	type done struct {
		trace *rootcause.Trace
		at    time.Time
	}
	var waiting []done
	next := from
	for check := from.Add(step); check.Before(till); check = check.Add(step) {
		for next.Before(check) {
			var active []Fault
			rate := s.Rate * load(float64(next.Unix()%86400))
			for _, x := range faults {
				if next.Before(x.From) || next.After(x.Till) {
					continue
				}
				x.grown = min(1, next.Sub(x.From).Seconds()/180)
				if x.Kind == LoadGrowth {
					rate *= 1.6
				}
				active = append(active, x)
			}
			trace, end := s.Request(next, active)
			waiting = append(waiting, done{trace, end.Add(rest)})
			next = next.Add(time.Duration(s.rng.ExpFloat64() / rate * 1e9))
		}
		for _, x := range faults {
			for _, n := range x.notes() {
				if !check.Before(x.From.Add(30 * time.Second)) {
					w.Note(n, check, check.After(x.Till))
				}
			}
		}
		kept := waiting[:0]
		for _, d := range waiting {
			if d.at.After(check) {
				kept = append(kept, d)
				continue
			}
			w.Add(d.trace)
			simple.add(d.trace, check)
		}
		waiting = kept
		verdicts := w.Check(check)
		for _, v := range verdicts {
			f(v)
		}
		d.advance(s, faults, verdicts, check)
	}
}

// Calm watches a system for a time in which nothing is wrong, but all kinds of
// confusers come and go. It returns the verdicts and how many incidents were opened.
func Calm(seed uint64, lasts time.Duration) (verdicts []rootcause.Verdict, incidents int) {
	s := NewSystem(seed)
	start := time.Unix(1_800_000_000, 0).Add(time.Duration(s.rng.IntN(86400)) * time.Second)
	var confusers []Fault
	for at := start.Add(20 * time.Minute); at.Before(start.Add(lasts)); at = at.Add(20 * time.Minute) {
		c := s.NewFault(Confusers[s.rng.IntN(len(Confusers))], at, time.Duration(2+s.rng.IntN(7))*time.Minute)
		if c.Kind != Unrelated {
			c.Service = s.Services[0]
		}
		confusers = append(confusers, c)
	}
	w, d := rootcause.NewWatcher(rootcause.WatcherOptions{Step: step}), newDesk(s, start)
	s.play(start, start.Add(lasts), confusers, w, nil, d, func(v rootcause.Verdict) {
		if v.State == rootcause.Open {
			verdicts = append(verdicts, v)
		}
	})
	return verdicts, len(d.opened)
}
