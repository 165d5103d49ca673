package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)

func TestEveryLineHasItsNumber(t *testing.T) {
	for k, s := range streams {
		g := newShapes(1, k, 50)
		for n := range 500 {
			line := s.line(nil, n, noon, g)
			require.True(t, bytes.HasSuffix(line, []byte("\n")))
			stream, number, ok := findMark(line)
			require.True(t, ok, "%s", line)
			require.Equal(t, []int{k, n}, []int{stream, number})
			if s.name == "api" {
				require.True(t, json.Valid(line), "%s", line)
			}
		}
		require.Len(t, g.known, 24+10, "a new message now and then")
		require.Positive(t, g.deploys)
	}
	for _, wrong := range []string{"", "twq", "twqa00000000", "twqz0000000001x", "twqa000000000bx", "twqa0000000001y"} {
		_, _, ok := findMark([]byte(wrong))
		require.False(t, ok, wrong)
	}
	_, n, ok := findMark([]byte("twqtwqa0000000012x"))
	require.True(t, ok)
	require.Equal(t, 12, n)
}

// Whatever is rotated: while nothing has arrived, each line is in one file.
func TestRotationKeepsWhatHasNotArrived(t *testing.T) {
	for k := range streams {
		dir := t.TempDir()
		arrived := 0
		w, err := newWriter(dir, k, newShapes(1, k, 1000), func() int { return arrived })
		require.NoError(t, err)
		for range 6 {
			require.NoError(t, w.write(100, noon))
			require.NoError(t, w.rotate())
		}
		require.NoError(t, w.write(100, noon))
		for i := range w.old {
			if g := &w.old[i]; g.packed {
				require.NoError(t, <-g.packing)
				g.packing <- nil
			}
		}
		seen := map[int]int{}
		for line := range strings.SplitSeq(contents(t, dir), "\n") {
			if _, n, ok := findMark([]byte(line)); ok {
				seen[n]++
			}
		}
		require.Len(t, seen, 700, streams[k].name)
		for n, times := range seen {
			require.Equal(t, 1, times, "line %d of %s", n, streams[k].name)
		}
		arrived = 350
		require.NoError(t, w.clear())
		require.Len(t, w.old, 3, "three generations have arrived")
		require.NoError(t, w.close())
	}
}

func contents(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		var in io.Reader = f
		if strings.HasSuffix(file, ".gz") {
			in, err = gzip.NewReader(f)
			require.NoError(t, err)
		}
		_, err = io.Copy(&all, in)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	return all.String()
}

func TestWriteAllMovesTheClock(t *testing.T) {
	p := plan{Seconds: 1, Lines: 400, Rotate: 1}
	w, err := newWriter(t.TempDir(), 0, newShapes(1, 0, 1000), func() int { return 0 })
	require.NoError(t, err)
	c := &clock{}
	require.NoError(t, writeAll(t.Context(), &p, []*writer{w}, c))
	require.Equal(t, time.Second, c.now())
	require.Equal(t, 400, w.n)
	require.Len(t, w.old, 1)
	require.NoError(t, w.close())
}
