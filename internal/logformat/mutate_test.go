package logformat_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// Broken lines must neither stop the parser nor vanish in it.
func TestMutatedLinesAreRead(t *testing.T) {
	var lines []string
	files, err := filepath.Glob("testdata/logs/*.log")
	require.NoError(t, err)
	for _, path := range append(files, "testdata/lines.txt") {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		lines = append(lines, strings.Split(string(b), "\n")...)
	}
	rounds := 200_000
	if testing.Short() {
		rounds = 20_000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var p logformat.Parser
	var r logformat.Record
	var out []byte
	for range rounds {
		line := mutate(rng, lines)
		p.Parse(line, logformat.FormatAuto, &r)
		out = r.AppendJSON(out[:0], 1, 1)
		require.True(t, json.Valid(out), "%q", line)
	}
}

func mutate(rng *rand.Rand, lines []string) string {
	b := []byte(lines[rng.IntN(len(lines))])
	for range 1 + rng.IntN(4) {
		if len(b) == 0 {
			return ""
		}
		at := rng.IntN(len(b))
		switch rng.IntN(5) {
		case 0:
			b = b[:at]
		case 1:
			b = append(b[:at], b[min(at+1+rng.IntN(8), len(b)):]...)
		case 2:
			b[at] = byte(rng.IntN(256))
		case 3:
			b[at] = " []{}:=\"\\<>|,-./0T"[rng.IntN(18)]
		default: // the end of one and the beginning of another
			other := lines[rng.IntN(len(lines))]
			b = append(append([]byte(nil), other[rng.IntN(len(other)+1):]...), b[at:]...)
		}
	}
	return string(b)
}
