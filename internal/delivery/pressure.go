package delivery

import "time"

// Pressure says how the edge to an exporter does.
type Pressure string

const (
	// Healthy means that what comes is delivered.
	Healthy Pressure = "healthy"
	// Waiting means that something waits and nothing was delivered since the last look.
	Waiting Pressure = "waiting"
	// Saturated means that the queue is full or has refused something since the last look, so
	// readers wait and clients are told to try again.
	Saturated Pressure = "saturated"
)

// Edge is the state of the edge to one exporter.
type Edge struct {
	Exporter string    `json:"exporter"`
	Pressure Pressure  `json:"pressure"`
	Since    time.Time `json:"since"`
}

// Edges follow the exporters of one agent from look to look. The zero value is ready;
// one goroutine uses it.
type Edges struct {
	last  map[string]Exporter // both bounded by the configuration
	edges map[string]Edge
}

// Follow takes the ledger of a look and returns the edges in the order of its
// exporters.
func (s *Edges) Follow(l *Ledger, now time.Time) []Edge {
	last, edges := map[string]Exporter{}, map[string]Edge{}
	out := make([]Edge, 0, len(l.Exporters))
	for _, e := range l.Exporters {
		was, known := s.last[e.ID]
		p := Healthy
		if known {
			p = pressure(&was, &e)
		}
		edge := s.edges[e.ID]
		if edge.Pressure != p {
			edge = Edge{Exporter: e.ID, Pressure: p, Since: now}
		}
		last[e.ID], edges[e.ID] = e, edge
		out = append(out, edge)
	}
	s.last, s.edges = last, edges
	return out
}

func pressure(was, is *Exporter) Pressure {
	full := is.QueueCapacity > 0 && is.QueueSize >= 0.95*is.QueueCapacity
	moved := is.Exported+is.DroppedTotal() > was.Exported+was.DroppedTotal()
	switch {
	case full || is.Refused > was.Refused:
		return Saturated
	case (is.Queued > 0 || is.QueueSize > 0) && was.Queued > 0 && !moved:
		return Waiting
	}
	return Healthy
}
