// Package delivery keeps the delivery ledger: for every source and exporter, what
// came in is what went out, what waits, and what was given up with a reason. It is
// drawn from the agent's own metrics, in which the two sides are counted apart: what
// a queue accepted by upstream's queue, what waits by the storage, what was sent by
// the exporter. Where they do not agree, the ledger says by how much.
package delivery

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/internal/breaker"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// Ledger is the state at one look. Its numbers are log records, data points and
// spans since the start of the agent. A look is not taken at one instant: while data
// flows, what is just being handed over may show as unaccounted for.
type Ledger struct {
	Sources   []Source   `json:"sources"`
	Exporters []Exporter `json:"exporters"`
}

// Source is a receiver, or a component on the way that gave records up itself.
type Source struct {
	ID string `json:"id"`
	// Read was handed on and accepted.
	Read float64 `json:"read"`
	// Refused was handed on and refused for now; the source keeps it, or its sender
	// was told to try again.
	Refused float64 `json:"refused"`
	// Dropped was given up, by reason.
	Dropped map[string]float64 `json:"dropped,omitempty"`
}

// Exporter is one exporter, all signals together.
type Exporter struct {
	ID string `json:"id"`
	// Accepted since the start, and Carried over in the queue from before it.
	Accepted float64 `json:"accepted"`
	Carried  float64 `json:"carried"`
	// Exported was taken by the backend.
	Exported float64 `json:"exported"`
	// Queued waits: counted by the storage where the queue is on disk, else what is
	// neither exported nor dropped.
	Queued float64 `json:"queued"`
	// Dropped was given up, by reason.
	Dropped map[string]float64 `json:"dropped,omitempty"`
	// Refused could not be accepted for now: the source keeps it.
	Refused float64 `json:"refused"`
	// Durable is true for a queue on disk.
	Durable bool `json:"durable"`
	// Unaccounted is what is left of accepted + carried - exported - queued - dropped.
	// It is 0 when nothing moves.
	Unaccounted float64 `json:"unaccounted"`
	// QueueSize and QueueCapacity are those of the queue that is the fullest: an exporter
	// has one for each signal, and one that is full stops what feeds it. Their unit is the
	// queue's, bytes by default.
	QueueSize     float64 `json:"queue_size"`
	QueueCapacity float64 `json:"queue_capacity"`
	// Circuits are the endpoints that are left alone for now, by name.
	Circuits []Circuit `json:"circuits,omitempty"`
}

// DroppedTotal is the sum of Dropped.
func (e *Exporter) DroppedTotal() float64 { return total(e.Dropped) }

// DroppedTotal is the sum of Dropped.
func (s *Source) DroppedTotal() float64 { return total(s.Dropped) }

func total(by map[string]float64) float64 {
	sum := 0.0
	for _, n := range by {
		sum += n
	}
	return sum
}

// tally collects an exporter's numbers.
type tally struct {
	Exporter
	offered, sent float64
	queued        float64               // on disk
	queues        bool                  // offers are counted: there is a queue
	sizes         map[string]*queueSize // by signal
	circuits      circuits
}

// queueSize is how full the queue of a signal is.
type queueSize struct{ size, capacity float64 }

func (q *queueSize) share() float64 { return q.size / max(q.capacity, 1) }

// queue returns the queue that a metric is of.
func (t *tally) queue(m selfmetrics.Sample) *queueSize {
	signal := m.Labels["data_type"]
	q := t.sizes[signal]
	if q == nil {
		q = &queueSize{}
		t.sizes[signal] = q
	}
	return q
}

