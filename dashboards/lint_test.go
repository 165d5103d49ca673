package dashboards_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/dashboards"
)

// A dashboard of somebody's, with nothing wrong.
const good = `{
  "uid": "shop", "title": "Shop", "description": "Is the shop open?",
  "templating": {"list": [
    {"type": "datasource", "name": "ds", "query": "prometheus"},
    {"type": "datasource", "name": "loki", "query": "loki"},
    {"type": "datasource", "name": "es", "query": "elasticsearch"},
    {"type": "query", "name": "host", "datasource": {"type": "prometheus", "uid": "$ds"}, "query": "label_values(system_cpu_logical_count, host_name)"}
  ]},
  "panels": [
    {"id": 1, "type": "timeseries", "title": "A", "description": "d", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}, "datasource": {"type": "prometheus", "uid": "${ds}"},
     "fieldConfig": {"defaults": {"unit": "none"}, "overrides": [{"matcher": {"id": "byName", "options": "up"}, "properties": [{"id": "custom.fillBelowTo", "value": "low"}]}]},
     "targets": [{"refId": "A", "expr": "sum(rate(system_cpu_time_seconds_total{host_name=\"$host\", state!=\"idle\"}[$__rate_interval]))", "legendFormat": "up"},
                 {"refId": "B", "expr": "tidewatch_baseline_lower{any=\"x\"}", "legendFormat": "low"}]},
    {"id": 2, "type": "logs", "title": "B", "description": "d", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 8}, "datasource": {"type": "loki", "uid": "${loki}"},
     "targets": [{"refId": "A", "expr": "{service_name=\"shop\"} |~ ` + "`a{2}`" + `"}]},
    {"id": 3, "type": "logs", "title": "C", "description": "d", "gridPos": {"x": 0, "y": 8, "w": 12, "h": 8}, "datasource": {"type": "elasticsearch", "uid": "${es}"},
     "targets": [{"refId": "A", "query": "service.name:shop AND NOT (message:\"a(b\" OR x:y)"}]}
  ]
}`

func TestLint(t *testing.T) {
	require.Empty(t, dashboards.Lint("shop.json", []byte(good), dashboards.Emitted()))
	for _, c := range []struct{ name, old, replaced, want string }{
		{"json", `"uid": "shop",`, `"uid": "shop"`, "shop.json: this is no dashboard: line 2, column"},
		{"type", `"uid": "shop"`, `"uid": 7`, "shop.json: this is no dashboard: line 2, column"},
		{"no title", `"title": "Shop"`, `"title": ""`, "shop.json: the dashboard has no title"},
		{"no uid", `"uid": "shop"`, `"uid": ""`, "shop.json: the dashboard has no uid"},
		{"no question", `"description": "Is the shop open?"`, `"x": 1`, "shop.json: the dashboard has no description"},
		{"inputs", `"uid": "shop"`, `"__inputs": [{}], "uid": "shop"`, "__inputs ask a person"},
		{"panel title", `"title": "A"`, `"title": ""`, `panel 1: it has no title`},
		{"panel description", `"title": "A", "description": "d"`, `"title": "A"`, `panel 1 "A": it has no description`},
		{"unit", `"unit": "none"`, `"min": 0`, `panel 1 "A": it has no unit`},
		{"query twice", `"refId": "B"`, `"refId": "A"`, `panel 1 "A": two queries are called "A"`},
		{"no query", `"targets": [{"refId": "A", "query"`, `"x": [{"refId": "A", "query"`, `panel 3 "C": it has no query`},
		{"overlap", `"x": 12, "y": 0`, `"x": 11, "y": 7`, `panel 2 "B": it covers panel 1 "A"`},
		{"outside", `"x": 12, "y": 0`, `"x": 13, "y": 0`, `panel 2 "B": gridPos is outside of the 24 columns`},
		{"id twice", `"id": 2`, `"id": 1`, `panel 1 "B": it has the id 1 of panel 1 "A"`},
		{"fixed source", `"uid": "${loki}"`, `"uid": "P8E80F9AEF21F6940"`, `panel 2 "B": its data source "P8E80F9AEF21F6940" is not a variable`},
		{"old source", `"datasource": {"type": "loki", "uid": "${loki}"}`, `"datasource": "Loki"`, `panel 2 "B": its data source "Loki" is not a variable`},
		{"other type", `"type": "loki", "uid": "${loki}"`, `"type": "loki", "uid": "${ds}"`, `its data source is of the type loki, but the variable ds is of the type prometheus`},
		{"no source variable", `"type": "loki", "uid": "${loki}"`, `"type": "loki", "uid": "${host}"`, `its data source is the variable host, which is not of the type datasource`},
		{"undeclared", `\"$host\"`, `\"$node\"`, "the variable node is used and not declared"},
		{"unused", `\"$host\"`, `\"x\"`, "the variable host is declared and not used"},
		{"declared twice", `"name": "es"`, `"name": "loki"`, "the variable loki is declared twice"},
		{"bracket", `[$__rate_interval]))`, `[$__rate_interval])`, `panel 1 "A" query A: PromQL: '(' is not closed`},
		{"function", `sum(rate(`, `sum(rat(`, "there is no function rat"},
		{"quote", `state!=\"idle\"`, `state!=\"idle`, "PromQL: the quote"},
		{"unquoted", `state!=\"idle\"`, `state!=idle`, "the value of the label state must be in quotes"},
		{"operator", `state!=\"idle\"`, `state==\"idle\"`, "the value of the label state must be in quotes"},
		{"metric", `system_cpu_time_seconds_total`, `system_cpu_time_total`, "the agent emits no system_cpu_time_total"},
		{"label", `state!=`, `status!=`, "system_cpu_time_seconds_total has no label status"},
		{"metric of a variable", `label_values(system_cpu_logical_count`, `label_values(system_cpus`, "variable host: the agent emits no system_cpus"},
		{"fill below", `"value": "low"`, `"value": "lower"`, `panel 1 "A": fillBelowTo names "lower"`},
		{"override", `"options": "up"`, `"options": "uup"`, `an override is for "uup"`},
		{"logql", `{service_name=\"shop\"}`, `{}`, "LogQL: {} selects no stream"},
		{"logql bracket", `{service_name=\"shop\"}`, `{service_name=\"shop\"`, "LogQL: '{' is not closed"},
		{"logql selector", `{service_name=\"shop\"} |~ ` + "`a{2}`", `foo`, "there is no selector of streams"},
		{"lucene", `AND NOT (`, `AND NOT ((`, "Lucene: '(' is not closed"},
		{"lucene operator", `AND NOT (`, `AND OR (`, `Lucene: "AND OR" joins nothing`},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, good, c.old)
			got := lint(strings.Replace(good, c.old, c.replaced, 1))
			require.Contains(t, strings.Join(got, "\n"), c.want)
		})
	}
}

