package elasticsearchexporter

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

// appendTraces appends every span, in the order of iteration.
func (b *body) appendTraces(td ptrace.Traces) {
	withID := b.ids != idOff
	for _, rs := range td.ResourceSpans().All() {
		b.setResource(rs.Resource(), rs.SchemaUrl())
		byResource := b.base.refine(rs.Resource().Attributes())
		for _, ss := range rs.ScopeSpans().All() {
			b.setScope("scope.name", ss.Scope())
			byScope := byResource.refine(ss.Scope().Attributes())
			set := routed{}
			for _, s := range ss.Spans().All() {
				if now := (routed{byScope.refine(s.Attributes()), withID, true}); now != set {
					b.setRoute("traces", now.route, withID)
					set = now
				}
				b.appendSpan(s, withID)
			}
		}
	}
}

func (b *body) appendSpan(s ptrace.Span, withID bool) {
	at := firstValid(s.StartTimestamp(), s.EndTimestamp())
	it := b.open(at)
	if b.otel {
		b.appendSpanOTel(s)
	} else {
		b.appendSpanECS(s)
	}
	b.close(it, at, withID, nil)
}

func (b *body) appendSpanECS(s ptrace.Span) {
	traceID, spanID, parentID := s.TraceID(), s.SpanID(), s.ParentSpanID()
	b.buf = appendHexField(b.buf, "trace.id", traceID[:])
	b.buf = appendHexField(b.buf, "span.id", spanID[:])
	if !parentID.IsEmpty() {
		b.buf = appendHexField(b.buf, "parent.id", parentID[:])
	}
	b.buf = appendField(b.buf, "span.name", s.Name())
	b.buf = appendField(b.buf, "span.kind", strings.ToLower(s.Kind().String()))
	if state := s.TraceState().AsRaw(); state != "" {
		b.buf = appendField(b.buf, "trace.state", state)
	}
	if s.EndTimestamp() >= s.StartTimestamp() {
		b.buf = append(b.buf, `,"event.duration":`...)
		b.buf = strconv.AppendUint(b.buf, uint64(s.EndTimestamp()-s.StartTimestamp()), 10)
	}
	b.buf = appendStatus(b.buf, s.Status())
	b.buf = b.appendAttributes(b.buf, "attributes", s.Attributes())
	b.appendEvents("span.events", s.Events())
	b.appendException(s.Events())
	b.appendLinks("span.links", "trace.id", "span.id", s.Links())
}

// appendStatus appends the status and, as ECS has it, the outcome.
func appendStatus(dst []byte, status ptrace.Status) []byte {
	outcome := "unknown"
	switch status.Code() {
	case ptrace.StatusCodeOk:
		outcome = "success"
	case ptrace.StatusCodeError:
		outcome = "failure"
	}
	dst = appendField(dst, "event.outcome", outcome)
	dst = appendField(dst, "status.code", strings.ToLower(status.Code().String()))
	if status.Message() != "" {
		dst = appendField(dst, "status.message", status.Message())
	}
	return dst
}

// appendEvents appends the events under the name.
func (b *body) appendEvents(name string, events ptrace.SpanEventSlice) {
	if events.Len() == 0 {
		return
	}
	b.buf = append(append(append(b.buf, `,"`...), name...), `":[`...)
	for i, e := range events.All() {
		if i > 0 {
			b.buf = append(b.buf, ',')
		}
		b.buf = append(b.buf, `{"@timestamp":`...)
		b.buf = b.clock.append(b.buf, e.Timestamp())
		b.buf = appendField(b.buf, "name", e.Name())
		b.buf = append(b.buf, `,"attributes":`...)
		b.buf = pdatajson.AppendMap(b.buf, e.Attributes())
		b.buf = append(b.buf, '}')
	}
	b.buf = append(b.buf, ']')
}

// appendException appends the last exception as ECS' error fields.
func (b *body) appendException(events ptrace.SpanEventSlice) {
	for i := events.Len() - 1; i >= 0; i-- {
		if events.At(i).Name() != "exception" {
			continue
		}
		attrs := events.At(i).Attributes()
		for _, f := range [...][2]string{{"exception.type", "error.type"}, {"exception.message", "error.message"}, {"exception.stacktrace", "error.stack_trace"}} {
			if v, ok := attrs.Get(f[0]); ok {
				b.buf = appendField(b.buf, f[1], v.AsString())
			}
		}
		return
	}
}

// appendLinks appends the links under the name.
func (b *body) appendLinks(name, traceName, spanName string, links ptrace.SpanLinkSlice) {
	if links.Len() == 0 {
		return
	}
	b.buf = append(append(append(b.buf, `,"`...), name...), `":[`...)
	for i, l := range links.All() {
		if i > 0 {
			b.buf = append(b.buf, ',')
		}
		traceID, spanID := l.TraceID(), l.SpanID()
		b.buf = append(b.buf, `{"attributes":`...)
		b.buf = pdatajson.AppendMap(b.buf, l.Attributes())
		b.buf = appendHexField(b.buf, traceName, traceID[:])
		b.buf = appendHexField(b.buf, spanName, spanID[:])
		b.buf = append(b.buf, '}')
	}
	b.buf = append(b.buf, ']')
}
