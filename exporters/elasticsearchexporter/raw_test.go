package elasticsearchexporter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

const jsonLine = `{"time":"2026-11-20T10:00:00.000137Z","level":"ERROR","logger":"com.acme.pay.PaymentGateway","msg":"Retrying request 44 to shard 56 attempt 1482","trace_id":"96ce907dcfa2cc0c2ea22d131c154c0d","http":{"method":"PUT","path":"/api/v1/orders","status":300},"dur_ms":431.0,"host":"web-23"}`

// rawDocument returns what a line becomes.
func rawDocument(t *testing.T, line string, change func(plog.LogRecord)) map[string]any {
	t.Helper()
	ld := plog.NewLogs()
	r := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.Body().SetStr(line)
	r.SetObservedTimestamp(1795262401000000000)
	if change != nil {
		change(r)
	}
	b := newBody(encoding{base: route{"generic", "default"}, ids: idOff, raw: true})
	defer b.release()
	b.appendLogs(ld)
	var m map[string]any
	require.NoError(t, json.Unmarshal(b.buf[b.items[0].doc:b.items[0].end], &m), string(b.buf))
	for k := range m {
		if strings.HasPrefix(k, "data_stream.") {
			delete(m, k)
		}
	}
	return m
}

func TestJSONLineIsTakenAsItIs(t *testing.T) {
	require.Equal(t, map[string]any{
		"@timestamp": "2026-11-20T10:00:00.000137000Z", "log.level": "error", "event.severity": 17.0, "trace.id": "96ce907dcfa2cc0c2ea22d131c154c0d",
		"message": "Retrying request 44 to shard 56 attempt 1482",
		"attributes": map[string]any{
			"logger": "com.acme.pay.PaymentGateway", "dur_ms": 431.0, "host": "web-23",
			"http": map[string]any{"method": "PUT", "path": "/api/v1/orders", "status": 300.0},
		},
	}, rawDocument(t, jsonLine, nil))
	require.Equal(t, map[string]any{
		"@timestamp": "2026-11-21T12:00:01.000000000Z", "log.file.position": 7.0,
		"attributes": map[string]any{"own": true, "ts": "yesterday", "level": "loud", "message": 1.0, "x": "\u00e9\n", "e": map[string]any{}},
	}, rawDocument(t, ` {"ts":"yesterday" , "level": "loud","message":1,	"x":"\u00e9\n","e":{ }}`[1:], func(r plog.LogRecord) {
		r.Attributes().PutInt("log.file.position", 7)
		r.Attributes().PutBool("own", true)
	}))
	require.Equal(t, map[string]any{"@timestamp": "2026-11-21T12:00:01.000000000Z"}, rawDocument(t, `{}`, nil))
}

func TestWhatTheRecordSaysComesFirst(t *testing.T) {
	m := rawDocument(t, jsonLine, func(r plog.LogRecord) {
		r.SetTimestamp(1795262400000000000)
		r.SetSeverityNumber(plog.SeverityNumberFatal)
		r.SetTraceID(pcommon.TraceID{1})
	})
	require.Equal(t, "2026-11-21T12:00:00.000000000Z", m["@timestamp"])
	require.Equal(t, "fatal", m["log.level"])
	require.Equal(t, "01000000000000000000000000000000", m["trace.id"])
	attributes := m["attributes"].(map[string]any)
	require.Equal(t, "2026-11-20T10:00:00.000137Z", attributes["time"], "what the line says otherwise is kept")
	require.Equal(t, "ERROR", attributes["level"])
	require.Equal(t, "96ce907dcfa2cc0c2ea22d131c154c0d", attributes["trace_id"])

	m = rawDocument(t, jsonLine, func(r plog.LogRecord) { r.SetTimestamp(1795168800000137000) })
	require.NotContains(t, m["attributes"], "time", "it is the same")
}

