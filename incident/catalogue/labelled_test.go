package catalogue_test

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the shipped catalogue must reach on the labelled lines.
const (
	leastPrecision = .97
	leastRecall    = .90
)

// tally counts what became of labelled lines.
type tally struct {
	lines, coded  int // coded: those that have a code
	found, right  int
	wrong, missed []string
}

func (t *tally) count(want []string, got, line string) {
	t.lines++
	has := want[0] != "-"
	if has {
		t.coded++
	}
	if got != "" {
		t.found++
	}
	switch {
	case has && slices.Contains(want, got):
		t.right++
	case got != "":
		t.wrong = append(t.wrong, fmt.Sprintf("%s, not %s: %s", got, strings.Join(want, "|"), line))
	case has:
		t.missed = append(t.missed, fmt.Sprintf("%s: %s", strings.Join(want, "|"), line))
	}
}

func (t *tally) precision() float64 { return share(t.right, t.found) }
func (t *tally) recall() float64    { return share(t.right, t.coded) }

func share(part, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(part) / float64(of)
}

// held says that a line belongs to the half that is not looked at when matchers are
// changed: only the other half's faults are printed.
func held(line string) bool {
	h := fnv.New32a()
	h.Write([]byte(line))
	return h.Sum32()>>7&1 == 1
}

// The files of testdata/lines have a label and a log line in each line: the ids that
// are right for it, joined by |, or - for none.
func TestLabelledLines(t *testing.T) {
	files, err := filepath.Glob("testdata/lines/*.txt")
	require.NoError(t, err)
	m := shipped(t).Matcher()
	var all, visible, hidden tally
	var table strings.Builder
	row := func(name string, s *tally) {
		fmt.Fprintf(&table, "%-18s %6d %6d %10.3f %7.3f\n", name, s.lines, s.coded, s.precision(), s.recall())
	}
	fmt.Fprintf(&table, "%-18s %6s %6s %10s %7s\n", "software", "lines", "coded", "precision", "recall")
	for _, f := range files {
		var own tally
		for want, line := range labelled(t, f) {
			got, _ := m.Find(line)
			ids := strings.Split(want, "|")
			own.count(ids, got.ID, line)
			all.count(ids, got.ID, line)
			if held(line) {
				hidden.count(ids, got.ID, line)
			} else {
				visible.count(ids, got.ID, line)
			}
		}
		row(strings.TrimSuffix(filepath.Base(f), ".txt"), &own)
	}
	row("visible half", &visible)
	row("held half", &hidden)
	row("all", &all)
	t.Logf("\n%s\nwrong in the visible half:\n%s\nmissed in the visible half:\n%s", table.String(),
		strings.Join(visible.wrong, "\n"), strings.Join(visible.missed, "\n"))
	require.GreaterOrEqual(t, all.lines, 500)
	require.GreaterOrEqual(t, all.precision(), leastPrecision)
	require.GreaterOrEqual(t, all.recall(), leastRecall)
}

// labelled yields the label and the line of each line of a file.
func labelled(t testing.TB, path string) func(yield func(want, line string) bool) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	return func(yield func(want, line string) bool) {
		defer func() { require.NoError(t, f.Close()) }()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			want, line, ok := strings.Cut(lines.Text(), "\t")
			require.True(t, ok, "%s: %q has no label", path, lines.Text())
			if !yield(want, line) {
				return
			}
		}
		require.NoError(t, lines.Err())
	}
}
