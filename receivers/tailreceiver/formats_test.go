package tailreceiver_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

var update = flag.Bool("update", false, "write the golden files")

// dump writes what matters of the records, one a line.
func dump(s *sink) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sb strings.Builder
	for _, ld := range s.logs {
		for _, rl := range ld.ResourceLogs().All() {
			name, _ := rl.Resource().Attributes().Get("log.file.name")
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					fmt.Fprintf(&sb, "%s %s %d %q %q trace=%s span=%s %v\n", name.Str(), stamp(lr), lr.SeverityNumber(), lr.SeverityText(),
						lr.Body().AsString(), lr.TraceID(), lr.SpanID(), lr.Attributes().AsRaw())
				}
			}
		}
	}
	return sb.String()
}

func stamp(lr plog.LogRecord) string {
	if lr.Timestamp() == 0 {
		return "-"
	}
	return lr.Timestamp().AsTime().Format(time.RFC3339Nano)
}

func TestFormatsBecomeTheRecordsOfTheGoldenFile(t *testing.T) {
	in, err := os.ReadFile("testdata/formats.log")
	require.NoError(t, err)
	r := newRig(t, nil)
	r.write("app.log", string(in))
	r.start()
	require.Eventually(t, func() bool { return strings.Contains(dump(r.sink), "the last line") }, patience, time.Millisecond)
	got := dump(r.sink)
	if *update {
		require.NoError(t, os.WriteFile("testdata/formats.golden", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/formats.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestAnExplicitFormatIsNotGuessed(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.Format = "plain" })
	r.write("app.log", `{"msg":"x"}`+"\n")
	r.start()
	r.wants(`{"msg":"x"}`)
}

func cri(stream, tag, text string) string {
	return "2026-03-09T22:14:58.000000001Z " + stream + " " + tag + " " + text + "\n"
}

func TestLinesCutByTheRuntimeAreJoined(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log",
		cri("stdout", "P", "one "), cri("stdout", "P", "two "), cri("stdout", "F", "three"),
		cri("stdout", "P", "out "), cri("stderr", "P", "err "), cri("stdout", "F", "end"), cri("stderr", "F", "also"),
		cri("stderr", "F", "whole"))
	r.start()
	r.wants("one two three", "out end", "err also", "whole")
}

func TestAPartWaitsForItsRestAcrossReadsAndRestarts(t *testing.T) {
	r := newRig(t, nil)
	r.write("app.log", cri("stdout", "F", "before"), cri("stdout", "P", "half "), cri("stderr", "F", "between"))
	r.start()
	r.wants("before")
	r.stop()
	r.start()
	r.write("app.log", cri("stdout", "F", "whole"))
	r.wants("before", "half whole", "between")
}

func TestDockerPartsAreJoined(t *testing.T) {
	r := newRig(t, nil)
	const tail = `","stream":"stdout","time":"2026-03-09T22:14:58.1Z"}` + "\n"
	r.write("app.log", `{"log":"one `+tail, `{"log":"two\n`+tail, `{"log":"three\n`+tail)
	r.start()
	r.wants("one two", "three")
}

func TestBatchesAreBoundedAndJoinedLinesStayWhole(t *testing.T) {
	r := newRig(t, func(c *tailreceiver.Config) { c.MaxBatchRecords = 7 })
	var in, want []string
	for i := range 500 {
		in = append(in, cri("stdout", "P", fmt.Sprint("a", i, " ")), cri("stderr", "F", fmt.Sprint("b", i)), cri("stdout", "F", "z"))
		want = append(want, fmt.Sprint("a", i, " z"), fmt.Sprint("b", i))
	}
	r.write("app.log", in...)
	r.start()
	r.wants(want...)
}
