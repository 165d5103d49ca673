package zipkinreceiver

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestASpanWithoutTime(t *testing.T) {
	now := time.Unix(1_750_000_000, 0)
	td, _, err := decode(strings.NewReader(`[{"traceId":"80f1da5e10147517","id":"b"}]`), now)
	require.NoError(t, err)
	rs := td.ResourceSpans().At(0)
	require.Zero(t, rs.Resource().Attributes().Len())
	s := rs.ScopeSpans().At(0).Spans().At(0)
	require.Equal(t, "000000000000000080f1da5e10147517", s.TraceID().String())
	require.Equal(t, "000000000000000b", s.SpanID().String())
	require.True(t, now.Equal(s.StartTimestamp().AsTime()))
	require.Equal(t, s.StartTimestamp(), s.EndTimestamp())
	require.Equal(t, map[string]any{attrNoTime: true}, s.Attributes().AsRaw())
}

func FuzzDecode(f *testing.F) {
	b, err := os.ReadFile("testdata/spans.json")
	require.NoError(f, err)
	f.Add(string(b))
	f.Add(`[{"traceId":"1","id":"2","timestamp":"1e15","duration":-5,"tags":{"a":[1,{"b":2}],"c":null}}]`)
	f.Add(`[{"traceId":"ffffffffffffffffffffffffffffffff","id":"ffffffffffffffff","timestamp":9223372036854775,"duration":9223372036854775}]`)
	now := time.Unix(1_750_000_000, 0)
	f.Fuzz(func(t *testing.T, s string) {
		td, _, err := decode(strings.NewReader(s), now)
		if err != nil {
			return
		}
		for _, rs := range td.ResourceSpans().All() {
			for _, span := range rs.ScopeSpans().At(0).Spans().All() {
				require.False(t, span.TraceID().IsEmpty() || span.SpanID().IsEmpty())
				require.GreaterOrEqual(t, span.EndTimestamp(), span.StartTimestamp())
				require.GreaterOrEqual(t, int64(span.EndTimestamp()), int64(0)) //nolint:gosec // what is tested
			}
		}
	})
}
