package localstore

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// Bounds of the tables of services. The connector that counts spans has smaller ones; these
// are for several agents that report to one.
const (
	maxServiceRows = 1000
	maxEdgeRows    = 1000
	// serviceAge is how long after its last value a row is shown: some intervals at which they come.
	serviceAge = 2 * time.Minute
	// edgeSpan is over which requests of an edge are counted.
	edgeSpan = time.Minute
)

// unknown is a value of which nothing can be said.
var unknown = Number(math.NaN())

// ServiceField is one of the values of a service.
type ServiceField int

// The values of a service, or of one of its operations.
const (
	ServiceCalls  ServiceField = iota // per second
	ServiceErrors                     // share of calls, 0 to 1
	ServiceMean                       // seconds
	ServiceP99                        // seconds
	serviceFields
)

// ServiceView is a service, or one of its operations, over the last minute.
type ServiceView struct {
	Service string `json:"service"`
	// Operation is empty for the service as a whole.
	Operation string `json:"operation,omitempty"`
	// Attrs are other attributes of the resource.
	Attrs []Attr `json:"attributes"`
	// Calls are per second, Errors a share of 0 to 1, latencies in seconds; null where there were too
	// few calls.
	Calls       Number `json:"calls"`
	Errors      Number `json:"errors"`
	LatencyMean Number `json:"latency_mean"`
	LatencyP99  Number `json:"latency_p99"`
	// Updated is when the latest value came, Unix seconds.
	Updated int64 `json:"updated"`
}

// Edge names who calls whom. Connection is empty, database, messaging_system or virtual_node.
type Edge struct {
	Client     string `json:"client"`
	Server     string `json:"server"`
	Connection string `json:"connection"`
}

// EdgeField is one of the counters of an edge.
type EdgeField int

// The counters of an edge; seconds are sums of durations.
const (
	EdgeRequests EdgeField = iota
	EdgeFailed
	EdgeServerCount
	EdgeServerSeconds
	EdgeClientCount
	EdgeClientSeconds
	edgeFields
)

// EdgeView is an edge over the last minute.
type EdgeView struct {
	Edge
	// Calls are per second, Errors a share of 0 to 1, LatencyMean is in seconds as the server sees it, or
	// else the client.
	Calls       Number `json:"calls"`
	Errors      Number `json:"errors"`
	LatencyMean Number `json:"latency_mean"`
	// Requests and Failed are counted since the agent began to.
	Requests uint64 `json:"requests"`
	Failed   uint64 `json:"failed"`
}

type serviceTable struct {
	mu       sync.Mutex // guards all below
	services map[uint64]*serviceRow
	edges    map[Edge]*edgeRow
	evicted  uint64
}

type serviceRow struct {
	view    ServiceView // without values
	values  [serviceFields]float64
	times   [serviceFields]time.Time
	updated time.Time
}

// edgeRow holds the counters at some moments of the last minute, the oldest first.
type edgeRow struct {
	samples []edgeSample
}

type edgeSample struct {
	time   time.Time
	values [edgeFields]float64
}

func (t *serviceTable) init() {
	t.services, t.edges = map[uint64]*serviceRow{}, map[Edge]*edgeRow{}
}

func (t *serviceTable) total(out *Totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out.Services, out.Edges, out.EvictedServices = len(t.services), len(t.edges), t.evicted
}

// PutService stores a value; describe is asked for the names of a row that is new.
func (s *Store) PutService(id uint64, at time.Time, field ServiceField, v float64, describe func() (service, operation string, attrs []Attr)) {
	t := &s.services
	t.mu.Lock()
	defer t.mu.Unlock()
	row := t.services[id]
	if row == nil {
		if len(t.services) >= maxServiceRows {
			evictOldest(t.services, func(r *serviceRow) time.Time { return r.updated })
			t.evicted++
		}
		service, operation, attrs := describe()
		row = &serviceRow{view: ServiceView{Service: clip(service, maxName), Operation: clip(operation, maxName), Attrs: make([]Attr, 0, len(attrs))}}
		for _, a := range attrs {
			row.view.Attrs = append(row.view.Attrs, Attr{clip(a.Key, maxName), clip(a.Value, maxName)})
		}
		t.services[id] = row
	}
	row.values[field], row.times[field] = v, at
	if at.After(row.updated) {
		row.updated = at
	}
}

