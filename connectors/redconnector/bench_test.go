package redconnector

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"time"

	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/tracewindow"
	"github.com/tidewatch/tidewatch/internal/tracewindow/feed"
)

// load is a batch as a busy gateway gets it: traces of ten spans through five services, each span
// with eight attributes.
func load(traces int) ptrace.Traces {
	td := ptrace.NewTraces()
	for s := range 5 {
		rs := td.ResourceSpans().AppendEmpty()
		a := rs.Resource().Attributes()
		a.PutStr("service.name", fmt.Sprint("service-", s))
		a.PutStr("service.version", "1.2.3")
		a.PutStr("host.name", fmt.Sprint("node-", s%3))
		a.PutStr("k8s.pod.name", fmt.Sprint("service-", s, "-abcde"))
		spans := rs.ScopeSpans().AppendEmpty().Spans()
		for i := range traces {
			for side := range 2 {
				span := spans.AppendEmpty()
				id := pcommon.TraceID{15: 1}
				binary.BigEndian.PutUint32(id[:], uint32(i))
				span.SetTraceID(id)
				span.SetSpanID(pcommon.SpanID{0: 1, 7: byte(2*s + side + 1)})
				if n := byte(2*s + side); n > 0 {
					span.SetParentSpanID(pcommon.SpanID{0: 1, 7: n})
				}
				span.SetKind([]ptrace.SpanKind{ptrace.SpanKindServer, ptrace.SpanKindClient}[side])
				span.SetName(fmt.Sprintf("GET /v1/resource/%d", i%20))
				begin := start.Add(time.Duration(i) * time.Millisecond)
				span.SetStartTimestamp(pcommon.NewTimestampFromTime(begin))
				span.SetEndTimestamp(pcommon.NewTimestampFromTime(begin.Add(time.Duration(1+i*i%977) * time.Millisecond / 4)))
				at := span.Attributes()
				at.PutStr("http.request.method", "GET")
				at.PutInt("http.response.status_code", 200)
				at.PutStr("http.route", "/v1/resource/{id}")
				at.PutStr("url.path", fmt.Sprint("/v1/resource/", i))
				at.PutStr("server.address", fmt.Sprint("service-", s+side))
				at.PutInt("server.port", 8080)
				at.PutStr("network.protocol.version", "1.1")
				at.PutStr("user_agent.original", "tidewatch-bench/1.0")
			}
		}
	}
	return td
}

// renumber makes the traces new ones.
func renumber(td ptrace.Traces, n int) {
	for _, rs := range td.ResourceSpans().All() {
		for _, span := range rs.ScopeSpans().At(0).Spans().All() {
			id := span.TraceID()
			binary.BigEndian.PutUint32(id[8:], uint32(n))
			span.SetTraceID(id)
		}
	}
}

// BenchmarkOverload sends 300,000 spans a second, by the clock of the test, for a minute, and reports what of
// them the window admitted and what it and the connector hold.
func BenchmarkOverload(b *testing.B) {
	for b.Loop() {
		r, err := newRED(connectortest.NewNopSettings(NewFactory().Type()), createDefaultConfig().(*Config), consumertest.NewNop())
		if err != nil {
			b.Fatal(err)
		}
		now := start
		r.now = func() time.Time { return now }
		w := tracewindow.New(tracewindow.Settings{})
		td := load(100)
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for n := range 60 * 300 {
			renumber(td, n)
			now = now.Add(time.Second / 300)
			_ = r.ConsumeTraces(b.Context(), td)
			feed.Traces(w, td, now)
			for range w.Ripe(now) { // put in order and thrown away
			}
			if n%3000 == 2999 {
				r.send(b.Context())
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		totals := w.Totals()
		b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/(1<<20), "heap-MiB")
		b.ReportMetric(float64(totals.Bytes)/(1<<20), "window-MiB")
		b.ReportMetric(100*float64(totals.SampledSpans)/float64(totals.Spans), "sampled-%")
		b.ReportMetric(100*float64(totals.LostSpans)/float64(totals.Spans), "lost-%")
		_ = r.Shutdown(b.Context())
		runtime.KeepAlive(w)
	}
}

// BenchmarkSpans is the cost of a span through counts, service graph and, with window, the window of recent
// traces that are put in order, too.
func BenchmarkSpans(b *testing.B) {
	for _, window := range []bool{false, true} {
		b.Run(map[bool]string{false: "red", true: "red+window"}[window], func(b *testing.B) {
			const traces = 100
			r, err := newRED(connectortest.NewNopSettings(NewFactory().Type()), createDefaultConfig().(*Config), consumertest.NewNop())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = r.Shutdown(b.Context()) }()
			now := start
			r.now = func() time.Time { return now }
			w := tracewindow.New(tracewindow.Settings{})
			td := load(traces)
			spans := td.SpanCount()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				b.StopTimer()
				renumber(td, n)
				b.StartTimer()
				now = now.Add(time.Duration(spans) * time.Second / 30_000)
				_ = r.ConsumeTraces(b.Context(), td)
				if window {
					feed.Traces(w, td, now)
					for range w.Ripe(now) { // put in order and thrown away
					}
				}
				if n%300 == 299 { // ten seconds
					r.send(b.Context())
				}
			}
			perSpan := float64(b.Elapsed().Nanoseconds()) / float64(b.N*spans)
			b.ReportMetric(perSpan, "ns/span")
			b.ReportMetric(1e9/perSpan, "spans/s")
		})
	}
}