// Draw draws the ledger from the agent's own metrics.
func Draw(samples []selfmetrics.Sample) Ledger {
	sources, exporters := map[string]*Source{}, map[string]*tally{} // bounded by the configuration
	for _, m := range samples {
		if id := sourceOf(m); id != "" {
			s := sources[id]
			if s == nil {
				s = &Source{ID: id, Dropped: map[string]float64{}}
				sources[id] = s
			}
			s.add(m)
		}
		if id := m.Labels["exporter"]; id != "" {
			t := exporters[id]
			if t == nil {
				t = &tally{Exporter: Exporter{ID: id, Dropped: map[string]float64{}}, circuits: circuits{}, sizes: map[string]*queueSize{}}
				exporters[id] = t
			}
			t.add(m)
		}
	}
	var out Ledger
	for _, s := range sources {
		if s.Read+s.Refused+s.DroppedTotal() > 0 {
			out.Sources = append(out.Sources, *s)
		}
	}
	for _, t := range exporters {
		out.Exporters = append(out.Exporters, t.balance())
	}
	slices.SortFunc(out.Sources, func(a, b Source) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(out.Exporters, func(a, b Exporter) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// sourceOf returns the receiver that a metric is of. Receivers of the project name
// themselves in their metrics.
func sourceOf(m selfmetrics.Sample) string {
	if component, _ := givenUp(m); component != "" {
		return component
	}
	if name, ok := strings.CutPrefix(m.Name, "tidewatch_"); ok {
		if kind, ok := strings.CutSuffix(name, "_dropped_records"); ok {
			return cmp.Or(m.Labels["receiver"], kind)
		}
	}
	return m.Labels["receiver"]
}

func (s *Source) add(m selfmetrics.Sample) {
	name, ok := strings.CutPrefix(m.Name, "otelcol_receiver_")
	_, reason := givenUp(m)
	switch {
	case reason != "" && m.Value > 0:
		s.Dropped[reason] += m.Value
	case ok && strings.HasPrefix(name, "accepted_"):
		s.Read += m.Value
	case ok && strings.HasPrefix(name, "refused_"):
		s.Refused += m.Value
	case strings.HasSuffix(m.Name, "_dropped_records") && m.Value > 0:
		s.Dropped[cmp.Or(m.Labels["reason"], "unknown")] += m.Value
	}
}

func (t *tally) add(m selfmetrics.Sample) {
	switch m.Name {
	case "otelcol_exporter_enqueue_size_sum":
		t.offered += m.Value
		t.queues = true
	case "otelcol_exporter_queue_size":
		t.queue(m).size += m.Value
	case "otelcol_exporter_queue_capacity":
		t.queue(m).capacity += m.Value
	case "tidewatch_queue_items":
		t.queued += m.Value
		t.Durable = true
	case "tidewatch_queue_carried_items":
		t.Carried += m.Value
	case "tidewatch_queue_dropped_items":
		t.drop(m.Labels["reason"], m.Value)
	case breaker.MetricState, breaker.MetricSince:
		t.circuits.add(m)
	case "tidewatch_exporter_dropped_items":
		t.drop(m.Labels["reason"], m.Value)
		t.Exported -= m.Value // they were part of what was sent
	default:
		name, _ := strings.CutPrefix(m.Name, "otelcol_exporter_")
		switch {
		case strings.HasPrefix(name, "sent_"):
			t.sent += m.Value
		case strings.HasPrefix(name, "send_failed_"):
			t.drop("rejected", m.Value)
		case strings.HasPrefix(name, "enqueue_failed_"):
			t.Refused += m.Value
		}
	}
}

func (t *tally) drop(reason string, n float64) {
	if n > 0 {
		t.Dropped[cmp.Or(reason, "unknown")] += n
	}
}

func (t *tally) balance() Exporter {
	e := t.Exporter
	e.Circuits = t.circuits.broken()
	for _, signal := range slices.Sorted(maps.Keys(t.sizes)) {
		if q := t.sizes[signal]; e.QueueCapacity == 0 || q.share() > e.QueueSize/e.QueueCapacity {
			e.QueueSize, e.QueueCapacity = q.size, q.capacity
		}
	}
	e.Exported = max(e.Exported+t.sent, 0)
	out := e.Exported + e.DroppedTotal()
	if !t.queues && !t.Durable && e.QueueCapacity == 0 { // without a queue each call is delivered or refused
		e.Accepted = out
		return e
	}
	e.Accepted = t.offered - e.Refused
	if !e.Durable {
		e.Queued = max(e.Accepted-out, 0)
	} else {
		e.Queued = t.queued
	}
	e.Unaccounted = math.Round(e.Accepted + e.Carried - out - e.Queued)
	return e
}
