package alerts

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func demo(t *testing.T) Ledger {
	t.Helper()
	l, err := Load(os.DirFS("testdata/ledger"))
	require.NoError(t, err)
	return l
}

var drills = []Drill{
	{Date: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Passed: true, Causes: []string{"HostDown"}, Alerts: 500, Notifications: 2},
	{Date: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Causes: []string{"HostDown", "DiskFull"}, Alerts: 500, Notifications: 9},
}

func TestRender(t *testing.T) {
	files, err := demo(t).Render(Options{Drills: drills})
	require.NoError(t, err)
	golden(t, "testdata/rendered", files)
	again, err := demo(t).Render(Options{Drills: drills})
	require.NoError(t, err)
	require.Equal(t, files, again)
}

// TestGenerated keeps what is committed for people who only want the files.
func TestGenerated(t *testing.T) {
	l, err := Shipped()
	require.NoError(t, err)
	files, err := l.Render(Options{})
	require.NoError(t, err)
	golden(t, "generated", files)
}

// golden compares a tree of files; with -update it becomes what it should be.
func golden(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.RemoveAll(dir))
		for name, text := range files {
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o644))
		}
	}
	var have []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, err := filepath.Rel(dir, path)
			require.NoError(t, err)
			have = append(have, filepath.ToSlash(name))
		}
		return err
	}))
	const hint = "run `go test ./alerts -run 'Render|Generated' -update`"
	require.Len(t, have, len(files), "%s: %s", dir, hint)
	for _, name := range have {
		want, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(files[name]), "%s/%s: %s", dir, name, hint)
	}
}

func TestRenderOfNothing(t *testing.T) {
	files, err := Ledger{}.Render(Options{})
	require.NoError(t, err)
	require.Len(t, files, 2)
	require.Contains(t, string(files["book/index.html"]), "There are no rules")
}

func TestCompileNamesTheKey(t *testing.T) {
	for want, trigger := range map[string]string{
		":1:1: type is \"\": write static":              "",
		":3:10: expr is missing":                        "trigger: {type: static}",
		":3:17: type is \"other\"":                      "trigger: {type: other}",
		":3:42: source is \"mimir\"":                    "trigger: {type: static, expr: a, source: mimir}",
		":3:10: metric is missing":                      "trigger: {type: dynamic}",
		":3:48: direction is \"left\": write up":        "trigger: {type: dynamic, metric: a, direction: left}",
		":3:45: a dynamic rule needs the baselines":     "trigger: {type: dynamic, metric: a, source: loki}",
		":3:34: change is \"other\": write one of new,": "trigger: {type: pattern, change: other}",
		":3:33: objective is 100":                       "trigger: {type: slo, objective: 100}",
		":3:10: good and total are needed":              "trigger: {type: slo, objective: 99}",
	} {
		l, err := Load(ledgerFS(map[string]string{"rules/a/One.yaml": "id: One\ngroup: a\n" + trigger}))
		require.NoError(t, err)
		_, err = l.Rules[0].Compile()
		require.ErrorContains(t, err, "rules/a/One.yaml"+want)
	}
}

func TestBurnRatesAreThoseOfTheWorkbook(t *testing.T) {
	r, ok := demo(t).Rule("ShopErrors")
	require.True(t, ok)
	c, err := r.Compile()
	require.NoError(t, err)
	require.Len(t, c.Recordings, 7)
	require.Contains(t, c.Alertings[0].Expr, `rate1h{slo="ShopErrors"} > 0.0144 and tidewatch:slo_errors:ratio_rate5m{slo="ShopErrors"} > 0.0144`)
	require.Contains(t, c.Alertings[0].Expr, `rate6h{slo="ShopErrors"} > 0.006 and`)
	require.Contains(t, c.Alertings[1].Expr, `rate1d{slo="ShopErrors"} > 0.003 and`)
	require.Contains(t, c.Alertings[1].Expr, `rate3d{slo="ShopErrors"} > 0.001 and`)
}
