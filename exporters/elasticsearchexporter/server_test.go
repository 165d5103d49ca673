package elasticsearchexporter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

// server is a real Elasticsearch, test/backends/elasticsearch.sh starts one.
func server(t *testing.T) string {
	t.Helper()
	url := os.Getenv("TIDEWATCH_TEST_ELASTICSEARCH_URL")
	if url == "" {
		t.Skip("TIDEWATCH_TEST_ELASTICSEARCH_URL is not set: no real Elasticsearch to test against")
	}
	return url
}

// ask sends a request and decodes the answer.
func ask(t *testing.T, method, url string, body any) map[string]any {
	t.Helper()
	var content bytes.Buffer
	if body != nil {
		require.NoError(t, json.NewEncoder(&content).Encode(body))
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, &content)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	var m map[string]any
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&m))
	require.Less(t, resp.StatusCode, 300, "%v", m)
	return m
}

// hits returns the documents that a query finds in the streams.
func hits(t *testing.T, url, streams string, query map[string]any) []map[string]any {
	t.Helper()
	ask(t, http.MethodPost, url+"/"+streams+"/_refresh", nil)
	answer := ask(t, http.MethodPost, url+"/"+streams+"/_search?size=10000", map[string]any{"query": query, "fields": []string{"@timestamp"}})
	var out []map[string]any
	for _, h := range answer["hits"].(map[string]any)["hits"].([]any) {
		out = append(out, h.(map[string]any))
	}
	return out
}

// patient is direct for a server that is busy with other tests.
func patient(url string) *elasticsearchexporter.Config {
	cfg := retrying(url)
	cfg.ClientConfig.Timeout = time.Minute
	return cfg
}

func term(field string, value any) map[string]any {
	return map[string]any{"term": map[string]any{field: value}}
}

func TestRealServerStoresLogs(t *testing.T) {
	url := server(t)
	dataset := fmt.Sprintf("t%d", time.Now().UnixNano())
	cfg := patient(url)
	cfg.Dataset = dataset
	cfg.DocumentID = "always"
	e := startLogs(t, cfg, nil)
	for range 2 { // as after a lost answer
		require.NoError(t, e.ConsumeLogs(t.Context(), records(5000)))
		require.NoError(t, e.ConsumeLogs(t.Context(), everyKindOfLog()))
		require.NoError(t, e.ConsumeLogs(t.Context(), aFinding()))
	}
	streams := "logs-" + dataset + "-*"
	require.Len(t, hits(t, url, streams, term("host.name", "web-1")), 5002)

	found := hits(t, url, streams, term("trace.id", "ab000000000000000000000000000001"))
	require.Len(t, found, 1)
	require.Equal(t, "2026-11-21T12:00:00.123456789Z", found[0]["fields"].(map[string]any)["@timestamp"].([]any)[0], "to the nanosecond")
	require.Len(t, hits(t, url, streams, map[string]any{"match": map[string]any{"message": "payment"}}), 1)
	require.Len(t, hits(t, url, streams, term("log.level", "ERROR")), 1, "in any case")
	require.Len(t, hits(t, url, streams, term("attributes.a", 1)), 1)
	require.Len(t, hits(t, url, streams, term("attributes.a.b", "both a scalar and an object")), 1)
	require.Len(t, hits(t, url, streams, term("http.request.method", "GET")), 1, "attributes are found without their prefix too")
	require.Len(t, hits(t, url, streams, term("k8s.pod.name", "checkout-1")), 2)
	require.Len(t, hits(t, url, streams, term("log.pattern.id", "0123456789abcdef")), 1)
	require.Len(t, hits(t, url, streams, map[string]any{"bool": map[string]any{"filter": []any{
		term("event.name", "tidewatch.finding"), term("finding.kind", "metric_anomaly"), term("finding.metric.name", "system.cpu.utilization"),
		map[string]any{"range": map[string]any{"finding.score": map[string]any{"gte": 0.9}}},
		map[string]any{"range": map[string]any{"finding.start": map[string]any{"gte": "2026-11-21T12:00:00.123456789Z", "lte": "2026-11-21T12:00:00.123456789Z"}}},
	}}}), 1)

	mapping := ask(t, http.MethodGet, url+"/"+streams+"/_mapping", nil)
	for index := range mapping {
		require.Contains(t, index, ".ds-logs-", "a data stream's backing index")
	}
}

