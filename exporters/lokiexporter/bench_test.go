package lokiexporter

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
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
	e := newEncoder(createDefaultConfig().(*Config))
	var buf buffers
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%size == 0 {
			batch := newBatch()
			e.appendLogs(batch, ld)
			if err := buf.encode(batch, 0, len(batch.lines)); err != nil {
				b.Fatal(err)
			}
			batch.release()
		}
		n++
	}
}

func TestPooledBatchesDoNotGrow(t *testing.T) {
	ld := plog.NewLogs()
	for i := range 5 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutInt("host.name", int64(i))
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("x")
	}
	e := newEncoder(createDefaultConfig().(*Config))
	for range 1000 {
		b := newBatch()
		e.appendLogs(b, ld)
		require.Len(t, b.request(0, 3).Streams, 3)
		require.Len(t, b.request(0, 5).Streams, 5)
		require.Less(t, cap(b.group), 20)
		b.release()
	}
}
