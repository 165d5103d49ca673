package dashboards

import (
	"bytes"
	"regexp"
	"strings"
)

// The uids never change: links and bookmarks hold them.
const (
	uidHost              = "tidewatch-host"
	uidNodes             = "tidewatch-kubernetes-nodes"
	uidPods              = "tidewatch-kubernetes-pods"
	uidServices          = "tidewatch-services"
	uidLogsLoki          = "tidewatch-logs-loki"
	uidLogsElasticsearch = "tidewatch-logs-elasticsearch"
	uidAnomalies         = "tidewatch-anomalies"
	uidIncidents         = "tidewatch-incidents"
	uidIncidentsElastic  = "tidewatch-incidents-elasticsearch"
	uidAgent             = "tidewatch-agent"
	uidPostgreSQL        = "tidewatch-postgresql"
	uidMySQL             = "tidewatch-mysql"
	uidNginx             = "tidewatch-nginx"
	uidRedis             = "tidewatch-redis"
	uidJVM               = "tidewatch-jvm"
)

// around shows ten minutes with the point that was clicked in the middle; Grafana
// that does not know time.window shows the time that was shown before.
const around = "from=${__from}&to=${__to}&time=${__value.time}&time.window=600000"

// sameTime shows the time that is shown now.
const sameTime = "from=${__from}&to=${__to}"

// toLogs leads from a point of a chart to the log lines around it, in either store.
// what are the variables that choose them, as var-service=${__field.labels.service_name}.
//
//go:noinline
func toLogs(what string) []DataLink {
	return []DataLink{
		{Title: "Logs around this point (Loki)", URL: dashboardURL(uidLogsLoki, what, around)},
		{Title: "Logs around this point (Elasticsearch)", URL: dashboardURL(uidLogsElasticsearch, what, around)},
	}
}

// rowToLogs leads from a row of a table to the log lines of the time that is shown.
//
//go:noinline
func rowToLogs(what string) []DataLink {
	return []DataLink{
		{Title: "Logs (Loki)", URL: dashboardURL(uidLogsLoki, what, sameTime)},
		{Title: "Logs (Elasticsearch)", URL: dashboardURL(uidLogsElasticsearch, what, sameTime)},
	}
}

// toDashboard leads to another dashboard, for the time that is shown.
//
//go:noinline
func toDashboard(title, uid, what string) DataLink {
	return DataLink{Title: title, URL: dashboardURL(uid, what, sameTime)}
}

//go:noinline
func dashboardURL(uid, what, when string) string {
	url := "/d/" + uid + "?"
	if what != "" {
		url += what + "&"
	}
	return url + when
}

// toTraces leads to the traces of a service that failed, to choose one.
//
//go:noinline
func toTraces(service string) DataLink {
	return DataLink{Title: "Traces with errors", URL: explore(tempo, map[string]any{
		"queryType": "traceql", "query": `{resource.service.name="` + service + `" && status=error}`, "limit": 20,
	})}
}

// toSlowTraces leads to the slowest traces of a service.
//
//go:noinline
func toSlowTraces(service string) DataLink {
	return DataLink{Title: "Slow traces", URL: explore(tempo, map[string]any{
		"queryType": "traceql", "query": `{resource.service.name="` + service + `" && duration>500ms}`, "limit": 20,
	})}
}

// toTrace leads to one trace.
//
//go:noinline
func toTrace(id string) DataLink {
	return DataLink{Title: "This trace", URL: explore(tempo, map[string]any{"queryType": "traceql", "query": id})}
}

// explore is a link to Grafana's Explore with one query, for the time that is shown.
func explore(ds DataSource, query map[string]any) string {
	query["refId"] = "A"
	query["datasource"] = ds
	panes := encode(map[string]any{"tw": map[string]any{
		"datasource": ds.UID, "queries": []any{query}, "range": map[string]string{"from": "${__from}", "to": "${__to}"},
	}}, "")
	return "/explore?schemaVersion=1&orgId=1&panes=" + escapeAround(string(bytes.TrimSpace(panes)))
}

var variableReference = regexp.MustCompile(`\$\{[^}]+\}`)

// escapeAround escapes a text for a URL, but for the variables in it, which Grafana replaces and escapes.
func escapeAround(s string) string {
	var b strings.Builder
	last := 0
	for _, at := range variableReference.FindAllStringIndex(s, -1) {
		escape(&b, s[last:at[0]])
		b.WriteString(s[at[0]:at[1]])
		last = at[1]
	}
	escape(&b, s[last:])
	return b.String()
}

func escape(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
}
