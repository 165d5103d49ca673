package tailreceiver

import (
	"strings"
	"testing"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

func BenchmarkBuildPlain(b *testing.B) {
	benchmarkBuild(b, "2026-03-09T22:14:58.123456Z INFO GET /api/v1/orders/8817 served in 12.5ms for customer 4711 from 10.0.3.9 with status=200 bytes=5120 and some more words to reach the usual length of a line in a log file\n")
}

func BenchmarkBuildJSON(b *testing.B) {
	benchmarkBuild(b, `{"time":"2026-03-09T22:14:58.123456Z","level":"INFO","msg":"request served","method":"GET","path":"/api/v1/orders/8817","status":200,"duration_ms":12.5,"bytes":5120,"client":"10.0.3.9","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","ok":true}`+"\n")
}

// benchmarkBuild reports the time for batches of 1000 lines.
func benchmarkBuild(b *testing.B, line string) {
	data := []byte(strings.Repeat(line, 1000))
	w := builder{format: logformat.FormatAuto, maxLine: 1 << 18, maxRecords: 1000}
	text, valid := textOf(data)
	var profile logformat.Profile
	profile.Observe(sample(data))
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if out := w.build(piece{path: "/var/log/app.log", data: data, text: text, valid: valid, settled: true, profile: &profile, now: 1773094498e9}); out.records != 1000 {
			b.Fatal(out.records)
		}
	}
}
