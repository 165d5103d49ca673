package attrhash_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/attrhash"
)

func mapOf(pairs ...any) pcommon.Map {
	m := pcommon.NewMap()
	for i := 0; i < len(pairs); i += 2 {
		if err := m.PutEmpty(pairs[i].(string)).FromRaw(pairs[i+1]); err != nil {
			panic(err)
		}
	}
	return m
}

func TestMap(t *testing.T) {
	m := mapOf("a", "x", "b", int64(1), "c", 1.5, "d", true)
	require.Equal(t, attrhash.Map(m), attrhash.Map(mapOf("d", true, "c", 1.5, "b", int64(1), "a", "x")))
	require.Zero(t, testing.AllocsPerRun(10, func() { attrhash.Map(m) }))
	seen := map[uint64]bool{}
	different := []pcommon.Map{
		mapOf(), m, mapOf("a", "b"), mapOf("b", "a"), mapOf("a", int64(1)), mapOf("a", "1"), mapOf("a", 1.0),
		mapOf("a", true), mapOf("a", false), mapOf("a", int64(0)), mapOf("a", []any{"x"}), mapOf("ab", ""), mapOf("a", ""),
	}
	for _, d := range different {
		seen[attrhash.Map(d)] = true
	}
	require.Len(t, seen, len(different))
	require.NotEqual(t, attrhash.Combine(1, 2), attrhash.Combine(2, 1))
}
