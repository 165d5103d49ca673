package tailreceiver

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// broken is a builder whose parser cannot bear a word.
func broken(word string) builder {
	return builder{maxLine: 1024, maxRecords: 100, fault: func(text string) {
		if strings.Contains(text, word) {
			panic("parser fault")
		}
	}}
}

func pieceOf(data string) piece {
	text, valid := textOf([]byte(data))
	return piece{path: "f", data: []byte(data), text: text, valid: valid, flush: true, settled: true, unjoin: true, profile: &logformat.Profile{}}
}

func recordsOf(b batch) plog.LogRecordSlice {
	return b.logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
}

func TestALineThatBreaksTheParserIsDeliveredAsItStands(t *testing.T) {
	const in = "2026-03-09T22:14:58Z INFO one\n{\"level\":\"error\",\"msg\":\"evil\"}\n2026-03-09T22:14:58Z WARN two\n2026-03-09T22:14:58.1Z stdout F evil \xff\n{\"level\":\"info\",\"msg\":\"three\"}\n"
	b := broken("evil")
	out := b.build(pieceOf(in))
	require.Equal(t, 5, out.records)
	require.Equal(t, 2, out.panics)
	require.Equal(t, 1, out.invalid)
	require.Contains(t, out.cause, "parser fault")
	require.Contains(t, out.cause, "guard_test.go", "where it happened")
	require.EqualValues(t, len(in), out.consumed)
	records := recordsOf(out)
	var bodies []string
	var positions []int64
	for _, lr := range records.All() {
		bodies = append(bodies, lr.Body().Str())
		position, _ := lr.Attributes().Get("log.file.position")
		positions = append(positions, position.Int())
	}
	require.Equal(t, []string{"one", `{"level":"error","msg":"evil"}`, "two", "2026-03-09T22:14:58.1Z stdout F evil ÿ", "three"}, bodies)
	require.Equal(t, []int64{0, 30, 61, 91, int64(strings.LastIndex(in, "{"))}, positions)
	require.Equal(t, plog.SeverityNumberUnspecified, records.At(1).SeverityNumber())
	require.Equal(t, plog.SeverityNumberWarn, records.At(2).SeverityNumber(), "the others are read as ever")
	require.Equal(t, plog.SeverityNumberInfo, records.At(4).SeverityNumber())

	again := b.build(pieceOf(in))
	var m plog.ProtoMarshaler
	first, err := m.MarshalLogs(out.logs)
	require.NoError(t, err)
	second, err := m.MarshalLogs(again.logs)
	require.NoError(t, err)
	require.Equal(t, first, second, "the same piece gives the same batch")

	b.fault = nil
	require.Zero(t, b.build(pieceOf(in)).panics, "the next batch is not guarded")
}

func TestATraceWithALineThatBreaksTheJoinerIsNotLost(t *testing.T) {
	b := builder{maxLine: 1024, maxRecords: 100}
	p := pieceOf("one\n\tat evil\ntwo\n")
	p.profile = &logformat.Profile{Start: func(line string) bool {
		if strings.Contains(line, "evil") {
			panic("joiner fault")
		}
		return true
	}}
	out := b.build(p)
	require.Positive(t, out.panics)
	var bodies []string
	for _, lr := range recordsOf(out).All() {
		bodies = append(bodies, lr.Body().Str())
	}
	require.Equal(t, []string{"one", "\tat evil", "two"}, bodies)
}

func TestACutLineThatBreaksTheParserIsSkippedToItsEnd(t *testing.T) {
	b := broken("evil")
	long := "evil " + strings.Repeat("x", 3000)
	p := pieceOf(long)
	p.flush = false
	out := b.build(p)
	require.Equal(t, 1, out.records)
	require.True(t, out.skip)
	require.Equal(t, 1, out.cut)
	require.Len(t, recordsOf(out).At(0).Body().Str(), 1024)
}
