package kafkaexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var (
	encodeTraces ptrace.ProtoMarshaler
	decodeTraces ptrace.ProtoUnmarshaler
)

func (e *kafkaExporter) pushTraces(ctx context.Context, td ptrace.Traces) error {
	messages, err := byTrace(td)
	if err != nil {
		return consumererror.NewPermanent(fmt.Errorf("encode traces: %w", err))
	}
	failed, err := e.send(ctx, signal{e.cfg.Topics.Traces, halveTraces, countTraces}, messages)
	if err == nil {
		return nil
	}
	left, derr := decodeTraces.UnmarshalTraces(failed)
	if derr != nil { // cannot be: it was encoded above
		return err
	}
	return consumererror.NewTraces(err, left)
}

// trace collects the spans of one trace.
type trace struct {
	id              pcommon.TraceID
	spans           ptrace.Traces
	resource, scope int // of the last span
	into            ptrace.SpanSlice
}

// byTrace makes one message per trace, in the order of their first spans. Spans without
// a trace id have no key.
func byTrace(td ptrace.Traces) ([]message, error) {
	at := map[pcommon.TraceID]*trace{} // no more than there are spans
	var order []*trace
	for i, rs := range td.ResourceSpans().All() {
		for j, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				t := at[s.TraceID()]
				if t == nil {
					t = &trace{id: s.TraceID(), spans: ptrace.NewTraces(), resource: -1}
					at[s.TraceID()] = t
					order = append(order, t)
				}
				t.add(i, j, rs, ss, s)
			}
		}
	}
	messages := make([]message, len(order))
	for i, t := range order {
		b, err := encodeTraces.MarshalTraces(t.spans)
		if err != nil {
			return nil, err
		}
		messages[i] = message{value: b}
		if !t.id.IsEmpty() {
			messages[i].key = t.id[:]
		}
	}
	return messages, nil
}

func (t *trace) add(i, j int, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
	if t.resource != i {
		to := t.spans.ResourceSpans().AppendEmpty()
		rs.Resource().CopyTo(to.Resource())
		to.SetSchemaUrl(rs.SchemaUrl())
		t.resource, t.scope = i, -1
	}
	if t.scope != j {
		resources := t.spans.ResourceSpans()
		to := resources.At(resources.Len() - 1).ScopeSpans().AppendEmpty()
		ss.Scope().CopyTo(to.Scope())
		to.SetSchemaUrl(ss.SchemaUrl())
		t.scope, t.into = j, to.Spans()
	}
	s.CopyTo(t.into.AppendEmpty())
}

func halveTraces(b []byte) (first, second []byte, ok bool) {
	whole, err := decodeTraces.UnmarshalTraces(b)
	n := whole.SpanCount()
	if err != nil || n < 2 {
		return nil, nil, false
	}
	other := ptrace.NewTraces()
	whole.CopyTo(other)
	return tracesPart(whole, 0, n/2), tracesPart(other, n/2, n), true
}

// tracesPart leaves the spans from one number up to another in td and encodes them.
func tracesPart(td ptrace.Traces, from, to int) []byte {
	n := -1
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			ss.Spans().RemoveIf(func(ptrace.Span) bool {
				n++
				return n < from || n >= to
			})
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
	b, _ := encodeTraces.MarshalTraces(td) // pdata that was decoded can be encoded
	return b
}

func countTraces(b []byte) int {
	whole, err := decodeTraces.UnmarshalTraces(b)
	if err != nil {
		return 0
	}
	return whole.SpanCount()
}
