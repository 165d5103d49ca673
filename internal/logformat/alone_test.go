package logformat_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// What stands alone at a glance does so for the joiner too.
func TestALineThatStandsAloneIsNotJoined(t *testing.T) {
	files, err := filepath.Glob("testdata/logs/*.log")
	require.NoError(t, err)
	var lines []string
	for _, path := range files {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		lines = append(lines, strings.Split(string(b), "\n")...)
	}
	lines = append(lines, "2026-03-09T22:14:58.123Z INFO one", "2026-03-09 22:14:58 two", "Mar  9 22:14:58 web-1 sshd[812]: three", "Mar 19 22:14:58 four", `ts=2026-03-09T22:14:58.123Z level=info msg=five`, `time="2026-03-09 22:14:58" level=info msg=six`, `{"a":{`, `{"a":{"b":1}}`, "{", "}")
	rng := rand.New(rand.NewPCG(5, 6))
	alone := 0
	for range 6000 {
		var sample []string
		for range 1 + rng.IntN(12) {
			sample = append(sample, lines[rng.IntN(len(lines))])
		}
		var p logformat.Profile
		p.Observe(sample)
		for range 10 {
			line, next := mutate(rng, lines), mutate(rng, lines)
			if !p.Alone(line, next) {
				continue
			}
			alone++
			j := logformat.NewJoiner(&p)
			j.Continues(line)
			require.True(t, j.Complete() || !j.Continues(next), "%q\n%q", line, next)
		}
	}
	require.Positive(t, alone)
}