func TestRealServerBuriesAConflict(t *testing.T) {
	url := server(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	dataset := fmt.Sprintf("c%d", time.Now().UnixNano())
	// A stream of the user's own, whose mapping does not fit.
	ask(t, http.MethodPut, url+"/_index_template/"+dataset, map[string]any{
		"index_patterns": []string{"logs-" + dataset + "-*"}, "priority": 500, "data_stream": map[string]any{},
		"template": map[string]any{"mappings": map[string]any{"properties": map[string]any{"attributes": map[string]any{"properties": map[string]any{"n": map[string]any{"type": "ip"}}}}}},
	})
	cfg := patient(url)
	cfg.Dataset = dataset
	cfg.Namespace = dataset
	e := startLogs(t, cfg, tel)
	ld := records(10)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("n", "10.0.0.1")
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Equal(t, map[string]int64{"document_parsing_exception": 9}, dropped(t, tel))
	require.Len(t, hits(t, url, "logs-"+dataset+"-*", map[string]any{"match_all": map[string]any{}}), 1)
	letters := hits(t, url, "logs-tidewatch.deadletter-"+dataset, term("error.type", "document_parsing_exception"))
	require.Len(t, letters, 9)
	require.Contains(t, letters[0]["_source"].(map[string]any)["event.original"], `"message":"message `)
}

func TestRealServerStoresSpans(t *testing.T) {
	url := server(t)
	dataset := fmt.Sprintf("s%d", time.Now().UnixNano())
	cfg := patient(url)
	cfg.Dataset = dataset
	e, err := elasticsearchexporter.NewFactory().CreateTraces(t.Context(), exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(t, e.Shutdown(context.Background())) }()
	for range 2 {
		require.NoError(t, e.ConsumeTraces(t.Context(), someSpans()))
	}
	streams := "traces-" + dataset + "-*"
	require.Len(t, hits(t, url, streams, term("trace.id", "ab000000000000000000000000000001")), 2)
	require.Len(t, hits(t, url, streams, term("span.id", "cd00000000000002")), 1)
	require.Len(t, hits(t, url, streams, term("error.type", "IOException")), 1)
	require.Len(t, hits(t, url, streams, map[string]any{"range": map[string]any{"event.duration": map[string]any{"gte": 100000001}}}), 1)
	require.Len(t, hits(t, url, streams, map[string]any{"range": map[string]any{"http.response.status_code": map[string]any{"gte": 500}}}), 1)
}

func TestRealServerStoresMetrics(t *testing.T) {
	url := server(t)
	for _, mode := range []string{"ecs", "otel"} {
		cfg := patient(url)
		cfg.Dataset = fmt.Sprintf("m%d", time.Now().UnixNano())
		cfg.Mode = mode
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		e := startMetrics(t, cfg, tel)
		for range 2 { // as after a lost answer
			require.NoError(t, e.ConsumeMetrics(t.Context(), everyKindOfMetric()))
		}
		require.Empty(t, dropped(t, tel))
		streams := "metrics-" + cfg.Dataset + "-*"
		require.Len(t, hits(t, url, streams, term("host.name", "web-1")), 6, "once each; resource attributes are found without their prefix")
		require.Len(t, hits(t, url, streams, map[string]any{"bool": map[string]any{"filter": []any{
			term("attributes.state", "user"), map[string]any{"range": map[string]any{"metrics.system.cpu.utilization": map[string]any{"gt": 0.2, "lt": 0.3}}},
		}}}), 1)
		require.Len(t, hits(t, url, streams, map[string]any{"range": map[string]any{"gc.p99_9": map[string]any{"gte": 0.9}}}), 1, "and so are metrics")
		answer := ask(t, http.MethodPost, url+"/"+streams+"/_search?size=0", map[string]any{"aggs": map[string]any{"busiest": map[string]any{"max": map[string]any{"field": "system.cpu.utilization"}}}})
		require.InDelta(t, 0.75, answer["aggregations"].(map[string]any)["busiest"].(map[string]any)["value"], 1e-9)
	}
}

func TestRealServerStoresOTelDocuments(t *testing.T) {
	url := server(t)
	cfg := patient(url)
	cfg.Dataset = fmt.Sprintf("o%d", time.Now().UnixNano())
	cfg.Mode = "otel"
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	require.NoError(t, startLogs(t, cfg, tel).ConsumeLogs(t.Context(), everyKindOfLog()))
	e, err := elasticsearchexporter.NewFactory().CreateTraces(t.Context(), exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeTraces(t.Context(), someSpans()))
	require.NoError(t, e.Shutdown(t.Context()))
	require.Empty(t, dropped(t, tel))
	logs := "logs-" + cfg.Dataset + ".otel-*"
	require.Len(t, hits(t, url, logs, term("trace_id", "ab000000000000000000000000000001")), 1)
	require.Len(t, hits(t, url, logs, term("log.pattern.id", "0123456789abcdef")), 1)
	require.Len(t, hits(t, url, logs, term("severity_text", "error")), 1)
	require.Len(t, hits(t, url, logs, map[string]any{"match": map[string]any{"body.text": "payment"}}), 1)
	require.NotEmpty(t, hits(t, url, "logs-nginx_access.otel-*", term("body.structured.msg", "structured")))
	require.Len(t, hits(t, url, "traces-"+cfg.Dataset+".otel-*", map[string]any{"range": map[string]any{"duration": map[string]any{"gte": 100000001}}}), 1)
}

func TestRealServerTakesJSONLinesAsTheyAre(t *testing.T) {
	url := server(t)
	for _, mode := range []string{"ecs", "otel"} {
		cfg := patient(url)
		cfg.Dataset = fmt.Sprintf("r%d", time.Now().UnixNano())
		cfg.Mode = mode
		cfg.ClientConfig.Compression = "zstd" // which the server does not understand
		tel := componenttest.NewTelemetry()
		defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for _, line := range []string{
			`{"time":"2026-11-21T12:00:00.000137Z","level":"ERROR","msg":"Retrying request 44","http":{"method":"PUT","status":300},"dur_ms":431.5,"list":[1,{"a":null}],"host":"web-23"}`,
			`{"http":"now a scalar","dur_ms":"and now a string","host":{"name":"web-24"}}`,
		} {
			r := records.AppendEmpty()
			r.SetObservedTimestamp(1795262400000000000)
			r.Body().SetStr(line)
		}
		require.NoError(t, startLogs(t, cfg, tel).ConsumeLogs(t.Context(), ld))
		require.Empty(t, dropped(t, tel))
		streams := "logs-" + cfg.Dataset + "*"
		require.Len(t, hits(t, url, streams, term("http.method", "PUT")), 1)
		require.Len(t, hits(t, url, streams, term("attributes.http.status", 300)), 1)
		require.Len(t, hits(t, url, streams, term("http", "now a scalar")), 1)
		require.Len(t, hits(t, url, streams, map[string]any{"range": map[string]any{"dur_ms": map[string]any{"gte": 431.1}}}), 1)
		require.Len(t, hits(t, url, streams, map[string]any{"range": map[string]any{"@timestamp": map[string]any{"gte": "2026-11-21T12:00:00.0001Z"}}}), 1)
	}
}
