package feed_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/tracewindow"
	"github.com/tidewatch/tidewatch/internal/tracewindow/feed"
)

var start = time.Unix(1_750_000_000, 0)

func traces(traceCount, spans int) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	r := rs.Resource().Attributes()
	r.PutStr("service.name", "cart")
	r.PutStr("host.name", "h1")
	r.PutStr("service.version", "1.2")
	r.PutStr("k8s.pod.name", "cart-1")
	r.PutStr("os.type", "linux")
	ss := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range traceCount * spans {
		s := ss.AppendEmpty()
		s.SetTraceID(pcommon.TraceID{15: byte(i/spans + 1), 14: byte(i / spans >> 8), 13: byte(i / spans >> 16)})
		s.SetSpanID(pcommon.SpanID{7: byte(i + 1), 6: byte((i + 1) >> 8), 5: byte((i + 1) >> 16)})
		if i%spans > 0 {
			s.SetParentSpanID(pcommon.SpanID{7: byte(i), 6: byte(i >> 8), 5: byte(i >> 16)})
		}
		s.SetName("GET /cart")
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Millisecond)))
		s.Attributes().PutStr("http.request.method", "GET")
		s.Attributes().PutInt("http.response.status_code", 200)
		s.Attributes().PutStr("url.path", "/cart")
		s.Attributes().PutStr("server.address", "cart.local")
		s.Attributes().PutStr("user_agent.original", "curl")
	}
	return td
}

func TestTraces(t *testing.T) {
	td := traces(1, 1)
	s := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0)
	for i := range 30 {
		s.Attributes().PutStr("a."+string(rune('a'+i)), "x")
	}
	s.Attributes().PutStr("db.system", "redis")
	s.Status().SetCode(ptrace.StatusCodeError)
	e := s.Events().AppendEmpty()
	e.SetName("exception")
	e.Attributes().PutStr("exception.type", "IOException")
	e.Attributes().PutStr("exception.message", "connection reset")
	s.SetEndTimestamp(0) // before its start
	w := tracewindow.New(tracewindow.Settings{MaxAttributes: 8})
	feed.Traces(w, td, start)
	tr, ok := w.Trace(tracewindow.TraceID{15: 1})
	require.True(t, ok)
	got := tr.Spans[0]
	require.Equal(t, tracewindow.SpanID(1), got.ID)
	require.Equal(t, tracewindow.Server, got.Kind)
	require.True(t, got.Failed)
	require.Equal(t, "connection reset", got.Message)
	require.Zero(t, got.Duration)
	require.Len(t, got.Attributes, 8)
	for key, want := range map[string]string{"exception.type": "IOException", "http.response.status_code": "200", "db.system": "redis", "k8s.pod.name": "cart-1"} {
		v, ok := got.Attribute(key)
		require.True(t, ok, key)
		require.Equal(t, want, v)
	}
	require.Equal(t, "cart h1 1.2", got.Resource.Service+" "+got.Resource.Host+" "+got.Resource.Version)
}

func BenchmarkTraces(b *testing.B) {
	const spans = 10
	td := traces(100, spans)
	w := tracewindow.New(tracewindow.Settings{})
	now := start
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		ss := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := range ss.Len() {
			k := n*100 + i/spans
			ss.At(i).SetTraceID(pcommon.TraceID{0: byte(k >> 16), 1: byte(k >> 8), 2: byte(k), 15: 1})
		}
		b.StartTimer()
		now = now.Add(100 * spans * time.Second / 30_000)
		feed.Traces(w, td, now)
		for range w.Ripe(now) { // put in order and thrown away
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100*spans), "ns/span")
}
