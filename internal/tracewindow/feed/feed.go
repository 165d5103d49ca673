// Package feed writes spans in the collector's representation into a trace window.
package feed

import (
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/tracewindow"
	"github.com/tidewatch/tidewatch/signals"
)

// maxAttributes is how many attributes of a span are looked at; a window keeps fewer. Those that
// say what a span did come first.
const maxAttributes = 64

// telling are the beginnings of attributes that are kept when there are too many.
var telling = [...]string{"http.", "url.", "db.", "rpc.", "messaging.", "error", "exception.", "peer.", "server.", "feature_flag", "user"}

// instance are the resource attributes that tell instances apart.
var instance = [...]string{
	"service.namespace", "service.instance.id", "deployment.environment.name", "k8s.namespace.name", "k8s.pod.name", "k8s.node.name", "k8s.deployment.name",
	"container.id", "cloud.availability_zone", "cloud.region", "telemetry.sdk.language",
}

// buffer is reused: a window copies what it keeps.
type buffer struct {
	spans      []tracewindow.Span
	attributes []tracewindow.Attribute
}

var buffers = sync.Pool{New: func() any { return &buffer{} }}

// Traces adds all spans of td.
func Traces(w *tracewindow.Window, td ptrace.Traces, now time.Time) {
	b := buffers.Get().(*buffer)
	for _, rs := range td.ResourceSpans().All() {
		r := Resource(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			b.spans, b.attributes = b.spans[:0], b.attributes[:0]
			for _, s := range ss.Spans().All() {
				b.add(s)
			}
			w.Add(now, &r, b.spans)
		}
	}
	clear(b.spans)
	clear(b.attributes)
	buffers.Put(b)
}

// Resource names what sent spans, by resource attributes; the texts are those of m.
func Resource(m pcommon.Map) tracewindow.Resource {
	r := tracewindow.Resource{Service: text(m, signals.AttrServiceName), Host: text(m, signals.AttrHostName), Version: text(m, "service.version")}
	if r.Host == "" {
		r.Host = text(m, "k8s.node.name")
	}
	for _, key := range instance {
		if v := text(m, key); v != "" {
			r.Attributes = append(r.Attributes, tracewindow.Attribute{Key: key, Value: v})
		}
	}
	return r
}

func text(m pcommon.Map, key string) string {
	v, ok := m.Get(key)
	if !ok {
		return ""
	}
	return v.AsString()
}

func (b *buffer) add(s ptrace.Span) {
	from := len(b.attributes)
	message := s.Status().Message()
	for _, e := range s.Events().All() {
		if e.Name() == "exception" {
			if v := text(e.Attributes(), "exception.type"); v != "" {
				b.attribute("exception.type", v)
			}
			if v := text(e.Attributes(), "exception.message"); v != "" {
				b.attribute("exception.message", v)
				if message == "" {
					message = v
				}
			}
			break
		}
	}
	b.put(s.Attributes(), from, true)
	b.put(s.Attributes(), from, false)
	id, parent := s.SpanID(), s.ParentSpanID()
	start, end := s.StartTimestamp(), s.EndTimestamp()
	if end < start {
		end = start
	}
	b.spans = append(b.spans, tracewindow.Span{
		Trace: tracewindow.TraceID(s.TraceID()), ID: tracewindow.SpanID(binary.BigEndian.Uint64(id[:])), ParentID: tracewindow.SpanID(binary.BigEndian.Uint64(parent[:])),
		Name: s.Name(), Kind: tracewindow.Kind(s.Kind()), Failed: s.Status().Code() == ptrace.StatusCodeError, Message: message, //nolint:gosec // six kinds
		Start: int64(start), Duration: int64(end - start), Attributes: b.attributes[from:len(b.attributes):len(b.attributes)], //nolint:gosec // times of this age
	})
}

// put adds the attributes that tell much, or the others.
func (b *buffer) put(m pcommon.Map, from int, much bool) {
	for k, v := range m.All() {
		if len(b.attributes)-from >= maxAttributes {
			return
		}
		if tells(k) == much {
			b.attribute(k, v.AsString())
		}
	}
}

func (b *buffer) attribute(key, value string) {
	b.attributes = append(b.attributes, tracewindow.Attribute{Key: key, Value: value})
}

func tells(key string) bool {
	for _, p := range telling {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}
