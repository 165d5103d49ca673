package otlpwire_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/otlpwire"
)

func message(t testing.TB, resources int) []byte {
	ld := plog.NewLogs()
	for i := range resources {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("host.name", fmt.Sprint("host-", i))
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(fmt.Sprint("line ", i))
	}
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return b
}

func bodies(t testing.TB, b []byte) []string {
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(b)
	require.NoError(t, err)
	var out []string
	for _, rl := range ld.ResourceLogs().All() {
		out = append(out, rl.ScopeLogs().At(0).LogRecords().At(0).Body().Str())
	}
	return out
}

func TestResourcesAreMessages(t *testing.T) {
	rest := message(t, 3)
	for i := range 3 {
		one, more, ok := otlpwire.Next(rest)
		require.True(t, ok)
		require.Equal(t, []string{fmt.Sprint("line ", i)}, bodies(t, one))
		rest = more
	}
	_, _, ok := otlpwire.Next(rest)
	require.False(t, ok)
}

func TestMessagesWrittenTogetherAreOne(t *testing.T) {
	b := append(message(t, 2), message(t, 1)...)
	require.True(t, otlpwire.Whole(b))
	require.Equal(t, []string{"line 0", "line 1", "line 0"}, bodies(t, b))
}

func TestPartsAreNotWhole(t *testing.T) {
	require.True(t, otlpwire.Whole(nil))
	b := message(t, 2)
	first, _, _ := otlpwire.Next(b)
	for n := range b {
		require.Equal(t, n == 0 || n == len(first), otlpwire.Whole(b[:n]), "the first %d bytes", n)
	}
	require.False(t, otlpwire.Whole([]byte("{}")))
	require.False(t, otlpwire.Whole([]byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}))
}

func FuzzWhole(f *testing.F) {
	f.Add(message(f, 2))
	f.Add([]byte{0x0a, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		left := b
		for {
			one, rest, ok := otlpwire.Next(left)
			if !ok {
				break
			}
			require.Equal(t, left, slices.Concat(one, rest))
			left = rest
		}
		require.Equal(t, len(left) == 0, otlpwire.Whole(b))
	})
}
