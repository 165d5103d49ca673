package redconnector

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/attrhash"
)

// Kinds of connections, as Tempo names them.
const (
	connectionDatabase  = "database"
	connectionMessaging = "messaging_system"
	connectionVirtual   = "virtual_node"
	// userNode is who calls a service without a span of their own.
	userNode = "user"
)

// edge counts the requests of one service to another.
type edge struct {
	client, server, connection string
	start, seen                time.Time
	fresh                      bool
	requests, failed           uint64
	clientSide, serverSide     distribution // seconds
	clientExample              exemplar
	serverExample              exemplar
}

// half is one side of a request that waits for the other.
type half struct {
	service    string
	peer       string // the other side as this one names it
	connection string
	at         int64 // when it came, Unix nanoseconds
	known      bool  // there is a span
	calling    bool
	failed     bool
	seconds    float64
	example    exemplar
}

// waiting is a place in the order in which sides came.
type waiting struct {
	key uint64
	at  int64
}

// graph pairs the spans of both sides of a request, whichever comes first.
type graph struct {
	cfg      *Config
	pending  map[uint64]half
	queue    []waiting // by age; what was paired is skipped
	head     int
	edges    map[uint64]*edge
	peers    map[string]string
	unpaired [2]int64 // sides without another: calling, called
	overflow *overflow
}

func newGraph(cfg *Config, o *overflow) *graph {
	return &graph{cfg: cfg, pending: map[uint64]half{}, edges: map[uint64]*edge{}, peers: map[string]string{}, overflow: o}
}

// hints are what a span says of the other side.
type hints struct {
	peer, address, database, databaseName, messaging, destination string
	shared, temporary                                             bool
}

// read looks at each attribute once.
func (h *hints) read(m pcommon.Map) {
	for k, v := range m.All() {
		switch k {
		case "peer.service", "service.peer.name":
			h.peer = v.AsString()
		case "server.address", "net.peer.name", "network.peer.address":
			if h.address == "" || k == "server.address" {
				h.address = v.AsString()
			}
		case "db.system", "db.system.name":
			h.database = v.AsString()
		case "db.namespace", "db.name":
			h.databaseName = v.AsString()
		case "messaging.system":
			h.messaging = v.AsString()
		case "messaging.destination.name", "messaging.destination":
			h.destination = v.AsString()
		case "messaging.destination.temporary", "messaging.destination.anonymous":
			h.temporary = h.temporary || v.Type() == pcommon.ValueTypeBool && v.Bool()
		case "zipkin.shared":
			h.shared = v.Type() == pcommon.ValueTypeBool && v.Bool()
		}
	}
}

// queueName is what to call a queue.
func (h *hints) queueName() string {
	switch {
	case h.peer != "":
		return h.peer
	case h.destination != "" && !h.temporary:
		return h.destination
	default:
		return h.messaging
	}
}