// PutEdge stores a counter that only grows, or begins anew at zero.
func (s *Store) PutEdge(e Edge, at time.Time, field EdgeField, v float64) {
	t := &s.services
	t.mu.Lock()
	defer t.mu.Unlock()
	row := t.edges[e]
	if row == nil {
		if len(t.edges) >= maxEdgeRows {
			evictOldest(t.edges, (*edgeRow).updated)
			t.evicted++
		}
		row = &edgeRow{}
		t.edges[Edge{clip(e.Client, maxName), clip(e.Server, maxName), clip(e.Connection, maxName)}] = row
	}
	row.put(at, field, v)
}

func (r *edgeRow) updated() time.Time { return r.samples[len(r.samples)-1].time }

func (r *edgeRow) put(at time.Time, field EdgeField, v float64) {
	n := len(r.samples)
	switch {
	case n == 0:
		r.samples = append(r.samples, edgeSample{time: at})
	case v < r.samples[n-1].values[field]: // it began anew
		r.samples = append(r.samples[:0], edgeSample{time: at})
	case at.After(r.samples[n-1].time):
		for len(r.samples) > 1 && at.Sub(r.samples[1].time) >= edgeSpan {
			r.samples = slices.Delete(r.samples, 0, 1)
		}
		if len(r.samples) >= 64 { // more often than is of use
			r.samples = slices.Delete(r.samples, 1, 2)
		}
		next := r.samples[len(r.samples)-1]
		next.time = at
		r.samples = append(r.samples, next)
	}
	r.samples[len(r.samples)-1].values[field] = v
}

func evictOldest[K comparable, V any](rows map[K]V, age func(V) time.Time) {
	var oldest K
	var when time.Time
	for k, v := range rows {
		if at := age(v); when.IsZero() || at.Before(when) {
			oldest, when = k, at
		}
	}
	delete(rows, oldest)
}

// Services returns the rows that are alive at now, by service and operation, the service as a
// whole first.
func (s *Store) Services(now time.Time) []ServiceView {
	t := &s.services
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []ServiceView{}
	for _, r := range t.services {
		if now.Sub(r.updated) > serviceAge {
			continue
		}
		v := r.view
		v.Updated = r.updated.Unix()
		v.Calls, v.Errors = r.number(ServiceCalls), r.number(ServiceErrors)
		v.LatencyMean, v.LatencyP99 = r.number(ServiceMean), r.number(ServiceP99)
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b ServiceView) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), compareAttrs(a.Attrs, b.Attrs), cmp.Compare(a.Operation, b.Operation))
	})
	return out
}

// number is unknown unless it came with the latest values.
func (r *serviceRow) number(f ServiceField) Number {
	if r.times[f].IsZero() || r.times[f].Before(r.updated) {
		return unknown
	}
	return Number(r.values[f])
}

// Edges returns who called whom within the last two minutes, by client and server.
func (s *Store) Edges(now time.Time) []EdgeView {
	t := &s.services
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []EdgeView{}
	for e, r := range t.edges {
		if now.Sub(r.updated()) <= serviceAge {
			out = append(out, r.view(e))
		}
	}
	slices.SortFunc(out, func(a, b EdgeView) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Server, b.Server), cmp.Compare(a.Connection, b.Connection))
	})
	return out
}

func (r *edgeRow) view(e Edge) EdgeView {
	last, from := &r.samples[len(r.samples)-1], &r.samples[0]
	v := EdgeView{Edge: e, Calls: unknown, Errors: unknown, LatencyMean: unknown, Requests: uint64(last.values[EdgeRequests]), Failed: uint64(last.values[EdgeFailed])}
	grown := func(f EdgeField) float64 { return last.values[f] - from.values[f] }
	if seconds := last.time.Sub(from.time).Seconds(); seconds > 0 {
		v.Calls = Number(grown(EdgeRequests) / seconds)
	}
	if n := grown(EdgeRequests); n > 0 {
		v.Errors = Number(grown(EdgeFailed) / n)
	}
	if n := grown(EdgeServerCount); n > 0 {
		v.LatencyMean = Number(grown(EdgeServerSeconds) / n)
	} else if n := grown(EdgeClientCount); n > 0 {
		v.LatencyMean = Number(grown(EdgeClientSeconds) / n)
	}
	return v
}
