package logpattern_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scripts")

var start = time.Unix(1772359200, 0)

// TestScripts runs testdata/scripts: lines after "mine" go through a new Miner;
// behind ---- are the patterns, the most frequent first.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			got := runScript(string(b))
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
				return
			}
			require.Equal(t, string(b), got)
		})
	}
}

func runScript(script string) string {
	var out strings.Builder
	var lines []string
	mining, skipping := false, false
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "mine":
			mining, lines = true, nil
		case line == "----" && mining:
			out.WriteString("----\n" + mine(lines))
			mining, skipping = false, true
			continue
		case mining:
			lines = append(lines, line)
		case skipping:
			if line == "" {
				skipping = false
				out.WriteString("\n")
			}
			continue
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func mine(lines []string) string {
	m := logpattern.New(logpattern.Options{})
	for i, line := range lines {
		m.Observe(line, start.Add(time.Duration(i)*time.Second))
	}
	var out strings.Builder
	for _, p := range m.Patterns() {
		fmt.Fprintf(&out, "%d %s\n", p.Count, p.Template)
	}
	return out.String()
}
