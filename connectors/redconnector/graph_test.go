package redconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/signals"
)

func TestServiceGraph(t *testing.T) {
	client := spec{service: "web", kind: ptrace.SpanKindClient, name: "call", id: 2, parent: 1, trace: 1, took: 50 * time.Millisecond}
	server := spec{service: "cart", kind: ptrace.SpanKindServer, name: "add", id: 3, parent: 2, trace: 1, took: 40 * time.Millisecond, failed: true}
	with := func(s spec, attributes map[string]any) spec {
		s.attributes = attributes
		return s
	}
	for name, c := range map[string]struct {
		spans  []spec
		want   map[string]float64
		failed float64
	}{
		"both sides":                 {[]spec{client, server}, map[string]float64{"web cart ": 1}, 1},
		"the callee first":           {[]spec{server, client}, map[string]float64{"web cart ": 1}, 1},
		"address and service":        {[]spec{with(client, map[string]any{"peer.service": "other name"}), server}, map[string]float64{"web cart ": 1}, 1},
		"who does not answer":        {[]spec{with(client, map[string]any{"server.address": "api.example.com"})}, map[string]float64{"web api.example.com virtual_node": 1}, 0},
		"peer.service is preferred":  {[]spec{with(client, map[string]any{"server.address": "10.1.1.1", "peer.service": "payments"})}, map[string]float64{"web payments virtual_node": 1}, 0},
		"a caller that says nothing": {[]spec{client}, map[string]float64{}, 0},
		"a callee by itself":         {[]spec{server}, map[string]float64{}, 0},
		"a root is called by a user": {[]spec{{service: "web", kind: ptrace.SpanKindServer, name: "GET", id: 1, trace: 1}}, map[string]float64{"user web virtual_node": 1}, 0},
		"inner spans":                {[]spec{{service: "web", kind: ptrace.SpanKindInternal, name: "x", id: 1, trace: 1}}, map[string]float64{}, 0},
		"a database":                 {[]spec{with(client, map[string]any{"db.system.name": "redis", "server.address": "cache"})}, map[string]float64{"web cache database": 1}, 0},
		"a queue, one side": {
			[]spec{
				{service: "web", kind: ptrace.SpanKindProducer, name: "send", id: 2, trace: 1, attributes: map[string]any{"messaging.system": "kafka", "messaging.destination.name": "orders"}},
				{service: "mail", kind: ptrace.SpanKindConsumer, name: "receive", id: 9, trace: 2, attributes: map[string]any{"messaging.system": "kafka", "messaging.destination.name": "orders"}},
				{service: "rpc", kind: ptrace.SpanKindProducer, name: "send", id: 4, trace: 3, attributes: map[string]any{"messaging.system": "rabbitmq", "messaging.destination.name": "amq.gen-1", "messaging.destination.temporary": true}},
			},
			map[string]float64{"web orders messaging_system": 1, "orders mail messaging_system": 1, "rpc rabbitmq messaging_system": 1},
			0,
		},
		"Zipkin's shared id": {
			[]spec{client, {service: "cart", kind: ptrace.SpanKindServer, name: "add", id: 2, parent: 1, trace: 1, attributes: map[string]any{"zipkin.shared": true}}},
			map[string]float64{"web cart ": 1},
			0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.consume(c.spans...)
			r.collect()
			md := r.collect()
			require.Equal(t, c.want, edges(md))
			require.Equal(t, c.failed, labelled(md, signals.MetricGraphFailed)[""])
			require.Empty(t, r.red.graph.pending)
		})
	}
}

func TestPendingSidesAreBounded(t *testing.T) {
	r := newRig(t, func(c *Config) { c.ServiceGraph.MaxPending = 10 })
	for i := range 200 {
		r.consume(spec{service: "web", kind: ptrace.SpanKindClient, name: "call", id: 2, trace: byte(i), attributes: map[string]any{"peer.service": "api"}})
		require.LessOrEqual(t, len(r.red.graph.pending), 10)
		require.LessOrEqual(t, len(r.red.graph.queue), 30)
	}
	for i := range 200 { // pairs leave places behind
		r.consume(spec{service: "web", kind: ptrace.SpanKindClient, name: "call", id: 2, trace: byte(i)}, spec{service: "api", kind: ptrace.SpanKindServer, name: "get", id: 3, parent: 2, trace: byte(i)})
		require.LessOrEqual(t, len(r.red.graph.queue), 30)
	}
	r.collect()
	require.Equal(t, map[string]float64{"web api virtual_node": 200, "web api ": 200}, edges(r.collect()))
}
