package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTally(t *testing.T) {
	c := newTally()
	require.Equal(t, fresh, c.add(0, 8))
	require.Equal(t, again, c.add(0, 8))
	require.Equal(t, twice, c.add(0, 10))
	require.Equal(t, 1, c.complete())
	c.add(100_000, 3)
	c.refuse(1)
	c.refuse(1)
	c.refuse(0) // is stored already
	require.Equal(t, count{Distinct: 2, Repeated: 1, Doubled: 1, Refused: 1}, c.count())
	require.Equal(t, 2, c.complete())
	missing, first, _ := c.missing(100_001)
	require.Equal(t, 100_001-3, missing)
	require.Equal(t, []int{2, 3, 4, 5, 6}, first)
	missing, _, _ = c.missing(2)
	require.Zero(t, missing)
	missing, first, _ = newTally().missing(3)
	require.Equal(t, 3, missing)
	require.Equal(t, []int{0, 1, 2}, first)
	require.Equal(t, count{Distinct: 3, Doubled: 2}, count{Distinct: 1, Doubled: 2}.plus(count{Distinct: 2}))
}

func TestWhatMayBeLeftOut(t *testing.T) {
	c := newLineTally()
	debug := 0
	for !isDebug(debug) {
		debug++
	}
	for n := range debug {
		c.add(n, 1)
	}
	c.add(debug+1, 1)
	require.Equal(t, debug+2, c.complete())
	missing, _, spared := c.missing(debug + 3)
	require.Equal(t, []int{1, 1}, []int{missing, spared})
}
