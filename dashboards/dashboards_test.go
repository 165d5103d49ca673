package dashboards_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/dashboards"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	var names []string
	for _, d := range dashboards.All() {
		names = append(names, filepath.Join("generated", d.FileName()))
		have, err := os.ReadFile(filepath.Join("generated", d.FileName()))
		require.NoError(t, err)
		require.Equal(t, string(d.JSON()), string(have), "go generate ./dashboards writes %s anew", d.FileName())
	}
	have, err := filepath.Glob("generated/*.json")
	require.NoError(t, err)
	require.ElementsMatch(t, names, have, "a file without a dashboard")
}

func TestShippedDashboardsAreClean(t *testing.T) {
	for _, d := range dashboards.All() {
		for _, p := range dashboards.Lint(d.FileName(), d.JSON(), dashboards.Emitted()) {
			assert.Fail(t, p.String())
		}
	}
}

// The whole of PromQL's parser reads every query: what the lint of the binary is too small to see.
func TestEveryPromQLParses(t *testing.T) {
	fill := strings.NewReplacer("$__rate_interval", "1m", "$__range", "1h", "$__interval", "1m", "${series:raw}", `job="a"`)
	p := parser.NewParser(parser.Options{})
	queries := 0
	for _, d := range dashboards.All() {
		check := func(where string, ds *dashboards.DataSource, expr string) {
			if ds == nil || ds.Type != "prometheus" {
				return
			}
			queries++
			_, err := p.ParseExpr(fill.Replace(expr))
			assert.NoError(t, err, "%s: %s: %s", d.FileName(), where, expr)
		}
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				check(panel.Title, target.DataSource, target.Expr)
			}
		}
		for _, a := range d.Annotations.List {
			check(a.Name, &a.DataSource, a.Expr)
		}
	}
	require.Greater(t, queries, 100)
}

// A person at night reads the first row: it has numbers only, and the number of panels is small.
func TestFirstRowAnswers(t *testing.T) {
	uids := map[string]bool{}
	for _, d := range dashboards.All() {
		require.False(t, uids[d.UID], "%s twice", d.UID)
		uids[d.UID] = true
		require.True(t, strings.HasSuffix(d.Description, "?"), "%s asks a question", d.UID)
		require.LessOrEqual(t, len(d.UID), 40, "Grafana's limit")
		require.Equal(t, "row", d.Panels[0].Type, d.UID)
		require.True(t, strings.HasSuffix(d.Panels[0].Title, "?"), "%s: the first row asks a question", d.UID)
		numbers := 0
		for _, p := range d.Panels[1:] {
			if p.Type != "stat" {
				break
			}
			numbers++
		}
		require.GreaterOrEqual(t, numbers, 4, d.UID)
		require.LessOrEqual(t, len(d.Panels), 26, "%s is more than a person reads", d.UID)
	}
}

func TestLinksToEachOtherKeepTimeAndVariables(t *testing.T) {
	for _, d := range dashboards.All() {
		require.Len(t, d.Links, 1)
		require.True(t, d.Links[0].KeepTime && d.Links[0].IncludeVars, d.UID)
		require.Contains(t, d.Tags, d.Links[0].Tags[0])
	}
}

func TestChooseDataSources(t *testing.T) {
	boards := dashboards.All()
	require.NoError(t, dashboards.Choose(boards, map[string]string{"prometheus": "mimir", "tempo": "jaeger:traces"}))
	type variable struct {
		Name, Type, Query string
		Current           struct{ Value string }
	}
	var services struct {
		Templating struct{ List []json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(dashboards.Find(boards, "tidewatch-services").JSON(), &services))
	found := map[string]variable{}
	for _, raw := range services.Templating.List {
		var v variable
		if json.Unmarshal(raw, &v) == nil { // those of queries have other types
			found[v.Name] = v
		}
	}
	require.Equal(t, "mimir", found["prometheus"].Current.Value)
	require.Equal(t, "prometheus", found["prometheus"].Query)
	require.Equal(t, "traces", found["tempo"].Current.Value)
	require.Equal(t, "jaeger", found["tempo"].Query)
	require.ErrorContains(t, dashboards.Choose(boards, map[string]string{"grafite": "x"}), `no dashboard has a data source "grafite"`)
	require.Nil(t, dashboards.Find(boards, "other"))
}
