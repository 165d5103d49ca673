package otlpwire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/otlpwire"
)

// large encodes one resource with two scopes of n records each.
func large(t testing.TB, n int, record func(i int) string) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("host.name", "web-1")
	rl.SetSchemaUrl("https://example.org/resource")
	for _, scope := range []string{"first", "second"} {
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName(scope)
		sl.SetSchemaUrl("https://example.org/scope")
		for i := range n {
			r := sl.LogRecords().AppendEmpty()
			r.SetTimestamp(1)
			r.Body().SetStr(scope + " " + record(i))
		}
	}
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return b
}

func flat(t testing.TB, parts ...[]byte) []string {
	var out []string
	for _, p := range parts {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(p)
		require.NoError(t, err)
		for _, rl := range ld.ResourceLogs().All() {
			host, _ := rl.Resource().Attributes().Get("host.name")
			for _, sl := range rl.ScopeLogs().All() {
				for _, r := range sl.LogRecords().All() {
					out = append(out, strings.Join([]string{host.Str(), rl.SchemaUrl(), sl.Scope().Name(), sl.SchemaUrl(), r.Body().Str()}, " "))
				}
			}
		}
	}
	return out
}

func TestSplit(t *testing.T) {
	b := large(t, 200, func(i int) string { return fmt.Sprint("line ", i) })
	for _, most := range []int{1, 150, 1000, 5000, len(b) - 1, len(b)} {
		parts := otlpwire.Split(b, most)
		require.Equal(t, flat(t, b), flat(t, parts...), "order, resource and scope are kept")
		for _, p := range parts {
			require.True(t, len(p) <= most || len(flat(t, p)) == 1, "%d bytes of %d", len(p), most)
		}
	}
	require.Len(t, otlpwire.Split(b, len(b)), 1)
	two := otlpwire.Split(b, len(b)*3/4)
	require.Len(t, two, 2)
	require.Greater(t, len(two[1]), len(b)/3, "the parts are alike")
}

func TestSplitLeavesALargeRecordAlone(t *testing.T) {
	b := large(t, 3, func(i int) string { return strings.Repeat("x", 1000*i) })
	parts := otlpwire.Split(b, 1500)
	require.Len(t, parts, 4)
	require.Equal(t, flat(t, b), flat(t, parts...))
}

func FuzzSplit(f *testing.F) {
	f.Add(large(f, 3, func(int) string { return "line" }), 60)
	f.Add([]byte{0x0a, 3, 0x12, 1, 0}, 1)
	f.Fuzz(func(t *testing.T, b []byte, most int) {
		resource, _, ok := otlpwire.Next(b)
		if !ok {
			otlpwire.Split(b, most)
			return
		}
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(resource)
		if err != nil || most < 1 {
			otlpwire.Split(resource, most)
			return
		}
		n := 0
		for _, p := range otlpwire.Split(resource, most) {
			part, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(p)
			require.NoError(t, err)
			n += part.LogRecordCount()
		}
		require.Equal(t, ld.LogRecordCount(), n)
	})
}

func BenchmarkSplit(b *testing.B) {
	m := large(b, 2000, func(i int) string { return fmt.Sprint("a line of some length, number ", i) })
	b.SetBytes(int64(len(m)))
	b.ReportAllocs()
	for b.Loop() {
		otlpwire.Split(m, len(m)/2)
	}
}
