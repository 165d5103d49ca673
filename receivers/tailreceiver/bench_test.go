package tailreceiver

import (
	"fmt"
	"testing"
	"time"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// benchLines are the lines of one format, all different as those of a program are.
type benchLines func(i int, at time.Time) string

var (
	benchLevels  = [...]string{"INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"}
	benchLoggers = [...]string{"com.example.orders.OrderService", "com.example.pay.Gateway", "com.example.auth.TokenFilter"}
	benchPaths   = [...]string{"/api/v1/orders", "/api/v1/pay", "/login"}
)

func plainLine(i int, at time.Time) string {
	return fmt.Sprintf("%s %s [worker-%d] %s - Processed order %d for customer c-%d in %d ms region=eu-west-1 request=%032x",
		at.Format("2006-01-02T15:04:05.000000Z"), benchLevels[i%6], i%32, benchLoggers[i%3], i*7, i%211, i%997, i*0x9e3779b1)
}

func jsonLine(i int, at time.Time) string {
	return fmt.Sprintf(`{"time":"%s","level":"%s","logger":"%s","msg":"Processed order %d for customer c-%d in %d ms","trace_id":"%032x","http":{"method":"POST","path":"%s","status":%d},"dur_ms":%d.%d,"host":"web-%d"}`,
		at.Format("2006-01-02T15:04:05.000000Z"), benchLevels[i%6], benchLoggers[i%3], i*7, i%211, i%997, i*0x9e3779b1+1, benchPaths[i%3], 200+i%4*100, i%900, i%10, i%40)
}

func logfmtLine(i int, at time.Time) string {
	return fmt.Sprintf(`ts=%s level=%s caller=orders.go:%d msg="order %d processed for c-%d" path=%s status=%d duration=%d.%dms`,
		at.Format("2006-01-02T15:04:05.000Z"), benchLevels[i%6], i%400, i*7, i%211, benchPaths[i%3], 200+i%4*100, i%900, i%10)
}

func syslogLine(i int, at time.Time) string {
	return fmt.Sprintf("%s web-%d sshd[%d]: Accepted publickey for user%d from 10.0.%d.%d port %d ssh2", at.Format(time.Stamp), i%40, 800+i%90, i%17, i%7, i%250, 30000+i%9000)
}

func criLine(i int, at time.Time) string {
	return at.Format("2006-01-02T15:04:05.000000000Z") + " stdout F " + jsonLine(i, at)
}

func dockerLine(i int, at time.Time) string {
	return fmt.Sprintf(`{"log":%q,"stream":"stdout","time":"%s"}`, plainLine(i, at)+"\n", at.Format(time.RFC3339Nano))
}

func BenchmarkBuildPlain(b *testing.B)  { benchmarkBuild(b, plainLine) }
func BenchmarkBuildJSON(b *testing.B)   { benchmarkBuild(b, jsonLine) }
func BenchmarkBuildLogfmt(b *testing.B) { benchmarkBuild(b, logfmtLine) }
func BenchmarkBuildSyslog(b *testing.B) { benchmarkBuild(b, syslogLine) }
func BenchmarkBuildCRI(b *testing.B)    { benchmarkBuild(b, criLine) }
func BenchmarkBuildDocker(b *testing.B) { benchmarkBuild(b, dockerLine) }

// benchmarkBuild reports the time, the memory and the allocations of a batch of
// 1000 lines.
func benchmarkBuild(b *testing.B, line benchLines) {
	const lines = 1000
	var data []byte
	at := time.Date(2026, 3, 9, 22, 14, 58, 0, time.UTC)
	for i := range lines {
		at = at.Add(137 * time.Microsecond)
		data = append(append(data, line(i, at)...), '\n')
	}
	w := builder{format: logformat.FormatAuto, maxLine: 1 << 18, maxRecords: lines}
	text, valid := textOf(data)
	var profile logformat.Profile
	profile.Observe(sample(data))
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		out := w.build(piece{path: "/var/log/app.log", data: data, text: text, valid: valid, settled: true, profile: &profile, now: 1773094498e9})
		if out.records != lines {
			b.Fatal(out.records)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
}
