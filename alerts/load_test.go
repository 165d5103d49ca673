package alerts

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// ledger makes a file system of names and texts.
func ledgerFS(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func TestShipped(t *testing.T) {
	l, err := Shipped()
	require.NoError(t, err)
	r, ok := l.Rule("TidewatchDown")
	require.True(t, ok)
	require.True(t, r.Shipped)
	require.Equal(t, "rules/agent/TidewatchDown.yaml", r.File)
	require.Equal(t, Duration(5*time.Minute), r.Trigger.For)
	require.Contains(t, l.Runbooks[r.Runbook], "## Mitigation")
	require.Contains(t, l.Owners.Owners, r.Owner)
	require.Equal(t, Position{File: r.File, Line: 9, Column: 9}, r.Position("trigger.expr"))
	require.Equal(t, 8, r.Position("trigger.metric").Line, "a key that is not there stands where its parent does")
	require.Equal(t, Position{File: r.File, Line: 1, Column: 1}, r.Position("nothing"))
}

func TestLoadTellsEveryMistakeWithItsPlace(t *testing.T) {
	_, err := Load(ledgerFS(map[string]string{
		"rules/a/Wrong.yaml": "id: Wrong\ngroup: a\nownr: x\ntrigger:\n  for: soon\n  by: x\n  objective: much\nreview: May\ndisabled: perhaps\nlabels: [a]\nsummary: {a: b}\n",
		"rules/a/Other.yaml": "id: Othr\ngroup: a\n",
		"rules/a/Group.yaml": "id: Group\ngroup: b\n",
		"rules/a/Twice.yaml": "id: Twice\ngroup: a\nid: Twice\n",
		"rules/a/Empty.yaml": "",
		"rules/a/Two.yaml":   "id: Two\ngroup: a\n---\nid: Three\n",
		"rules/a/Ugly.yaml":  "id: Ugly\n  group: [\n",
		"rules/a/Same.yaml":  "id: Same\ngroup: a\n",
		"rules/b/Same.yaml":  "id: Same\ngroup: b\n",
		"rules/a/Alias.yaml": "id: &a Alias\ngroup: *a\n",
		"owners.yaml":        "owners: {x: {mail: a}}\n",
	}))
	for _, want := range []string{
		`rules/a/Wrong.yaml:3:1: unknown key "ownr": the file has id, group, owner,`,
		`rules/a/Wrong.yaml:5:8: trigger.for: "soon" is no duration`,
		`rules/a/Wrong.yaml:6:7: trigger.by must be a list`,
		`rules/a/Wrong.yaml:7:14: trigger.objective is "much": write a number`,
		`rules/a/Wrong.yaml:8:9: review is "May": write a day as 2027-05-01`,
		`rules/a/Wrong.yaml:9:11: disabled is "perhaps"`,
		`rules/a/Wrong.yaml:10:9: labels must be a mapping`,
		`rules/a/Wrong.yaml:11:10: summary must be a single value`,
		`rules/a/Other.yaml:1:5: id is "Othr" and the file is named after "Other"`,
		`rules/a/Group.yaml:2:8: group is "b" and the folder is "a"`,
		`rules/a/Twice.yaml:3:1: key "id" is there twice`,
		`rules/a/Empty.yaml:1:1: the file is empty`,
		`rules/a/Two.yaml:3:1: one document is one file`,
		`rules/a/Ugly.yaml:2:1: `,
		`rules/b/Same.yaml:1:5: id Same is also in rules/a/Same.yaml:1:5`,
		`rules/a/Alias.yaml:2:8: group: anchors and aliases are not used here`,
		`owners.yaml:1:14: unknown key "mail": owners.x has name, receivers,`,
	} {
		require.ErrorContains(t, err, want)
	}
	require.Len(t, strings.Split(err.Error(), "\n"), 17, "%s", err)
}

func TestLoadOfNothingIsEmpty(t *testing.T) {
	l, err := Load(ledgerFS(nil))
	require.NoError(t, err)
	require.Empty(t, l.Rules)
}

func TestOverride(t *testing.T) {
	shipped, err := Load(ledgerFS(map[string]string{
		"rules/a/One.yaml": "id: One\ngroup: a\nseverity: critical\n",
		"rules/a/Two.yaml": "id: Two\ngroup: a\n",
		"runbooks/One.md":  "one",
		"owners.yaml":      "default: x\nrunbook_url: https://r\nowners: {x: {name: X}, y: {name: Y}}\n",
	}))
	require.NoError(t, err)
	mine, err := Load(ledgerFS(map[string]string{
		"rules/b/One.yaml": "id: One\ngroup: b\nseverity: info\n",
		"rules/a/Two.yaml": "id: Two\ngroup: a\ndisabled: true\n",
		"runbooks/Two.md":  "two",
		"owners.yaml":      "owners: {y: {name: Z}}\n",
	}))
	require.NoError(t, err)
	both := shipped.Override(mine)
	require.Len(t, both.Rules, 2)
	one, _ := both.Rule("One")
	require.Equal(t, "info", one.Severity)
	require.Len(t, both.Enabled(), 1)
	require.Equal(t, map[string]string{"One.md": "one", "Two.md": "two"}, both.Runbooks)
	require.Equal(t, "x", both.Owners.Default)
	require.Equal(t, "https://r", both.Owners.RunbookURL)
	require.Equal(t, "X", both.Owners.Owners["x"].Name)
	require.Equal(t, "Z", both.Owners.Owners["y"].Name)
	require.Len(t, shipped.Rules, 2, "what is overridden stays as it was")
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "90s": 90 * time.Second, "5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "1w": 168 * time.Hour, "500ms": 500 * time.Millisecond,
	} {
		d, err := ParseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, Duration(want), d, text)
	}
	for _, text := range []string{"", "5", "m", "5 m", "-5m", "1m1h", "5x", "1m1m", "999999999y", "1.5h"} {
		_, err := ParseDuration(text)
		require.Error(t, err, text)
	}
	for want, d := range map[string]time.Duration{"0s": 0, "1m30s": 90 * time.Second, "30d": 720 * time.Hour, "1h30m": 90 * time.Minute, "1s500ms": 1500 * time.Millisecond} {
		require.Equal(t, want, Duration(d).String())
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("id: One\ngroup: a\ntrigger: {for: 5m, by: [a]}\nlabels: {a: b}\n")
	f.Add("a: &x [*x]\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Load(ledgerFS(map[string]string{"rules/a/One.yaml": text}))
		if err == nil {
			require.Len(t, l.Rules, 1)
			require.Equal(t, "One", l.Rules[0].ID)
		}
	})
}
