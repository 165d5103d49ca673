package logformat_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// Each line of testdata/programs has the layout of a program that hosts run, as
// its manual or source states it.
func TestLinesOfProgramsBecomeTheRecordsOfTheirGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/programs/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			in, err := os.ReadFile(path)
			require.NoError(t, err)
			var p logformat.Parser
			var r logformat.Record
			var out []byte
			for line := range strings.SplitSeq(strings.TrimSuffix(string(in), "\n"), "\n") {
				p.Parse(line, logformat.FormatAuto, &r)
				out = append(append(out, line...), "\n    "...)
				out = append(append(out, r.Format.String()...), ' ')
				out = append(r.AppendJSON(out, 1, 1), '\n')
			}
			golden := strings.TrimSuffix(path, ".txt") + ".golden"
			if *update {
				require.NoError(t, os.WriteFile(golden, out, 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(out))
		})
	}
}
