package lokiexporter

import (
	"fmt"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
)

// BenchmarkEncode encodes records like those of a JSON file of 300 bytes a line
// up to the compressed push. One operation is one line.
func BenchmarkEncode(b *testing.B) {
	const size = 1000
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "web-1")
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	rl.Resource().Attributes().PutStr("log.file.path", "/var/log/app/checkout.log")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range size {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(1795262400000000000 + i*1234567))
		r.SetSeverityNumber(plog.SeverityNumberInfo)
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
	e := testEncoder(b)
	var buf buffers
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%size == 0 {
			batch := newBatch()
			e.appendLogs(batch, ld)
			buf.plain = batch.appendPush(buf.plain[:0], []part{{0, 0, size}})
			buf.packed = s2.EncodeSnappy(buf.packed[:cap(buf.packed)], buf.plain)
			batch.release()
		}
		n++
	}
}

func testEncoder(tb testing.TB) *encoder {
	tb.Helper()
	cfg := createDefaultConfig().(*Config)
	m, err := newMarks(exportertest.NewNopSettings(componentType))
	require.NoError(tb, err)
	return newEncoder(cfg, newLimits(cfg, zap.NewNop()), m)
}