// What the server would refuse, or what would break the request, goes as text.
func TestOtherBodiesAreText(t *testing.T) {
	for _, line := range []string{
		``, `{`, `{}}`, `{"a":1}x`, `x{"a":1}`, `{"a":1,}`, `{"a" 1}`, `{a:1}`, `{"a":01}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{"a":1e999}`, `{"a":NaN}`, `{"a":tru}`,
		`{"a":1,"a":2}`, `{"a":{"b":1,"b":2}}`, `{"":1}`, `{" ":1}`, `{"\u0061":1}`, "{\"a\":1,\n\"b\":2}", "{\"a\":\"\n\"}", "{\"a\":\"\xff\"}", `{"a":"\x"}`, `{"a":"\u12g4"}`, `{"a":"\"}`, `{"a":"}`,
		`{"a":123456789012345678901234567890}`, `[1]`, `"a"`, `{"a":[1,]}`, `{"a":[1 2]}`, `{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`,
		`{"a":` + strings.Repeat(`{"a":`, 20) + `1` + strings.Repeat("}", 20) + `}`,
	} {
		m := rawDocument(t, line, nil)
		require.NotContains(t, m, "attributes", line)
		require.Equal(t, strings.ToValidUTF8(line, "\ufffd"), m["message"])
	}
	m := rawDocument(t, `{"own":1}`, func(r plog.LogRecord) { r.Attributes().PutBool("own", true) })
	require.Equal(t, `{"own":1}`, m["message"], "both have a value for one name")
	require.Equal(t, map[string]any{"own": true}, m["attributes"])
	var many strings.Builder
	for i := range 300 {
		fmt.Fprintf(&many, `,"n%d":1`, i)
	}
	require.Contains(t, rawDocument(t, "{"+many.String()[1:]+"}", nil), "message")
}

func TestKnownNamesHideNothing(t *testing.T) {
	var l rawLine
	require.True(t, l.read(`{"a":1,"b":2,"c":3}`, plog.NewLogRecord()))
	for _, line := range []string{`{"a":1"b":2}`, `{"a":1,"b":2,"a":3}`, `{"a":1,"b":2,"c":3,"b":4}`, `{,"a":1}`, `{"a":1,,"b":2}`, `{"a":1 "b":2}`, `{"a":1,"b":}`, `{"a":1,"b":2,}`} {
		require.False(t, l.read(line, plog.NewLogRecord()), line)
		require.True(t, l.read(`{"a":1,"b":2,"c":3}`, plog.NewLogRecord()))
	}
	require.True(t, l.read(`{"a":1, "b":2,"d":[1]}`, plog.NewLogRecord()))
	require.Equal(t, []string{`"a":1, "b":2,"d":[1]`}, l.kept)
	for i := range 2000 { // names that never come again are not learned for ever
		require.True(t, l.read(fmt.Sprintf(`{"n%d":1,"m%d":{"a":2}}`, i, i), plog.NewLogRecord()))
	}
	require.LessOrEqual(t, len(l.known.known), 64)
}

// FuzzRawLine wants that what is spliced is what a JSON reader reads.
func FuzzRawLine(f *testing.F) {
	f.Add(jsonLine)
	f.Add(`{"a":[{},[],1e5,-0.5,"\\\"\u00e9"],"time":"2026-11-20T10:00:00+02:00","severity":"warning","spanId":"00f067aa0ba902b7"}`)
	f.Add(`{"level":"info","time":"2026-11-20T10:00:00Z","b":1 , "message" : "x","c":null}`)
	f.Fuzz(func(t *testing.T, line string) {
		var l rawLine
		if !l.read(line, plog.NewLogRecord()) {
			return
		}
		// What is known of the lines before changes nothing.
		first := fmt.Sprint(l.kept, l.time, l.level, l.message, l.trace, l.span)
		for _, other := range []string{line, jsonLine, line} {
			l.read(other, plog.NewLogRecord())
		}
		require.Equal(t, first, fmt.Sprint(l.kept, l.time, l.level, l.message, l.trace, l.span))
		requireUniqueNames(t, line)
		require.NotContains(t, line, "\n")
		all, kept := map[string]any{}, map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(line), &all))
		require.NoError(t, json.Unmarshal([]byte("{"+strings.Join(l.kept, ",")+"}"), &kept))
		taken := 0
		for _, there := range []bool{l.time != 0, l.level != 0, l.message != "", l.trace != "", l.span != ""} {
			if there {
				taken++
			}
		}
		require.Len(t, kept, len(all)-taken)
		for k, v := range kept {
			require.Equal(t, all[k], v)
			require.True(t, l.has(k))
		}
	})
}

func BenchmarkAppendRaw(b *testing.B) {
	const batch = 1000
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("log.file.path", "/var/log/app/checkout.log")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range batch {
		r := records.AppendEmpty()
		r.SetObservedTimestamp(1795262500000000000)
		r.Body().SetStr(jsonLine)
		r.Attributes().PutInt("log.file.position", int64(i*300))
	}
	b.ReportAllocs()
	n, size := 0, 0
	for b.Loop() {
		if n%batch == 0 {
			body := newBody(encoding{base: route{"generic", "default"}, ids: idAuto, raw: true})
			body.appendLogs(ld)
			size = len(body.buf) / batch
			body.release()
		}
		n++
	}
	b.SetBytes(int64(size))
}
