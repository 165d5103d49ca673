// Package legacytags translates the tags of Zipkin's and Jaeger's (OpenTracing's) client libraries
// into attributes of the OpenTelemetry semantic conventions, so that a span says the same
// whichever library sent it.
package legacytags

import (
	"net/netip"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// attribute returns the name of a tag among the conventions, its own if it has none, and whether
// its value is a whole number there.
func attribute(tag string) (name string, number bool) {
	switch tag {
	case "http.method":
		return "http.request.method", false
	case "http.status_code":
		return "http.response.status_code", true
	case "http.url":
		return "url.full", false
	case "http.path":
		return "url.path", false
	case "http.host":
		return "server.address", false
	case "db.type":
		return "db.system.name", false
	case "db.instance":
		return "db.namespace", false
	case "db.statement", "sql.query":
		return "db.query.text", false
	case "peer.hostname":
		return "server.address", false
	case "peer.ipv4", "peer.ipv6":
		return "network.peer.address", false
	case "peer.port":
		return "network.peer.port", true
	case "message_bus.destination":
		return "messaging.destination.name", false
	case "grpc.status_code":
		return "rpc.grpc.status_code", true
	default:
		return tag, false
	}
}

// Put adds a tag to the attributes of a span, or to its status where that is what it says.
func Put(span ptrace.Span, tag string, value pcommon.Value) {
	switch tag {
	case "error":
		putError(span, value)
		return
	case "otel.status_code":
		switch value.AsString() {
		case "ERROR":
			span.Status().SetCode(ptrace.StatusCodeError)
		case "OK":
			span.Status().SetCode(ptrace.StatusCodeOk)
		}
		return
	case "otel.status_description":
		span.Status().SetMessage(value.AsString())
		return
	case "span.kind":
		if k := Kind(value.AsString()); k != ptrace.SpanKindUnspecified {
			span.SetKind(k)
			return
		}
	}
	name, number := attribute(tag)
	if _, ok := span.Attributes().Get(name); ok && name != tag {
		return // the convention's own name was sent, too
	}
	to := span.Attributes().PutEmpty(name)
	if number && value.Type() == pcommon.ValueTypeStr {
		if n, err := strconv.ParseInt(value.Str(), 10, 64); err == nil {
			to.SetInt(n)
			return
		}
	}
	value.CopyTo(to)
}

// putError reads the tag error: Zipkin's is a text or empty, OpenTracing's true or false.
func putError(span ptrace.Span, value pcommon.Value) {
	text := value.AsString()
	if strings.EqualFold(text, "false") {
		return
	}
	span.Status().SetCode(ptrace.StatusCodeError)
	if !strings.EqualFold(text, "true") && text != "" && span.Status().Message() == "" {
		span.Status().SetMessage(text)
	}
}

// Kind reads server, client, producer, consumer or internal, in either case; other texts are
// unspecified.
func Kind(s string) ptrace.SpanKind {
	switch strings.ToLower(s) {
	case "server":
		return ptrace.SpanKindServer
	case "client":
		return ptrace.SpanKindClient
	case "producer":
		return ptrace.SpanKindProducer
	case "consumer":
		return ptrace.SpanKindConsumer
	case "internal":
		return ptrace.SpanKindInternal
	default:
		return ptrace.SpanKindUnspecified
	}
}

// Host puts an address into resource attributes if it is one.
func Host(resource pcommon.Map, address string) {
	if _, err := netip.ParseAddr(address); err == nil {
		resource.PutEmptySlice("host.ip").AppendEmpty().SetStr(address)
	}
}