func lint(board string) []string {
	var lines []string
	for _, p := range dashboards.Lint("shop.json", []byte(board), dashboards.Emitted()) {
		lines = append(lines, p.String())
	}
	return lines
}

// What an application sends is none of the agent's business, and still worth a word.
func TestHints(t *testing.T) {
	got := dashboards.Lint("shop.json", []byte(strings.Replace(good, "system_cpu_time_seconds_total", "shop_orders_total", 1)), dashboards.Emitted())
	require.Len(t, got, 1)
	require.True(t, got[0].Hint)
	require.Equal(t, `shop.json: panel 1 "A" query A: hint: the agent emits no shop_orders_total; it must come from elsewhere`, got[0].String())
}

// Grafana's API wraps a dashboard.
func TestLintWrapped(t *testing.T) {
	require.Empty(t, lint(`{"dashboard": `+good+`, "overwrite": true}`))
}

func TestLintLinks(t *testing.T) {
	link := func(url string) []string {
		quoted, err := json.Marshal(url)
		require.NoError(t, err)
		return lint(strings.Replace(good, `"unit": "none"`, `"unit": "none", "links": [{"title": "L", "url": `+string(quoted)+`}]`, 1))
	}
	require.Empty(t, link("https://wiki.example/shop"))
	require.Empty(t, link("/d/tidewatch-host?var-host=${__field.labels.host_name}&from=${__from}"))
	require.Contains(t, link("/d/tidewatch-hosts?x=y")[0], "leads to the dashboard tidewatch-hosts, which there is not")
	require.Contains(t, link("/d/tidewatch-host?var-pod=x")[0], "sets pod, a variable that Host does not have")
	require.Empty(t, link("/d/tidewatch-host?${host:queryparam}"))
	require.Contains(t, link("/d/tidewatch-host?var-host=${host:queryparam}")[0], "already is a whole parameter")
	require.Contains(t, link("/d/tidewatch-host?${loki:queryparam}")[0], "sets loki, a variable that Host does not have")
	require.Contains(t, link(`/explore?left={}`)[0], "is none to Explore with schemaVersion=1")
	require.Contains(t, link(`/explore?schemaVersion=1&panes={`)[0], "are no JSON")
	require.Contains(t, link(`/explore?schemaVersion=1&panes={"a":{"datasource":"uid","queries":[]}}`)[0], "that is not a variable")
	require.Contains(t, strings.Join(link(`/explore?schemaVersion=1&panes={"a":{"datasource":"${loki}","queries":[{"datasource":{"type":"loki","uid":"${loki}"},"expr":"{a"}]}}`), "\n"), "is not closed")
}

// Whatever a file holds, Lint comes back with words.
func FuzzLint(f *testing.F) {
	f.Add([]byte(good))
	for _, d := range dashboards.All() {
		f.Add(d.JSON())
	}
	f.Add([]byte(`{"panels":[{"targets":[{"datasource":{"type":"prometheus"},"expr":"${"}]}]}`))
	f.Fuzz(func(_ *testing.T, data []byte) { dashboards.Lint("f", data, dashboards.Emitted()) })
}
