package logformat_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

var update = flag.Bool("update", false, "write the golden files")

func TestLinesBecomeTheRecordsOfTheGoldenFile(t *testing.T) {
	in, err := os.ReadFile("testdata/lines.txt")
	require.NoError(t, err)
	var p logformat.Parser
	var r logformat.Record
	var out []byte
	for line := range strings.SplitSeq(strings.TrimSuffix(string(in), "\n"), "\n----\n") {
		p.Parse(line, logformat.FormatAuto, &r)
		out = append(out, line...)
		out = append(append(out, "\n    "...), r.Format.String()...)
		out = append(r.AppendJSON(append(out, ' '), 1, 1), '\n')
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/lines.golden", out, 0o644))
	}
	want, err := os.ReadFile("testdata/lines.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), string(out))
}

func FuzzParseKeepsEveryLine(f *testing.F) {
	in, err := os.ReadFile("testdata/lines.txt")
	require.NoError(f, err)
	for line := range strings.SplitSeq(string(in), "\n----\n") {
		f.Add(line)
	}
	var p logformat.Parser
	var r logformat.Record
	f.Fuzz(func(t *testing.T, line string) {
		for _, format := range []logformat.Format{logformat.FormatAuto, logformat.FormatPlain, logformat.FormatJSON} {
			p.Parse(line, format, &r)
			out := r.AppendJSON(nil, 1, 1)
			require.True(t, utf8.Valid(out))
			require.True(t, json.Valid(out), "%s", out)
			require.LessOrEqual(t, r.Severity, logformat.Severity(24))
			clock := logformat.Clock{Now: 1773094498}
			require.GreaterOrEqual(t, clock.Unix(r.Time), int64(0))
		}
	})
}

func FuzzJSONAgreesWithTheStandardLibrary(f *testing.F) {
	f.Add(`{"a":[1,2,{"b":null}],"c":"\u00e9","d":-1.5e3,"e":{},"f":[]}`)
	f.Add(`{"a":1,"a":2}`)
	f.Add(` {"x":"\ud800"} `)
	var p logformat.Parser
	var r logformat.Record
	f.Fuzz(func(t *testing.T, line string) {
		if !json.Valid([]byte(line)) || !strings.HasPrefix(strings.TrimSpace(line), "{") || strings.Count(line, "[")+strings.Count(line, "{") > 60 {
			return
		}
		p.ParseText(strings.TrimSpace(line), logformat.FormatAuto, &r)
		require.Equal(t, logformat.FormatJSON, r.Format, "valid JSON must be read as such")
	})
}

func BenchmarkParsePlain(b *testing.B) {
	benchmarkParse(b, "2026-03-09T22:14:58.123456Z INFO GET /api/v1/orders/8817 served in 12.5ms for customer 4711 from 10.0.3.9 with status=200 bytes=5120")
}

func BenchmarkParseJSON(b *testing.B) {
	benchmarkParse(b, `{"time":"2026-03-09T22:14:58.123456Z","level":"INFO","msg":"request served","method":"GET","path":"/api/v1/orders/8817","status":200,"duration_ms":12.5,"bytes":5120,"client":"10.0.3.9","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","ok":true}`)
}

func BenchmarkParseCRI(b *testing.B) {
	benchmarkParse(b, "2026-03-09T22:14:58.123456789Z stdout F 2026-03-09 22:14:58,123 WARN [main] retry budget is low: 3 of 10 left")
}

func BenchmarkParseDocker(b *testing.B) {
	benchmarkParse(b, `{"log":"2026-03-09 22:14:58,123 WARN [main] retry budget is low: 3 of 10 left\n","stream":"stdout","time":"2026-03-09T22:14:58.123456789Z"}`)
}

func BenchmarkParseSyslog(b *testing.B) {
	benchmarkParse(b, "Mar  9 22:14:58 web-1 sshd[812]: Accepted publickey for root from 10.0.3.9 port 51234 ssh2")
}

func benchmarkParse(b *testing.B, line string) {
	var p logformat.Parser
	var r logformat.Record
	clock := logformat.Clock{Now: 1773094498}
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		p.Parse(line, logformat.FormatAuto, &r)
		if clock.Unix(r.Time) == 0 {
			b.Fatal("no time")
		}
	}
}
