package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// System is services in layers. Calls go to lower layers only.
type System struct {
	Services []*Service
	Hosts    []string
	// Entries are the operations at which requests come in.
	Entries []*Operation
	weights []float64
	// Rate is requests per second in the middle of the day.
	Rate float64
	rng  *rand.Rand
	// miners find the patterns of lines.
	miners miners
	serial int
}

// Service is a program in some copies.
type Service struct {
	Name       string
	layer      int
	Version    string
	Instances  []Instance
	Operations []*Operation
}

// Instance is one copy of a service.
type Instance struct{ Name, Host string }

// Operation is what a service does on a call.
type Operation struct {
	Name    string
	Service *Service
	// own is the median of the time that it works itself, in seconds, spread that
	// of its logarithm.
	own, spread float64
	calls       []call
	// queries are calls to a database, which has no spans of its own; each is made
	// with its probability.
	queries []query
	line    string
	fails   float64
}

type call struct {
	to          *Operation
	probability float64
	times       int
}

type query struct {
	name        string
	median      float64
	probability float64
}

// NewSystem makes 10 to 40 services.
func NewSystem(seed uint64) *System {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := &System{rng: rng, miners: miners{}, Rate: 6 + 6*rng.Float64()}
	for h := range 4 + rng.IntN(6) {
		s.Hosts = append(s.Hosts, fmt.Sprintf("node-%d", h))
	}
	n, layers := 10+rng.IntN(31), 4
	for i := range n {
		layer := 0
		if i > 0 {
			layer = 1 + (i-1)*(layers-1)/(n-1)
		}
		svc := &Service{Name: fmt.Sprintf("svc-%02d", i), layer: layer, Version: "1.0"}
		for k := range 2 + rng.IntN(2) {
			svc.Instances = append(svc.Instances, Instance{fmt.Sprintf("%s-%d", svc.Name, k), s.Hosts[rng.IntN(len(s.Hosts))]})
		}
		for o := range 1 + rng.IntN(3) {
			op := &Operation{
				Name: fmt.Sprintf("Op%d", o), Service: svc, own: 0.001 * math.Exp(2*rng.Float64()), spread: 0.2 + 0.4*rng.Float64(),
				line: fmt.Sprintf("handled %s for customer %%d", []string{"order", "quote", "lookup"}[o]), fails: 0.001 * rng.Float64(),
			}
			for q := range rng.IntN(3) {
				op.queries = append(op.queries, query{fmt.Sprintf("SELECT t%d", q), 0.001 * math.Exp(1.5*rng.Float64()), 0.2 + 0.8*rng.Float64()})
			}
			svc.Operations = append(svc.Operations, op)
		}
		s.Services = append(s.Services, svc)
	}
	for _, svc := range s.Services {
		for _, op := range svc.Operations {
			s.wire(op, layers)
		}
	}
	for i, op := range s.Services[0].Operations {
		s.Entries = append(s.Entries, op)
		s.weights = append(s.weights, 1/float64(i+1))
	}
	return s
}

// wire lets an operation call some of the layer below.
func (s *System) wire(op *Operation, layers int) {
	var below []*Operation
	for _, svc := range s.Services {
		if svc.layer == op.Service.layer+1 {
			below = append(below, svc.Operations...)
		}
	}
	if len(below) == 0 || op.Service.layer == layers-1 {
		return
	}
	n := 1 + s.rng.IntN(3)
	if op.Service.layer == 0 {
		n += 2
	}
	for range n {
		op.calls = append(op.calls, call{below[s.rng.IntN(len(below))], 0.5 + 0.5*s.rng.Float64(), 1})
	}
}

// used are the services that requests reach often enough to notice: in at least
// one of twenty.
func (s *System) used() []*Service {
	p := map[*Service]float64{}
	var walk func(op *Operation, share float64)
	walk = func(op *Operation, share float64) {
		p[op.Service] += share
		for _, c := range op.calls {
			walk(c.to, share*c.probability)
		}
	}
	var all float64
	for _, w := range s.weights {
		all += w
	}
	for i, op := range s.Entries {
		walk(op, s.weights[i]/all)
	}
	var out []*Service
	for _, svc := range s.Services[1:] {
		if p[svc] >= 0.05 {
			out = append(out, svc)
		}
	}
	return out
}

// load is by how much there are more requests at a time of the day, in seconds,
// than in its middle.
func load(second float64) float64 {
	return 1 + 0.5*math.Sin(2*math.Pi*(second/86400-0.25))
}
