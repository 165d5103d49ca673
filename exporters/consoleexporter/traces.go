package consoleexporter

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// maxSpanAttrs is how many attributes of a span are handed on.
const maxSpanAttrs = 8

func (e *consoleExporter) consumeTraces(_ context.Context, td ptrace.Traces) error {
	for _, rs := range td.ResourceSpans().All() {
		service := text(rs.Resource().Attributes(), signals.AttrServiceName)
		for _, ss := range rs.ScopeSpans().All() {
			for _, sp := range ss.Spans().All() {
				e.store.PutSpan(spanOf(service, sp))
			}
		}
	}
	return nil
}

func spanOf(service string, sp ptrace.Span) localstore.Span {
	start, end := sp.StartTimestamp().AsTime(), sp.EndTimestamp().AsTime()
	return localstore.Span{
		TraceID:  sp.TraceID().String(),
		SpanID:   sp.SpanID().String(),
		ParentID: sp.ParentSpanID().String(),
		Name:     sp.Name(),
		Kind:     sp.Kind().String(),
		Service:  service,
		Start:    start.UnixNano(),
		Duration: localstore.SpanDuration(start, end),
		Error:    sp.Status().Code() == ptrace.StatusCodeError,
		Message:  sp.Status().Message(),
		Attrs:    spanAttrs(sp.Attributes()),
	}
}

func spanAttrs(m pcommon.Map) []localstore.Attr {
	var out []localstore.Attr
	for k, v := range m.All() {
		if len(out) == maxSpanAttrs {
			break
		}
		out = append(out, localstore.Attr{Key: k, Value: valueText(v)})
	}
	return out
}
