package elasticsearchexporter_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "write the golden files")

// requireGolden compares documents with a file of JSON lines, index and id first.
func requireGolden(t *testing.T, name string, docs []doc) {
	t.Helper()
	var b strings.Builder
	for _, d := range docs {
		b.WriteString(d.Index + " " + d.ID + "\n" + d.Source + "\n")
	}
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String())
}

// everyKindOfLog has one record for each rule of the encoding.
func everyKindOfLog() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	for k, v := range map[string]any{
		"service.name": "checkout", "service.version": "1.2.3", "service.instance.id": "i-1", "deployment.environment.name": "prod",
		"deployment.environment": "production", "host.name": "web-1", "host.arch": "amd64", "process.pid": 42, "k8s.pod.name": "checkout-1",
		"log.file.path": "/var/log/app.log", "log.file.name": "app.log", "data_stream.namespace": "Team A",
	} {
		_ = rl.Resource().Attributes().PutEmpty(k).FromRaw(v)
	}
	sortMap(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("com.example.Checkout")
	sl.Scope().SetVersion("9")

	r := sl.LogRecords().AppendEmpty() // of a file, with everything
	r.SetTimestamp(1795262400123456789)
	r.SetObservedTimestamp(1795262401000000001)
	r.SetSeverityNumber(plog.SeverityNumberError)
	r.SetSeverityText("ERROR")
	r.Body().SetStr("payment \"42\" failed\n\tat once \xff")
	r.SetTraceID(pcommon.TraceID{0xab, 15: 0x01})
	r.SetSpanID(pcommon.SpanID{0xcd, 7: 0x02})
	a := r.Attributes()
	a.PutInt(signals.AttrLogFileOffset, 4711)
	a.PutStr(signals.AttrPatternID, "0123456789abcdef")
	a.PutStr(signals.AttrTemplate, "payment <str> failed")
	a.PutStr("exception.type", "java.io.IOException")
	a.PutStr("exception.message", "connection refused")
	a.PutStr("http.request.method", "GET")
	a.PutInt("a", 1)
	a.PutStr("a.b", "both a scalar and an object")
	a.PutDouble("duration", 2)
	a.PutEmpty("nothing")
	a.PutEmptyMap("nested").PutStr("k", "v")
	a.PutEmptySlice("list").AppendEmpty().SetInt(1)

	r = sl.LogRecords().AppendEmpty() // no timestamp, routed by itself, structured
	r.SetObservedTimestamp(1795262401000000001)
	r.SetSeverityText("Notice")
	r.Body().SetEmptyMap().PutStr("msg", "structured")
	r.Attributes().PutStr("data_stream.dataset", "nginx-access")
	r.Attributes().PutStr("log.file.path", "/the/record's/own")

	r = sl.LogRecords().AppendEmpty() // an event, a body that is a number
	r.SetTimestamp(1795262400000000000)
	r.SetEventName("device.app.lifecycle")
	r.Body().SetInt(7)
	r.Attributes().PutStr("event.name", "the older convention")
	r.Attributes().PutStr("log.file.position", "not a number")
	return ld
}

func sortMap(m pcommon.Map) {
	raw := m.AsRaw()
	b, _ := json.Marshal(raw)
	m.Clear()
	d := json.NewDecoder(strings.NewReader(string(b)))
	_, _ = d.Token()
	for d.More() {
		k, _ := d.Token()
		v, _ := d.Token()
		if f, ok := v.(float64); ok {
			m.PutInt(k.(string), int64(f))
		} else {
			m.PutStr(k.(string), v.(string))
		}
	}
}

func TestLogDocuments(t *testing.T) {
	f := newFake(t)
	e := startLogs(t, direct(f.URL), nil)
	require.NoError(t, e.ConsumeLogs(t.Context(), everyKindOfLog()))
	requireGolden(t, "logs.ndjson", f.docs())
}

func TestFindingDocuments(t *testing.T) {
	f := newFake(t)
	e := startLogs(t, direct(f.URL), nil)
	require.NoError(t, e.ConsumeLogs(t.Context(), aFinding()))
	requireGolden(t, "findings.ndjson", f.docs())
}

func aFinding() plog.Logs {
	observed := 97.5
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	(&finding.Finding{
		Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityCritical, Score: 1,
		Start: pcommon.Timestamp(1795262400123456789).AsTime(), Time: pcommon.Timestamp(1795262460000000000).AsTime(),
		Subject: []finding.Attr{{Key: signals.AttrFindingMetric, Value: "system.cpu.utilization"}},
		Summary: "CPU is far above its baseline", Receipt: finding.Receipt{Observed: &observed},
		Links: []string{"http://127.0.0.1:4320/#finding"},
	}).AppendTo(rl.ScopeLogs().AppendEmpty().LogRecords(), rl.Resource().Attributes())
	return ld
}