func first(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

// count takes a span that one service sends to another.
func (g *graph) count(s *service, span ptrace.Span, nanoseconds float64, now time.Time) {
	kind := span.Kind()
	calling := kind == ptrace.SpanKindClient || kind == ptrace.SpanKindProducer
	if !calling && kind != ptrace.SpanKindServer && kind != ptrace.SpanKindConsumer {
		return
	}
	var h hints
	h.read(span.Attributes())
	mine := half{
		service: s.name, at: now.UnixNano(), known: true, calling: calling, failed: span.Status().Code() == ptrace.StatusCodeError, seconds: nanoseconds / 1e9,
		example: exemplar{span.TraceID(), span.SpanID(), span.EndTimestamp(), nanoseconds / 1e9},
	}
	switch {
	case calling && h.database != "":
		mine.connection, mine.peer = connectionDatabase, g.peer(first(h.peer, h.databaseName, h.address, h.database))
		g.complete(mine, half{}, now)
		return
	case h.messaging != "" || kind == ptrace.SpanKindProducer || kind == ptrace.SpanKindConsumer:
		mine.connection, mine.peer = connectionMessaging, g.peer(h.queueName())
	case calling:
		mine.connection, mine.peer = connectionVirtual, g.peer(first(h.peer, h.address))
	}
	link := span.SpanID()
	if !calling && !h.shared {
		link = span.ParentSpanID()
	}
	if link.IsEmpty() {
		g.alone(mine, kind == ptrace.SpanKindServer, now)
		return
	}
	key := linkKey(span.TraceID(), link)
	if theirs, ok := g.pending[key]; ok && theirs.calling != calling {
		delete(g.pending, key)
		if calling {
			g.complete(mine, theirs, now)
		} else {
			g.complete(theirs, mine, now)
		}
		return
	}
	g.wait(key, mine, now)
}

func linkKey(trace pcommon.TraceID, span pcommon.SpanID) uint64 {
	return attrhash.Combine(xxhash.Sum64(trace[:]), binary.BigEndian.Uint64(span[:]))
}

// wait keeps a side until the other comes. The oldest makes room.
func (g *graph) wait(key uint64, mine half, now time.Time) {
	if have, ok := g.pending[key]; ok { // a second span of the same id: the first is on its own
		g.giveUp(waiting{key, have.at}, now)
	}
	for len(g.pending) >= g.cfg.ServiceGraph.MaxPending && g.head < len(g.queue) {
		g.giveUp(g.queue[g.head], now)
		g.head++
	}
	g.pending[key] = mine
	if len(g.queue) >= 3*g.cfg.ServiceGraph.MaxPending {
		g.compact()
	}
	g.queue = append(g.queue, waiting{key, mine.at})
}

// compact forgets places of sides that were paired; two of three are at least.
func (g *graph) compact() {
	kept := g.queue[:0]
	for _, w := range g.queue[g.head:] {
		if h, ok := g.pending[w.key]; ok && h.at == w.at {
			kept = append(kept, w)
		}
	}
	g.queue, g.head = kept, 0
}

// expire gives up on sides that have waited long enough, and ends edges that were not used for a
// while.
func (g *graph) expire(now time.Time) {
	for g.head < len(g.queue) && now.UnixNano()-g.queue[g.head].at >= int64(g.cfg.ServiceGraph.Wait) {
		g.giveUp(g.queue[g.head], now)
		g.head++
	}
	g.compact()
	for key, e := range g.edges {
		if now.Sub(e.seen) >= g.cfg.Expiry {
			delete(g.edges, key)
		}
	}
	if len(g.peers) > g.cfg.ServiceGraph.MaxEdges {
		clear(g.peers)
	}
}

func (g *graph) giveUp(w waiting, now time.Time) {
	if h, ok := g.pending[w.key]; ok && h.at == w.at {
		delete(g.pending, w.key)
		g.alone(h, false, now)
	}
}

// alone counts a side whose other one never came. A caller says whom it called, and a queue
// is known from either side; of a request whose caller is unknown only those are counted that began
// the trace, for others came through something that is watched elsewhere.
func (g *graph) alone(h half, root bool, now time.Time) {
	switch {
	case h.calling:
		g.unpaired[0]++
		if h.peer != "" {
			g.complete(h, half{}, now)
		}
	case h.connection == connectionMessaging && h.peer != "":
		g.unpaired[1]++
		g.complete(half{service: h.peer, connection: connectionMessaging}, h, now)
	case root:
		g.complete(half{service: userNode, connection: connectionVirtual}, h, now)
	default:
		g.unpaired[1]++
	}
}

// complete counts a request; a side that is not known is the zero value.
func (g *graph) complete(client, server half, now time.Time) {
	connection := client.connection
	to := server.service
	switch {
	case to == "":
		to = client.peer
	case server.connection == connectionMessaging:
		connection = connectionMessaging
	case connection == connectionVirtual && client.known:
		connection = "" // both are services
	}
	e := g.edge(client.service, to, connection, now)
	e.seen, e.fresh = now, true
	e.requests++
	if client.failed || server.failed {
		e.failed++
	}
	if client.known {
		e.clientSide.add(client.seconds, g.cfg.Histogram.MaxSize)
		e.clientExample = client.example
	}
	if server.known {
		e.serverSide.add(server.seconds, g.cfg.Histogram.MaxSize)
		e.serverExample = server.example
	}
}

func (g *graph) edge(client, server, connection string, now time.Time) *edge {
	key := attrhash.Combine(attrhash.Combine(xxhash.Sum64String(client), xxhash.Sum64String(server)), xxhash.Sum64String(connection))
	if e := g.edges[key]; e != nil {
		return e
	}
	if len(g.edges) >= g.cfg.ServiceGraph.MaxEdges {
		g.overflow.edges++
		client, server, connection, key = other, other, "", 0
		if e := g.edges[key]; e != nil {
			return e
		}
	}
	e := &edge{client: client, server: server, connection: connection, start: now}
	e.clientSide.bounds, e.serverSide.bounds = g.bounds(), g.bounds()
	g.edges[key] = e
	return e
}

// bounds are those of explicit histograms in seconds, nil for exponential ones.
func (g *graph) bounds() []float64 {
	if g.cfg.Histogram.Type != typeExplicit {
		return nil
	}
	out := make([]float64, len(g.cfg.Histogram.Buckets))
	for i, b := range g.cfg.Histogram.Buckets {
		out[i] = b.Seconds()
	}
	return out
}

// peer returns a copy of a name that costs nothing when it is known.
func (g *graph) peer(name string) string {
	if name == "" {
		return ""
	}
	if known, ok := g.peers[name]; ok {
		return known
	}
	if len(g.peers) > 4*g.cfg.ServiceGraph.MaxEdges {
		return other
	}
	name = strings.Clone(cut(name))
	g.peers[name] = name
	return name
}
