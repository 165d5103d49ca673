package logformat_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

func TestLogsBecomeTheRecordsOfTheirGoldenFiles(t *testing.T) {
	logs, err := filepath.Glob("testdata/logs/*.log")
	require.NoError(t, err)
	for _, path := range logs {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f, err := os.Open(path)
			require.NoError(t, err)
			defer f.Close()
			var out []byte
			sum, err := logformat.Read(f, logformat.FormatAuto, func(e logformat.Event) error {
				out = append(e.AppendJSON(out, e.First, e.Last), '\n')
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, strings.Count(string(out), "\n"), sum.Records)
			golden := strings.TrimSuffix(path, ".log") + ".golden"
			if *update {
				require.NoError(t, os.WriteFile(golden, out, 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), string(out))
		})
	}
}

func TestReadStopsAtTheFirstErrorOfTheConsumer(t *testing.T) {
	full := errors.New("disk is full")
	calls := 0
	_, err := logformat.Read(strings.NewReader("a\nb\nc\n"), logformat.FormatAuto, func(logformat.Event) error {
		calls++
		return full
	})
	require.ErrorIs(t, err, full)
	require.Equal(t, 1, calls)
}

func TestADateWithoutAYearIsTheLatestThatHasBeen(t *testing.T) {
	now := time.Date(2026, 1, 1, 6, 0, 0, 0, time.UTC)
	for line, want := range map[string]string{
		"Dec 31 23:59:59 web-1 cron[1]: x": "2025-12-31T23:59:59",
		"Jan  1 05:00:00 web-1 cron[1]: x": "2026-01-01T05:00:00",
		"Jan  2 01:00:00 web-1 cron[1]: x": "2026-01-02T01:00:00",
		"Feb 28 01:00:00 web-1 cron[1]: x": "2025-02-28T01:00:00",
	} {
		_, err := logformat.ReadWith(strings.NewReader(line), logformat.ReadOptions{Now: now}, func(e logformat.Event) error {
			require.Equal(t, want, string(e.Time.AppendRFC3339(nil)))
			return nil
		})
		require.NoError(t, err)
	}
}

func TestReadCountsWhatItMade(t *testing.T) {
	sum, err := logformat.Read(strings.NewReader("2026-03-09 22:14:58 INFO a\n\tb\n2026-03-09 22:14:59 caf\xe9\n"), logformat.FormatAuto, func(logformat.Event) error { return nil })
	require.NoError(t, err)
	require.Equal(t, logformat.Summary{Lines: 3, Records: 2, Joined: 1, Invalid: 1, FirstInvalid: 3, NoLevel: 1, Formats: map[string]int{"plain": 2}}, sum)
}

func TestReadSaysWhatItCouldNotRead(t *testing.T) {
	in := "{\"a\":1}\n{\"a\":\n{\"b\":2}\nlast\x00line\n\n" + strings.Repeat("x", 17<<20)
	var bodies []string
	sum, err := logformat.Read(strings.NewReader(in), logformat.FormatAuto, func(e logformat.Event) error {
		bodies = append(bodies, e.Body)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 2}, [2]int{sum.Broken, sum.FirstBroken})
	require.Equal(t, [2]int{1, 6}, [2]int{sum.Cut, sum.FirstCut})
	require.Len(t, bodies, 5)
	require.Equal(t, "last line", bodies[3])
}

// Every line lies in exactly one record, or is blank: of white space, and of the NULs that
// a crash leaves.
func FuzzReadAccountsForEveryLine(f *testing.F) {
	logs, err := filepath.Glob("testdata/logs/*.log")
	require.NoError(f, err)
	for _, path := range logs {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, in string) {
		lines := strings.Split(in, "\n")
		first, last := map[int]bool{}, map[int]bool{}
		_, err := logformat.Read(strings.NewReader(in), logformat.FormatPlain, func(e logformat.Event) error {
			require.False(t, first[e.First], "a line begins one record")
			require.False(t, last[e.Last], "a line ends one record")
			first[e.First], last[e.Last] = true, true
			return nil
		})
		require.NoError(t, err)
		inside := false
		for i, line := range lines {
			inside = inside || first[i+1]
			require.True(t, inside || strings.TrimSpace(strings.ReplaceAll(line, "\x00", " ")) == "", "line %d is in no record", i+1)
			inside = inside && !last[i+1]
		}
	})
}
