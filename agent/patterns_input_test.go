package agent

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

func TestPatternsSinceReadsGzipAndYearlessDates(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte("Mar  9 10:00:00 host app[1]: started worker 1\nMar  9 12:00:00 host app[1]: stopped worker 2\n  in good order\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	file := filepath.Join(t.TempDir(), "app.log.gz")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	written := time.Date(2026, 3, 9, 12, 1, 0, 0, time.UTC)
	require.NoError(t, os.Chtimes(file, written, written))

	require.Contains(t, run(t, "", "patterns", file), "3 lines, 3 patterns")
	out := run(t, "", "patterns", "--since", "2026-03-09T11:00:00Z", file)
	require.Contains(t, out, "2 lines, 2 patterns")
	require.Contains(t, out, "[2026-03-09 12:00:00] Mar  9 12:00:00 host app[1]: stopped worker 2")

	_, err = execute(t, "patterns", "--since", "yesterday", file)
	require.ErrorContains(t, err, "--since yesterday: use a time")
}

func TestPatternsSeesEveryLine(t *testing.T) {
	long := strings.Repeat("x", 10*longestLine)
	out := run(t, "one\n\n"+long+"\nlast", "patterns", "--each")
	require.Equal(t, 4, strings.Count(out, "\n"), "empty lines, long ones and one without an end")
}

func TestProgress(t *testing.T) {
	var shown bytes.Buffer
	in := &patternInput{stdin: strings.NewReader(strings.Repeat("\n", progressEvery+5)), progress: &shown}
	n := 0
	require.NoError(t, in.lines("-", new(logformat.Clock), func(string) error { n++; return nil }))
	require.Equal(t, progressEvery+5, n)
	require.Contains(t, shown.String(), "-: 1 million lines")
}

func TestPatternsChanges(t *testing.T) {
	var b strings.Builder
	at := time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)
	for i := range 7200 {
		fmt.Fprintf(&b, "%d\tcart\torder %d paid\n", at.Add(time.Duration(i)*time.Second).UnixMilli(), i)
		if i >= 7000 && i < 7020 {
			fmt.Fprintf(&b, "%d\tcart\tERROR cannot reach 10.0.0.%d\n", at.Add(time.Duration(i)*time.Second).UnixMilli(), i%200)
		}
	}
	out := run(t, b.String(), "patterns", "--changes")
	require.Equal(t, 2, strings.Count(out, "\n"), out)
	require.Contains(t, out, `"kind":"info","line":7001,"template":"cannot reach <ip>"`)
	require.Contains(t, out, `"kind":"new"`)
	require.Empty(t, run(t, b.String(), "patterns", "--changes", "--since", "2026-03-09T11:58:00Z"))

	_, err := execute(t, "patterns", "--changes", filepath.Join("testdata", "nothing.tsv"))
	require.Error(t, err)
}
