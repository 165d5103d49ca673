package tracewindow_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/tracewindow"
)

// FuzzAssemble reads four bytes as a span: id, parent, kind and host, start.
func FuzzAssemble(f *testing.F) {
	f.Add([]byte{1, 0, 2, 10, 2, 1, 3, 20, 3, 2, 0x12, 30})
	f.Add([]byte{1, 2, 1, 0, 2, 3, 1, 0, 3, 1, 1, 0, 1, 1, 3, 0})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0})
	hosts := [...]*tracewindow.Resource{{Service: "a"}, {Service: "b", Host: "h1"}, {Service: "c", Host: "h2"}, {Service: "d", Host: "h1"}}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		var spans []tracewindow.Span
		for ; len(b) >= 4; b = b[4:] {
			spans = append(spans, tracewindow.Span{
				Trace: tracewindow.TraceID{1}, ID: tracewindow.SpanID(b[0]), ParentID: tracewindow.SpanID(b[1]), Kind: tracewindow.Kind(b[2] & 7),
				Resource: hosts[b[2]>>4&3], Start: int64(b[3]) << (b[0] & 31), Duration: int64(b[3]) * int64(b[1]),
			})
		}
		n := len(spans)
		tr := tracewindow.Assemble(tracewindow.TraceID{1}, spans, nil)
		require.Len(t, tr.Spans, n-tr.Duplicates)
		for i := range tr.Spans {
			s := &tr.Spans[i]
			require.Less(t, s.Parent, i, "parents come first")
			if s.Parent < 0 {
				require.Equal(t, -1, s.Parent)
				continue
			}
			if p := &tr.Spans[s.Parent]; s.ID != p.ID {
				require.Equal(t, s.ParentID, p.ID)
			}
		}
		if n > 0 {
			require.Equal(t, -1, tr.Spans[tr.Root()].Parent)
		}
	})
}
