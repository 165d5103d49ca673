package lokiexporter

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/grafana/loki/pkg/push"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// FuzzRefusal reads any text as a 400: it never counts more lines than were sent, nor
// none.
func FuzzRefusal(f *testing.F) {
	for _, seed := range []string{
		"", "2 errors like: entry for stream '{}' has timestamp too old: x, oldest acceptable timestamp is: 2026-11-14T12:00:00Z; 3 errors like: max entry size '1' bytes exceeded",
		"total ignored: 4 out of 10 for stream: {a=\"b\"}", "99999999999999999999 errors like: entry", "stream '{a=\"b\"}' has label value too long", "<#7> label value",
	} {
		f.Add(seed, 3, 2)
	}
	f.Fuzz(func(t *testing.T, text string, a, b int) {
		of := sent{labels: []string{`{a="b"}`, `{c="d"}`}, lines: []int{a&0xfff + 1, b & 0xfff}}
		r := parseRefusal(text, of)
		sum := 0
		for _, reason := range r.reasons {
			require.Positive(t, reason.lines)
			sum += reason.lines
		}
		require.LessOrEqual(t, sum, of.total())
		for again := range 3 {
			left := 0
			for _, reason := range r.lastly(again) {
				require.GreaterOrEqual(t, reason.lines, 0)
				left += reason.lines
			}
			require.Equal(t, max(sum-again, 0), left)
		}
	})
}

// FuzzEncode sends any strings: Loki can read what comes out, no name is there twice,
// and the limits are kept.
func FuzzEncode(f *testing.F) {
	f.Add("service", "a line", "key", "value", "key", uint64(1795262400000000000), 100)
	f.Add("\xff\"\\", "\xff\xfe", "a.b", "\xff", "a_b", uint64(1<<63), 5)
	f.Add("", strings.Repeat("ä", 3000), "level", "x", "trace_id", uint64(999_999_999), 1<<20)
	f.Fuzz(func(t *testing.T, service, line, key, value, other string, at uint64, most int) {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		rl.Resource().Attributes().PutStr(other, value)
		r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(at))
		r.SetTraceID(pcommon.TraceID{1})
		r.SetSeverityText(value)
		r.Body().SetStr(line)
		r.Attributes().PutStr(key, value)
		r.Attributes().PutEmptyMap(other).PutStr(key, line)

		e := testEncoder(t)
		most = max(most&0xffff, minLine)
		e.limits.lower(limit{line: most, metadata: most, pairs: -1, labels: -1})
		b := newBatch()
		defer b.release()
		e.appendLogs(b, ld)
		var request push.PushRequest
		require.NoError(t, request.Unmarshal(b.appendPush(nil, []part{{0, 0, 1}})))
		require.Len(t, request.Streams, 1)
		require.True(t, utf8.ValidString(request.Streams[0].Labels))
		require.Len(t, request.Streams[0].Entries, 1)
		got := request.Streams[0].Entries[0]
		require.Equal(t, cut(line, most), got.Line)
		if at > 0 && at < 1<<63 {
			require.Equal(t, int64(at), got.Timestamp.UnixNano())
		}
		seen, size := map[string]bool{}, 0
		for _, p := range got.StructuredMetadata {
			require.False(t, seen[p.Name], p.Name)
			seen[p.Name] = true
			require.True(t, utf8.ValidString(p.Value))
			size += len(p.Name) + len(p.Value)
		}
		require.LessOrEqual(t, size, most)
		require.EqualValues(t, size, b.entries[0].meta)
		require.EqualValues(t, len(got.StructuredMetadata), b.entries[0].pairs)
		require.EqualValues(t, len(got.Line), b.entries[0].line)
	})
}
