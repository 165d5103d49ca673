package tailreceiver

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// drainPieces reads data as a worker would, in chunks of a size, and returns the
// bodies and the number of records.
func drainPieces(t *testing.T, data []byte, chunk, maxRecords int, profile *logformat.Profile) (bodies []string) {
	t.Helper()
	b := builder{maxLine: 1024, maxRecords: maxRecords}
	skip := false
	size := chunk
	for offset := 0; offset < len(data); {
		end := min(offset+size, len(data))
		last := end == len(data)
		p := piece{path: "f", data: data[offset:end], offset: int64(offset), skip: skip, text: string(bytes.ReplaceAll(data[offset:end], []byte{0}, []byte{' '})), flush: last, settled: last, unjoin: last, profile: profile}
		out := b.build(p)
		require.LessOrEqual(t, out.consumed, int64(end-offset))
		require.Equal(t, out.records, out.logs.LogRecordCount())
		again := b.build(p)
		require.Equal(t, out.consumed, again.consumed, "the same piece gives the same batch")
		require.Equal(t, out.records, again.records)
		if out.consumed == 0 {
			require.False(t, last, "the last piece is taken whole")
			size *= 2
			continue
		}
		size = chunk
		offset += int(out.consumed)
		skip = out.skip
		if out.records == 0 { // the rest of a line that was left out
			continue
		}
		for _, lr := range recordsOf(out).All() {
			position, ok := lr.Attributes().Get("log.file.position")
			require.True(t, ok)
			require.GreaterOrEqual(t, position.Int(), p.offset)
			require.Less(t, position.Int(), p.offset+out.consumed)
			bodies = append(bodies, lr.Body().Str())
		}
	}
	return bodies
}

// Every line is in exactly one record, however the file is cut into chunks.
func FuzzChunksDoNotChangeRecords(f *testing.F) {
	f.Add([]byte("one\ntwo\n\nthree"), uint8(4), uint8(2))
	f.Add([]byte("2026-03-09 22:14:58 ERROR x\n\tat y\n2026-03-09 22:14:59 INFO z\n"), uint8(30), uint8(1))
	f.Add([]byte("2026-03-09T22:14:58Z stdout P a\n2026-03-09T22:14:58Z stderr F b\n2026-03-09T22:14:58Z stdout F c\n"), uint8(40), uint8(1))
	f.Add([]byte("\x00\x00\x00a\n\xff\xfe\r\n{\"a\":\n"), uint8(3), uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, chunk, maxRecords uint8) {
		if len(data) > 4096 {
			return
		}
		for _, profile := range []*logformat.Profile{nil, {}} {
			whole := drainPieces(t, data, 1<<20, 1<<20, profile)
			parts := drainPieces(t, data, int(chunk)+1, int(maxRecords)+1, profile)
			if profile == nil && !bytes.Contains(data, []byte(" std")) && !bytes.Contains(data, []byte("log")) && len(data) < 1024 {
				require.Equal(t, whole, parts)
			}
		}
	})
}

func TestEveryWordOfEveryLineIsInARecord(t *testing.T) {
	var in strings.Builder
	for i := range 300 {
		in.WriteString("word" + strings.Repeat("x", i%40) + " next\n")
	}
	for _, chunk := range []int{1, 7, 64, 4096} {
		got := drainPieces(t, []byte(in.String()), chunk, 10, &logformat.Profile{})
		require.Equal(t, strings.Fields(in.String()), strings.Fields(strings.Join(got, " ")))
	}
}
