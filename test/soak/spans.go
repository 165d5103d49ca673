package main

import (
	"encoding/binary"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// services call one another in this order; each trace has one span of each.
var services = [traceSpans]struct {
	name, operation string
	ms              int
}{{"web", "GET /checkout", 4}, {"cart", "GetCart", 3}, {"pay", "Charge", 8}, {"stock", "Reserve", 5}, {"mail", "Send", 2}}

// spanSender sends the traces of a second of load in one request.
func spanSender(url string, p *plan) *sender {
	return &sender{
		url: url + "/v1/traces", of: "spans", all: p.spanBatches(),
		due: func(i int) time.Duration { return time.Duration(i) * time.Second },
		make: func(i int) ([]byte, int, error) {
			body, err := ptraceotlp.NewExportRequestFromTraces(traces(p, i, time.Now())).MarshalProto()
			return body, p.tracesPerBatch() * traceSpans, err
		},
	}
}

// traces are those of one second. For a minute in ten, one of the services is slow, and
// some of its calls fail.
func traces(p *plan, second int, at time.Time) ptrace.Traces {
	td := ptrace.NewTraces()
	var spans [traceSpans]ptrace.SpanSlice
	for k, s := range services {
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", s.name)
		rs.Resource().Attributes().PutStr("service.version", "1."+string(rune('0'+second/300%10)))
		spans[k] = rs.ScopeSpans().AppendEmpty().Spans()
	}
	ill := -1
	if second%600 >= 540 {
		ill = 1 + second/600%(traceSpans-1)
	}
	for t := range p.tracesPerBatch() {
		trace := second*p.tracesPerBatch() + t
		addTrace(&spans, trace, ill, at.Add(time.Duration(t)*time.Second/time.Duration(p.tracesPerBatch())))
	}
	return td
}

func addTrace(spans *[traceSpans]ptrace.SpanSlice, trace, ill int, begin time.Time) {
	var id pcommon.TraceID
	binary.BigEndian.PutUint64(id[:], 0x50a4)
	binary.BigEndian.PutUint64(id[8:], uint64(trace)+1)
	var took [traceSpans]time.Duration // with what it calls
	total := time.Duration(0)
	for k := traceSpans - 1; k >= 0; k-- {
		own := time.Duration(services[k].ms)*time.Millisecond + time.Duration(trace*(k+3)%1999)*time.Microsecond
		if k == ill {
			own *= 20
		}
		total += own
		took[k] = total
	}
	failed := trace%211 == 0 || ill >= 0 && trace%9 == 0
	for k := range traceSpans {
		s := spans[k].AppendEmpty()
		s.SetTraceID(id)
		s.SetSpanID(spanID(trace*traceSpans + k))
		s.SetKind(ptrace.SpanKindServer)
		if k > 0 {
			s.SetParentSpanID(spanID(trace*traceSpans + k - 1))
		}
		s.SetName(services[k].operation)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(k) * time.Millisecond)))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(k)*time.Millisecond + took[k])))
		s.Attributes().PutInt("http.response.status_code", 200)
		if failed && (ill < 0 || k <= ill) {
			s.Status().SetCode(ptrace.StatusCodeError)
			s.Status().SetMessage("deadline exceeded")
		}
	}
}

func spanID(n int) (id pcommon.SpanID) {
	binary.BigEndian.PutUint64(id[:], uint64(spanPrefix+n))
	return id
}
