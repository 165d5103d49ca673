package logformat_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// What a parser has read before must not change what it reads.
func TestAParserReadsEachLineAsAFreshOneDoes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	keys := []string{"time", "level", "msg", "ts", "message", "trace_id", "http", "a", "ab", `a\"b`, "a b", "", "log", "fields", "ä"}
	values := []string{`"2026-03-09T22:14:58Z"`, `"info"`, `"x"`, "1", "-1.5", "0.30000000000000004", "1e3", "true", "null", `{"level":"warn","a":{"b":[{"c":1},2]}}`, `{"id":"4bf92f3577b34da6a3ce929d0e0e4736"}`, `"4bf92f3577b34da6a3ce929d0e0e4736"`, `"a\nb"`}
	var old logformat.Parser
	line := func() string {
		var sb strings.Builder
		sb.WriteString("{")
		for i := range rng.IntN(12) {
			if i > 0 {
				sb.WriteString([]string{",", ", ", " ,"}[rng.IntN(3)])
			}
			key := keys[rng.IntN(len(keys))]
			if rng.IntN(20) == 0 {
				key = fmt.Sprint(rng.Uint32())
			}
			sb.WriteString(`"` + key + `"` + []string{":", ": ", " : "}[rng.IntN(3)] + values[rng.IntN(len(values))])
		}
		sb.WriteString("}")
		return sb.String()
	}
	recent := []string{line()}
	for range 20_000 {
		l := recent[rng.IntN(len(recent))]
		switch rng.IntN(4) {
		case 0:
			l = line()
			recent = append(recent, l)
			if len(recent) > 5 {
				recent = recent[1:]
			}
		case 1:
			l = mutate(rng, recent)
		}
		var fresh logformat.Parser
		var a, b logformat.Record
		old.Parse(l, logformat.FormatAuto, &a)
		fresh.Parse(l, logformat.FormatAuto, &b)
		require.Len(t, a.Fields, len(b.Fields), l)
		if len(a.Fields) == 0 {
			a.Fields, b.Fields = nil, nil
		}
		require.Equal(t, b, a, l)
	}
}
