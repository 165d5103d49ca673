package sim

import (
	"fmt"
	"time"

	"github.com/tidewatch/tidewatch/rootcause"
)

// Kind is what goes wrong.
type Kind string

// Faults, and what is none but looks like one.
const (
	SlowDependency Kind = "slow dependency"
	Errors         Kind = "errors"
	PoolExhausted  Kind = "pool exhausted"
	HostBusy       Kind = "CPU hog on a host"
	Lock           Kind = "lock"
	RetryStorm     Kind = "retry storm"
	BadDeploy      Kind = "bad deploy"
	NetworkLoss    Kind = "network loss"
	Leak           Kind = "leak"
	CacheMisses    Kind = "cache miss storm"

	LoadGrowth Kind = "load growth"
	SlowClient Kind = "slow client"
	Unrelated  Kind = "unrelated noise"
)

// Faults are the kinds that have a cause to be found.
var Faults = []Kind{SlowDependency, Errors, PoolExhausted, HostBusy, Lock, RetryStorm, BadDeploy, NetworkLoss, Leak, CacheMisses}

// Confusers are the kinds that have none.
var Confusers = []Kind{LoadGrowth, SlowClient, Unrelated}

// Fault is something that goes on for a time.
type Fault struct {
	Kind       Kind
	Service    *Service // that has it; nil for one of a host
	Host       string
	From, Till time.Time
	// size is drawn once: how bad it is, 0 to 1.
	size float64
	// grown is how far a leak has come, 0 to 1.
	grown float64
}

// NewFault draws where a fault strikes: a service that requests use, or a host with
// several such.
func (s *System) NewFault(kind Kind, from time.Time, lasts time.Duration) Fault {
	used := s.used()
	f := Fault{Kind: kind, From: from, Till: from.Add(lasts), size: s.rng.Float64()}
	switch kind {
	case HostBusy:
		f.Host = used[s.rng.IntN(len(used))].Instances[0].Host
	case CacheMisses:
		var with []*Service
		for _, svc := range used {
			if hasQueries(svc) {
				with = append(with, svc)
			}
		}
		if len(with) == 0 {
			with = used
		}
		f.Service = with[s.rng.IntN(len(with))]
	default:
		f.Service = used[s.rng.IntN(len(used))]
	}
	return f
}

func hasQueries(svc *Service) bool {
	for _, op := range svc.Operations {
		if len(op.queries) == 0 {
			return false
		}
	}
	return true
}

// Right says whether a suspect is the cause.
func (f *Fault) Right(s rootcause.Suspect) bool {
	if f.Host != "" {
		return s.Host == f.Host
	}
	return s.Service == f.Service.Name
}

// Truth is the name of the cause.
func (f *Fault) Truth() string {
	if f.Host != "" {
		return f.Host
	}
	return f.Service.Name
}

// effect is what faults do to one run of an operation.
type effect struct {
	slower, wait, fails, queries float64
	more, retries                int
	misses                       bool
	version, line                string
}

func (r *request) effects(op *Operation, at Instance) effect {
	e := effect{slower: 1, queries: 1, version: op.Service.Version}
	for _, f := range r.faults {
		if f.Kind == RetryStorm {
			e.retries = 2
		}
		if f.Service == op.Service || f.Host != "" && f.Host == at.Host {
			e.suffer(r, &f, at, op)
		}
	}
	return e
}

func (e *effect) suffer(r *request, f *Fault, at Instance, op *Operation) {
	switch f.Kind {
	case SlowDependency:
		e.wait += 0.03 + 0.2*f.size
	case Errors:
		e.fails += 0.1 + 0.5*f.size
	case PoolExhausted:
		if r.chance(0.6) {
			e.wait += (0.05 + 0.3*f.size) * r.s.rng.Float64()
			e.line = "connection pool exhausted, waited for a connection"
		}
		e.fails += 0.125
	case HostBusy:
		e.slower *= 5 + 10*f.size
	case Lock:
		if r.chance(0.5) {
			e.wait += (0.05 + 0.2*f.size) * r.s.rng.ExpFloat64()
		}
	case RetryStorm:
		e.fails += 0.3 + 0.3*f.size
		e.slower *= 3
	case BadDeploy:
		if at.Name == op.Service.Instances[0].Name || f.size > 0.5 {
			e.version, e.slower, e.fails = "1.1", 4+6*f.size, e.fails+0.1
			e.wait += 0.02
		}
	case Leak:
		e.slower *= 1 + 8*f.grown
		e.wait += 0.05 * f.grown
	case CacheMisses:
		e.misses, e.more, e.queries = true, 1, 4+6*f.size
	case SlowClient:
		if op.Service.layer == 0 && r.chance(0.02) {
			e.wait += 2
		}
	case LoadGrowth:
		e.slower *= 1.05
	}
}

// underWay is how much longer than usual a call is on its way.
func (r *request) underWay(to *Operation) float64 {
	var d float64
	for _, f := range r.faults {
		if f.Kind == NetworkLoss && f.Service == to.Service && r.chance(0.3) {
			d += 0.05 + 0.2*f.size // a retransmission
		}
	}
	return d
}

// notes are what other detectors say while a fault goes on.
func (f *Fault) notes() []rootcause.Note {
	cpu := func(n rootcause.Note, now int) []rootcause.Note {
		n.Channel, n.Score = rootcause.Resource, 0.9
		n.Text = fmt.Sprintf("CPU in use is %d %%, usually 30 %%", now)
		return []rootcause.Note{n}
	}
	switch f.Kind {
	case HostBusy:
		return cpu(rootcause.Note{Host: f.Host}, 98)
	case Unrelated:
		return cpu(rootcause.Note{Service: f.Service.Name}, 80)
	case LoadGrowth:
		return cpu(rootcause.Note{Service: f.Service.Name}, 60)
	}
	return nil
}