func TestSpanDocuments(t *testing.T) {
	f := newFake(t)
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	e, err := elasticsearchexporter.NewFactory().CreateTraces(t.Context(), set, direct(f.URL))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeTraces(t.Context(), someSpans()))
	require.NoError(t, e.Shutdown(t.Context()))
	requireGolden(t, "spans.ndjson", f.docs())
}

func someSpans() ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "checkout")
	rs.Resource().Attributes().PutStr("telemetry.sdk.name", "opentelemetry")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("net/http")
	s := ss.Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{0xab, 15: 0x01})
	s.SetSpanID(pcommon.SpanID{0xcd, 7: 0x02})
	s.SetParentSpanID(pcommon.SpanID{0xcd, 7: 0x01})
	s.TraceState().FromRaw("a=b")
	s.SetName("GET /orders")
	s.SetKind(ptrace.SpanKindServer)
	s.SetStartTimestamp(1795262400123456789)
	s.SetEndTimestamp(1795262400223456790)
	s.Status().SetCode(ptrace.StatusCodeError)
	s.Status().SetMessage("no luck")
	s.Attributes().PutInt("http.response.status_code", 500)
	ev := s.Events().AppendEmpty()
	ev.SetName("exception")
	ev.SetTimestamp(1795262400200000000)
	ev.Attributes().PutStr("exception.type", "IOException")
	ev.Attributes().PutStr("exception.message", "refused")
	l := s.Links().AppendEmpty()
	l.SetTraceID(pcommon.TraceID{0xef})
	l.SetSpanID(pcommon.SpanID{0x01})
	l.Attributes().PutBool("linked", true)
	s = ss.Spans().AppendEmpty()
	s.SetTraceID(pcommon.TraceID{0xab, 15: 0x01})
	s.SetSpanID(pcommon.SpanID{0xcd, 7: 0x01})
	s.SetName("root")
	s.SetStartTimestamp(1795262400000000000) // not ended
	return td
}

// ids returns the ids by message of documents that were sent with cfg.
func idsOf(t *testing.T, mode string, change func(plog.LogRecord)) string {
	t.Helper()
	f := newFake(t)
	cfg := direct(f.URL)
	cfg.DocumentID = mode
	e := startLogs(t, cfg, nil)
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.Body().SetStr("line")
	r.SetTimestamp(1795262400123456789)
	r.SetObservedTimestamp(1795262400999999999)
	r.Attributes().PutInt(signals.AttrLogFileOffset, 100)
	change(r)
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Len(t, f.docs(), 1)
	return f.docs()[0].ID
}

func TestDocumentIDStandsForContentTimeAndPlace(t *testing.T) {
	base := idsOf(t, "auto", func(plog.LogRecord) {})
	require.Len(t, base, 22)
	require.Equal(t, base, idsOf(t, "auto", func(r plog.LogRecord) { r.SetObservedTimestamp(5) }), "read again later")
	require.Equal(t, base, idsOf(t, "auto", func(r plog.LogRecord) { r.Attributes().PutStr(signals.AttrPatternID, "learned since") }))
	require.NotEqual(t, base, idsOf(t, "auto", func(r plog.LogRecord) { r.SetTimestamp(1795262400123456790) }))
	require.NotEqual(t, base, idsOf(t, "auto", func(r plog.LogRecord) { r.Body().SetStr("other") }))
	require.NotEqual(t, base, idsOf(t, "auto", func(r plog.LogRecord) { r.Attributes().PutInt(signals.AttrLogFileOffset, 101) }))
	require.NotEqual(t, base, idsOf(t, "auto", func(r plog.LogRecord) { r.SetTimestamp(0) }), "then the observed time tells two lines apart")
	require.Empty(t, idsOf(t, "auto", func(r plog.LogRecord) { r.Attributes().Clear() }))
	require.NotEmpty(t, idsOf(t, "always", func(r plog.LogRecord) { r.Attributes().Clear() }))
	require.Empty(t, idsOf(t, "off", func(plog.LogRecord) {}))
}

func TestTimesThatTheServerCannotHold(t *testing.T) {
	f := newFake(t)
	e := startLogs(t, direct(f.URL), nil)
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	r := sl.LogRecords().AppendEmpty()
	r.SetTimestamp(1 << 63) // year 2262
	r.SetObservedTimestamp(1795262400000000001)
	sl.LogRecords().AppendEmpty() // none at all
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, "2026-11-21T12:00:00.000000001Z", f.docs()[0].fields(t)["@timestamp"])
	require.Contains(t, f.docs()[1].fields(t)["@timestamp"], "20")
}
