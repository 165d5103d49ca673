package sim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/rootcause"
)

// miners find the patterns of the lines of each service.
type miners map[string]*logpattern.Miner

func (m miners) match(service, body string, at time.Time) logpattern.Match {
	x := m[service]
	if x == nil {
		x = logpattern.New(logpattern.Options{NoHeader: true})
		m[service] = x
	}
	return x.Observe(body, at)
}

// Request makes one request that begins at a time, as the faults have it. The
// second result is when it ends.
func (s *System) Request(at time.Time, faults []Fault) (*rootcause.Trace, time.Time) {
	s.serial++
	r := &request{s: s, faults: faults, trace: &rootcause.Trace{ID: fmt.Sprintf("%032x", s.serial)}}
	pick := s.rng.Float64()
	var all float64
	for _, w := range s.weights {
		all += w
	}
	op := s.Entries[len(s.Entries)-1]
	for i, w := range s.weights {
		if pick -= w / all; pick < 0 {
			op = s.Entries[i]
			break
		}
	}
	end, _ := r.serve(op, "", at.UnixNano())
	return r.trace, time.Unix(0, end)
}

type request struct {
	s      *System
	faults []Fault
	trace  *rootcause.Trace
}

func (r *request) noise(median, spread float64) int64 {
	return int64(1e9 * median * math.Exp(spread*r.s.rng.NormFloat64()))
}

func (r *request) chance(p float64) bool { return r.s.rng.Float64() < p }

func (r *request) add(span rootcause.Span) int {
	span.ID = strconv.Itoa(len(r.trace.Spans) + 1)
	r.trace.Spans = append(r.trace.Spans, span)
	return len(r.trace.Spans) - 1
}

// serve runs an operation and returns when it ended and whether it failed.
func (r *request) serve(op *Operation, parent string, start int64) (end int64, failed bool) {
	svc := op.Service
	at := svc.Instances[r.s.rng.IntN(len(svc.Instances))]
	e := r.effects(op, at)
	i := r.add(rootcause.Span{
		Parent: parent, Service: svc.Name, Operation: op.Name, Instance: at.Name, Host: at.Host, Version: e.version,
		Kind: rootcause.Server, Start: start,
	})
	id := r.trace.Spans[i].ID
	own := int64(float64(r.noise(op.own, op.spread))*e.slower) + int64(e.wait*1e9)
	now := start + own/2
	failed = r.chance(op.fails + e.fails)
	if !failed {
		now, failed = r.work(op, e, id, now)
	}
	now += own - own/2
	body := fmt.Sprintf(op.line, r.s.rng.IntN(100000))
	if failed && e.line == "" {
		body = fmt.Sprintf("request of customer %d failed", r.s.rng.IntN(100000))
	} else if e.line != "" && (failed || e.wait > 0) {
		body = e.line
	}
	r.log(svc.Name, at.Name, body, now, failed)
	r.trace.Spans[i].Duration = time.Duration(now - start)
	r.trace.Spans[i].Error = failed
	return now, failed
}

// work makes the queries and calls of an operation; it stops at the first failure.
func (r *request) work(op *Operation, e effect, id string, now int64) (int64, bool) {
	for _, q := range op.queries {
		p := q.probability
		if e.misses {
			p = 1
		}
		if !r.chance(p) {
			continue
		}
		d := r.noise(q.median*e.queries, 0.3)
		for range 1 + e.more {
			r.add(rootcause.Span{Parent: id, Service: op.Service.Name, Operation: q.name, Kind: rootcause.Client, Start: now, Duration: time.Duration(d)})
			now += d
		}
	}
	for _, c := range op.calls {
		if !r.chance(c.probability) {
			continue
		}
		for try := 0; ; try++ {
			end, failed := r.call(op, c.to, id, now)
			now = end
			if !failed {
				break
			}
			if try >= e.retries {
				return now, true
			}
		}
	}
	return now, false
}

func (r *request) call(from, to *Operation, parent string, now int64) (int64, bool) {
	i := r.add(rootcause.Span{Parent: parent, Service: from.Service.Name, Operation: "call " + to.Service.Name, Kind: rootcause.Client, Start: now})
	way := r.noise(0.0005, 0.3) + int64(r.underWay(to)*1e9)
	end, failed := r.serve(to, r.trace.Spans[i].ID, now+way/2)
	end += way - way/2
	r.trace.Spans[i].Duration = time.Duration(end - now)
	r.trace.Spans[i].Error = failed
	return end, failed
}

func (r *request) log(service, instance, body string, at int64, severe bool) {
	m := r.s.miners.match(service, body, time.Unix(0, at))
	r.trace.Lines = append(r.trace.Lines, rootcause.Line{
		Time: at, Service: service, Instance: instance, Pattern: strings.Clone(m.ID), Template: m.Template, Severe: severe,
	})
}
