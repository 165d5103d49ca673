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
