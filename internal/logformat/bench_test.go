package logformat_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

var benchLines = []struct{ name, line string }{
	{"Plain", "2026-03-09T22:14:58.123456Z INFO GET /api/v1/orders/8817 served in 12.5ms for customer 4711 from 10.0.3.9 with status=200 bytes=5120"},
	{"Log4j", "2026-03-09T22:14:58.123456Z INFO [worker-22] com.acme.auth.TokenFilter - id=0000000000 Processed order 235 for customer c-108 in 939 ms region=eu-west-1 trace=a8980374ffa80eabc7b0e968d7b02fe9"},
	{"Unknown", "GET /api/v1/orders/8817 served in 12.5ms for customer 4711 from 10.0.3.9"},
	{"Syslog3164", "Mar  9 22:14:58 web-1 sshd[812]: Accepted publickey for root from 10.0.3.9 port 51234 ssh2"},
	{"Syslog5424", `<165>1 2026-03-09T22:14:58.123Z web-1 app 4711 ID47 [meta@32473 seq="3"] An application event log entry`},
	{"Klog", `I0309 22:14:58.123456    4711 controller.go:116] "Starting" name="x" kind="kind source: *v1.Pod"`},
	{"Logfmt", `ts=2026-03-09T22:14:58.123Z caller=main.go:1220 level=info component=tsdb msg="TSDB started" duration=12.5ms`},
	{"Access", `10.0.0.7 - - [09/Mar/2026:22:14:58 +0000] "GET /api?q=a%20b HTTP/2.0" 499 0 "https://example.org/" "Mozilla/5.0 (X11; Linux x86_64)"`},
	{"CRI", "2026-03-09T22:14:58.123456789Z stdout F 2026-03-09 22:14:58,123 WARN [main] retry budget is low: 3 of 10 left"},
	{"Docker", `{"log":"2026-03-09 22:14:58,123 WARN [main] retry budget is low: 3 of 10 left\n","stream":"stdout","time":"2026-03-09T22:14:58.123456789Z"}`},
	{"JSON", `{"time":"2026-03-09T22:14:58.123456Z","level":"INFO","msg":"request served","method":"GET","path":"/api/v1/orders/8817","status":200,"duration_ms":12.5,"bytes":5120,"client":"10.0.3.9","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","ok":true}`},
}

func BenchmarkParse(b *testing.B) {
	for _, bench := range benchLines {
		b.Run(bench.name, func(b *testing.B) {
			var p logformat.Parser
			var r logformat.Record
			clock := logformat.Clock{Now: 1773094498}
			b.ReportAllocs()
			b.SetBytes(int64(len(bench.line)))
			for b.Loop() {
				p.Parse(bench.line, logformat.FormatAuto, &r)
				clock.Unix(r.Time)
			}
		})
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	for _, bench := range benchLines {
		b.Run(bench.name, func(b *testing.B) {
			var p logformat.Parser
			var r logformat.Record
			var out []byte
			p.Parse(bench.line, logformat.FormatAuto, &r)
			b.ReportAllocs()
			for b.Loop() {
				out = r.AppendJSON(out[:0], 1, 1)
			}
		})
	}
}

func BenchmarkJoiner(b *testing.B) {
	data, err := os.ReadFile("testdata/logs/java_chained.log")
	if err != nil {
		b.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	profile := logformat.Profile{}
	profile.Observe(lines)
	j := logformat.NewJoiner(&profile)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		j.Continues(lines[i])
		if i++; i == len(lines) {
			i = 0
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, bench := range benchLines {
		b.Run(bench.name, func(b *testing.B) {
			text := strings.Repeat(bench.line+"\n", 1000)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_, err := logformat.Read(strings.NewReader(text), logformat.FormatAuto, func(logformat.Event) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
