package elasticsearchexporter

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

// appendTraces appends every span, in the order of iteration.
func (b *body) appendTraces(td ptrace.Traces, base route, ids string) {
	withID := ids != idOff
	for _, rs := range td.ResourceSpans().All() {
		b.setResource(rs.Resource().Attributes())
		byResource := base.refine(rs.Resource().Attributes())
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
	b.appendSpanAttributes(s.Attributes())
	b.appendEvents(s.Events())
	b.appendLinks(s.Links())
	b.close(it, at, withID, nil)
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

func (b *body) appendSpanAttributes(attrs pcommon.Map) {
	rest := b.raised[:0]
	var members pdatajson.Members
	for k, v := range attrs.All() {
		if v.Type() != pcommon.ValueTypeEmpty && members.Add(attrs, k) && !isDataStream(k) {
			rest = appendMember(rest, k, v)
		}
	}
	b.buf = appendObject(b.buf, "attributes", rest)
	b.raised = rest
}

// appendEvents appends the events, and the last exception as ECS' error fields.
func (b *body) appendEvents(events ptrace.SpanEventSlice) {
	if events.Len() == 0 {
		return
	}
	exception := -1
	b.buf = append(b.buf, `,"span.events":[`...)
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
		if e.Name() == "exception" {
			exception = i
		}
	}
	b.buf = append(b.buf, ']')
	if exception < 0 {
		return
	}
	attrs := events.At(exception).Attributes()
	for _, f := range [...][2]string{{"exception.type", "error.type"}, {"exception.message", "error.message"}, {"exception.stacktrace", "error.stack_trace"}} {
		if v, ok := attrs.Get(f[0]); ok {
			b.buf = appendField(b.buf, f[1], v.AsString())
		}
	}
}

func (b *body) appendLinks(links ptrace.SpanLinkSlice) {
	if links.Len() == 0 {
		return
	}
	b.buf = append(b.buf, `,"span.links":[`...)
	for i, l := range links.All() {
		if i > 0 {
			b.buf = append(b.buf, ',')
		}
		traceID, spanID := l.TraceID(), l.SpanID()
		b.buf = append(b.buf, `{"attributes":`...)
		b.buf = pdatajson.AppendMap(b.buf, l.Attributes())
		b.buf = appendHexField(b.buf, "trace.id", traceID[:])
		b.buf = appendHexField(b.buf, "span.id", spanID[:])
		b.buf = append(b.buf, '}')
	}
	b.buf = append(b.buf, ']')
}
