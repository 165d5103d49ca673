package elasticsearchexporter

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// BenchmarkAppendLogs encodes records like those of a JSON file of 300 bytes a
// line. One operation is one document.
func BenchmarkAppendLogs(b *testing.B) {
	const batch = 1000
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "web-1")
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	rl.Resource().Attributes().PutStr("log.file.path", "/var/log/app/checkout.log")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range batch {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(1795262400000000000 + i*1234567))
		r.SetObservedTimestamp(1795262500000000000)
		r.SetSeverityNumber(plog.SeverityNumberInfo)
		r.SetSeverityText("INFO")
		r.Body().SetStr(fmt.Sprintf("request %d to /api/v1/orders finished with status 200 after %d ms", i, i%97))
		r.SetTraceID(pcommon.TraceID{1, byte(i)})
		a := r.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("url.path", "/api/v1/orders/123456")
		a.PutInt("http.response.status_code", 200)
		a.PutDouble("duration_ms", float64(i)*1.25)
		a.PutStr("client.address", "10.20.30.40")
		a.PutInt("log.file.position", int64(i*300))
		a.PutStr("log.pattern.id", "0123456789abcdef")
	}
	for _, ids := range []string{idOff, idAuto} {
		b.Run("document_id="+ids, func(b *testing.B) {
			b.ReportAllocs()
			n, size := 0, 0
			for b.Loop() {
				if n%batch == 0 {
					body := newBody(encoding{base: route{"generic", "default"}, ids: ids})
					body.appendLogs(ld)
					size = len(body.buf) / batch
					body.release()
				}
				n++
			}
			b.SetBytes(int64(size))
		})
	}
}

func BenchmarkAppendTraces(b *testing.B) {
	const batch = 1000
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "checkout")
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range batch {
		s := spans.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i)})
		s.SetSpanID(pcommon.SpanID{2, byte(i)})
		s.SetName("GET /api/v1/orders")
		s.SetStartTimestamp(pcommon.Timestamp(1795262400000000000 + i*1234567))
		s.SetEndTimestamp(pcommon.Timestamp(1795262400000000000 + i*1334567))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutInt("http.response.status_code", 200)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%batch == 0 {
			body := newBody(encoding{base: route{"generic", "default"}, ids: idAuto})
			body.appendTraces(td)
			body.release()
		}
		n++
	}
}
