package tailsamplingprocessor

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// batch is what came in one call. Its spans are not copied: it stays in memory until all of its
// traces are decided on, and counts for that long.
type batch struct {
	bytes   int64
	waiting int // traces
}

// part is the spans of a trace in one scope of a batch.
type part struct {
	resource ptrace.ResourceSpans
	scope    ptrace.ScopeSpans
	spans    []ptrace.Span
}

// waitingTrace is a trace that is not decided on.
type waitingTrace struct {
	id          pcommon.TraceID
	first, last time.Time
	parts       []part
	batches     []*batch
	spans       int
	prev, next  *waitingTrace
}

// buffer holds the traces that wait, by age of their last span.
type buffer struct {
	traces      map[pcommon.TraceID]*waitingTrace
	first, last *waitingTrace
	bytes       int64
	sizer       ptrace.ProtoMarshaler
}

// inMemory is how many times its encoded size a span needs in memory.
const inMemory = 4

// add takes the spans that late says nothing about; for those it has passed them on or dropped them.
func (b *buffer) add(td ptrace.Traces, now time.Time, late func(ptrace.ResourceSpans, ptrace.ScopeSpans, ptrace.Span) bool) {
	in := &batch{bytes: int64(b.sizer.TracesSize(td)) * inMemory}
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			var t *waitingTrace
			for _, s := range ss.Spans().All() {
				if t == nil || t.id != s.TraceID() {
					if t = b.traces[s.TraceID()]; t == nil {
						if late(rs, ss, s) {
							continue
						}
						t = &waitingTrace{id: s.TraceID(), first: now}
						b.traces[t.id] = t
						b.push(t)
					}
				}
				t.put(in, rs, ss, s)
				t.last = now
				b.remove(t)
				b.push(t)
			}
		}
	}
	if in.waiting > 0 {
		b.bytes += in.bytes
	}
}

func (t *waitingTrace) put(in *batch, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, s ptrace.Span) {
	if n := len(t.batches); n == 0 || t.batches[n-1] != in {
		t.batches = append(t.batches, in)
		in.waiting++
	}
	if n := len(t.parts); n == 0 || t.parts[n-1].scope != ss {
		t.parts = append(t.parts, part{resource: rs, scope: ss})
	}
	p := &t.parts[len(t.parts)-1]
	p.spans = append(p.spans, s)
	t.spans++
}

// take removes a trace.
func (b *buffer) take(t *waitingTrace) {
	delete(b.traces, t.id)
	b.remove(t)
	for _, in := range t.batches {
		if in.waiting--; in.waiting == 0 {
			b.bytes -= in.bytes
		}
	}
}

func (b *buffer) push(t *waitingTrace) {
	t.prev, t.next = b.last, nil
	if b.last == nil {
		b.first = t
	} else {
		b.last.next = t
	}
	b.last = t
}

func (b *buffer) remove(t *waitingTrace) {
	if t.prev == nil {
		b.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		b.last = t.prev
	} else {
		t.next.prev = t.prev
	}
}

// each calls do for every span.
func (t *waitingTrace) each(do func(ptrace.ResourceSpans, ptrace.Span)) {
	for i := range t.parts {
		for _, s := range t.parts[i].spans {
			do(t.parts[i].resource, s)
		}
	}
}

// appendTo copies a trace to the end of td.
func (t *waitingTrace) appendTo(td ptrace.Traces) {
	for i := range t.parts {
		p := &t.parts[i]
		to := appendScope(td, p.resource, p.scope)
		to.EnsureCapacity(len(p.spans))
		for _, s := range p.spans {
			s.CopyTo(to.AppendEmpty())
		}
	}
}

// appendScope adds an empty copy of a scope with its resource to td.
func appendScope(td ptrace.Traces, rs ptrace.ResourceSpans, ss ptrace.ScopeSpans) ptrace.SpanSlice {
	r := td.ResourceSpans().AppendEmpty()
	rs.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(rs.SchemaUrl())
	s := r.ScopeSpans().AppendEmpty()
	ss.Scope().CopyTo(s.Scope())
	s.SetSchemaUrl(ss.SchemaUrl())
	return s.Spans()
}
