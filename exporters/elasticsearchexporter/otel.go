package elasticsearchexporter

import (
	"cmp"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

// Documents with OpenTelemetry's names are those that Elasticsearch's own
// templates for `logs-*.otel-*` and so on describe.

func (b *body) setResourceOTel(attrs pcommon.Map, schemaURL string) {
	b.resource = append(b.resource[:0], `,"resource":{`...)
	open := len(b.resource)
	b.resource = b.appendAttributes(b.resource, "attributes", attrs)
	if schemaURL != "" {
		b.resource = appendField(b.resource, "schema_url", schemaURL)
	}
	b.resource = closeObject(b.resource, open)
}

func (b *body) setScopeOTel(s pcommon.InstrumentationScope) {
	b.scope = append(b.scope, `,"scope":{`...)
	open := len(b.scope)
	if s.Name() != "" {
		b.scope = appendField(b.scope, "name", s.Name())
	}
	if s.Version() != "" {
		b.scope = appendField(b.scope, "version", s.Version())
	}
	b.scope = b.appendAttributes(b.scope, "attributes", s.Attributes())
	b.scope = closeObject(b.scope, open)
}

// closeObject ends an object whose members begin at open, with a comma before
// the first.
func closeObject(dst []byte, open int) []byte {
	if len(dst) > open {
		dst = slices.Delete(dst, open, open+1)
	}
	return append(dst, '}')
}

// appendLogOTel appends what stands at the top of a log record's document.
func (b *body) appendLogOTel(r plog.LogRecord, raw bool) {
	number, text := r.SeverityNumber(), r.SeverityText()
	if raw {
		number = cmp.Or(number, plog.SeverityNumber(b.line.level))
	}
	if number != 0 {
		b.buf = append(b.buf, `,"severity_number":`...)
		b.buf = strconv.AppendInt(b.buf, int64(number), 10)
	}
	if text == "" && number >= plog.SeverityNumberTrace && number <= plog.SeverityNumberFatal4 {
		text = levels[(number-1)/4]
	}
	if text != "" {
		b.buf = appendField(b.buf, "severity_text", text)
	}
	b.appendIDs("trace_id", r.TraceID(), "span_id", r.SpanID())
	if r.EventName() != "" {
		b.buf = appendField(b.buf, "event_name", r.EventName())
	}
	if raw {
		b.appendRawIDs("trace_id", "span_id")
		if b.line.message != "" {
			b.buf = append(append(append(b.buf, `,"body":{"text":`...), b.line.message...), '}')
		}
		return
	}
	switch v := r.Body(); v.Type() {
	case pcommon.ValueTypeEmpty:
	case pcommon.ValueTypeMap:
		b.buf = append(b.buf, `,"body":{"structured":`...)
		b.buf = append(pdatajson.AppendMap(b.buf, v.Map()), '}')
	case pcommon.ValueTypeSlice:
		b.buf = append(b.buf, `,"body":{"structured":{"value":`...)
		b.buf = append(pdatajson.AppendValue(b.buf, v), '}', '}')
	default:
		b.buf = append(b.buf, `,"body":{"text":`...)
		b.buf = append(appendText(b.buf, v), '}')
	}
}

// appendSpanOTel appends what a span's document has.
func (b *body) appendSpanOTel(s ptrace.Span) {
	traceID, spanID, parentID := s.TraceID(), s.SpanID(), s.ParentSpanID()
	b.buf = appendHexField(b.buf, "trace_id", traceID[:])
	b.buf = appendHexField(b.buf, "span_id", spanID[:])
	if !parentID.IsEmpty() {
		b.buf = appendHexField(b.buf, "parent_span_id", parentID[:])
	}
	if state := s.TraceState().AsRaw(); state != "" {
		b.buf = appendField(b.buf, "trace_state", state)
	}
	b.buf = appendField(b.buf, "name", s.Name())
	b.buf = appendField(b.buf, "kind", s.Kind().String())
	if s.EndTimestamp() >= s.StartTimestamp() {
		b.buf = append(b.buf, `,"duration":`...)
		b.buf = strconv.AppendUint(b.buf, uint64(s.EndTimestamp()-s.StartTimestamp()), 10)
	}
	b.buf = append(b.buf, `,"status":{`...)
	open := len(b.buf)
	b.buf = appendField(b.buf, "code", s.Status().Code().String())
	if s.Status().Message() != "" {
		b.buf = appendField(b.buf, "message", s.Status().Message())
	}
	b.buf = closeObject(b.buf, open)
	b.buf = b.appendAttributes(b.buf, "attributes", s.Attributes())
	b.appendEvents("events", s.Events())
	b.appendLinks("links", "trace_id", "span_id", s.Links())
}
