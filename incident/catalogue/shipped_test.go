package catalogue_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/incident/catalogue"
)

func shipped(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Load(catalogue.Shipped())
	require.NoError(t, err)
	return c
}

// Every runbook that an entry names exists, and every class has one.
func TestRunbooksExist(t *testing.T) {
	for _, e := range shipped(t).Entries() {
		require.FileExists(t, filepath.Join("..", "..", filepath.FromSlash(e.Runbook)), e.Source)
	}
	list, err := os.ReadFile("../../docs/catalogue.md")
	require.NoError(t, err)
	for _, c := range catalogue.Classes {
		require.FileExists(t, filepath.Join("..", "..", "docs", "runbooks", string(c.Class)+".md"))
		require.Contains(t, string(list), "runbooks/"+string(c.Class)+".md")
	}
}

// A matcher of an entry finds that entry: no other one takes it away.
func TestMatchersFindTheirEntry(t *testing.T) {
	c := shipped(t)
	m := c.Matcher()
	for _, e := range c.Entries() {
		for _, text := range e.Matchers {
			line := strings.ReplaceAll(text, "*", "x")
			if len(e.With) > 0 {
				line += " ... " + e.With[0]
			}
			got, ok := m.Find(line)
			require.True(t, ok, "%s: %s", e.Source, text)
			if got.ID != e.ID() {
				t.Errorf("%s: %q of %s finds %s", e.Source, text, e.ID(), got.ID)
			}
		}
	}
}
