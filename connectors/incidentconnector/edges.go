package incidentconnector

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/incident"
)

// calls hands edges from the metrics side to the logs side of a connector of the same
// name. The collector makes the two apart.
type calls struct {
	mu    sync.Mutex // guards edges
	edges map[component.ID][]incident.Edge
}

func (c *calls) add(id component.ID, limit int, found map[incident.Edge]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := range found {
		if len(c.edges[id]) >= limit {
			return // until the next look
		}
		c.edges[id] = append(c.edges[id], e)
	}
}

func (c *calls) take(id component.ID) []incident.Edge {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.edges[id]
	delete(c.edges, id)
	return out
}

// edges reads metrics of a service graph: any with "service_graph" in the name and the
// attributes client and server, as the red connector, upstream's and Tempo write them.
type edges struct {
	component.StartFunc
	component.ShutdownFunc
	id    component.ID
	limit int
	known *calls
}

// Capabilities says that metrics are only read.
func (*edges) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// user is whom the caller from outside is called by.
const user = "user"

// ConsumeMetrics learns who calls whom.
func (e *edges) ConsumeMetrics(_ context.Context, md pmetric.Metrics) error {
	found := map[incident.Edge]bool{}
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				if m.Type() == pmetric.MetricTypeSum && strings.Contains(m.Name(), "service_graph") {
					for _, p := range m.Sum().DataPoints().All() {
						if edge, ok := edgeOf(p.Attributes()); ok {
							found[edge] = true
						}
					}
				}
			}
		}
	}
	e.known.add(e.id, e.limit, found)
	return nil
}

func edgeOf(a pcommon.Map) (incident.Edge, bool) {
	client, _ := a.Get("client")
	server, _ := a.Get("server")
	if client.AsString() == "" || server.AsString() == "" || client.AsString() == user {
		return incident.Edge{}, false
	}
	kind, _ := a.Get("connection_type")
	return incident.Edge{
		Client: incident.ServiceNode(client.AsString()), Server: incident.ServiceNode(server.AsString()),
		Unwatched: kind.AsString() == "database" || kind.AsString() == "virtual_node",
	}, true
}
