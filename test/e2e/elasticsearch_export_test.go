//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// esSend sends a request whose answer must be good.
func esSend(t *testing.T, method, url, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader([]byte(body)))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, 300, "%s %s: %s", method, url, text)
}

// esHas waits until a query finds n documents.
func esHas(t *testing.T, base string, n int, what string, fields map[string]any) []esDocument {
	t.Helper()
	var filter []any
	for field, value := range fields {
		filter = append(filter, map[string]any{"term": map[string]any{field: value}})
	}
	query := map[string]any{"bool": map[string]any{"filter": filter}}
	var docs []esDocument
	eventually(t, 2*time.Minute, what, func() error {
		var err error
		if docs, err = esSearch(base, query); err == nil && len(docs) != n {
			err = fmt.Errorf("%d of %d documents", len(docs), n)
		}
		return err
	})
	return docs
}

// ofDataset are n log records whose attribute n is an address, and n for which
// it is none.
func ofDataset(dataset string, n int) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("data_stream.dataset", dataset)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range 2 * n {
		r := records.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
		r.Body().SetStr(fmt.Sprintf("%s record %d", dataset, i))
		r.Attributes().PutStr("n", fmt.Sprintf("10.0.0.%d", i))
		if i >= n {
			r.Attributes().PutStr("n", "nowhere")
		}
	}
	return ld
}

func (a *agent) pushLogs(ld plog.Logs) {
	a.t.Helper()
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	require.NoError(a.t, err)
	resp, err := client.Post(fmt.Sprintf("http://127.0.0.1:%d/v1/logs", a.http), "application/x-protobuf", bytes.NewReader(body))
	require.NoError(a.t, err)
	defer resp.Body.Close()
	require.Equal(a.t, http.StatusOK, resp.StatusCode)
}

// What Elasticsearch refuses for a real conflict of mappings is kept in a data
// stream and in a file, and stored from there once the mapping is mended.
func TestElasticsearchRefusesAndTakesAfterAll(t *testing.T) {
	es := sharedBackend(t, "elasticsearch")
	lap := time.Now()
	step := func(what string) {
		t.Logf("%-40s %5.1f s", what, time.Since(lap).Seconds())
		lap = time.Now()
	}
	a := newAgent(t)
	a.exportTo(es.url, "", "")
	letters := filepath.Join(t.TempDir(), "letters.ndjson")
	sets := []string{
		"exporters::elasticsearch::dead_letter_file::path=" + letters, "exporters::elasticsearch::document_id=always",
		"exporters::elasticsearch::retry_on_failure::initial_interval=200ms",
		"service::pipelines::metrics/elasticsearch={receivers: [otlp], exporters: [elasticsearch]}",
	}
	a.set = append(a.set, sets...)
	dataset := "conflict" + randomHex(8)
	template := func(kind string) {
		t.Helper()
		esSend(t, http.MethodPut, es.url+"/_index_template/"+dataset, `{"index_patterns": ["logs-`+dataset+`-*"], "priority": 500, "data_stream": {},
			"template": {"mappings": {"properties": {"message": {"type": "keyword"}, "attributes": {"properties": {"n": {"type": "`+kind+`"}}}}}}}`)
	}
	template("ip")
	a.start()
	step("the agent is ready")
	a.pushLogs(ofDataset(dataset, 5))
	stream := es.url + "/logs-" + dataset + "-default"
	for _, d := range esHas(t, stream, 5, "records that fit the mapping", nil) {
		require.Contains(t, d.index, ".ds-logs-"+dataset, "the backing index of a data stream")
	}
	step("records that fit are there")
	for _, d := range esHas(t, es.url+"/logs-tidewatch.deadletter-default", 5, "dead letters", map[string]any{"error.type": "document_parsing_exception", "elasticsearch.index": "logs-" + dataset + "-default"}) {
		require.Contains(t, d.fields["event.original"], dataset+" record")
		require.Contains(t, d.fields["message"], "failed to parse field [attributes.n] of type [ip]")
	}
	eventually(t, time.Minute, "dropped records are counted", func() error {
		if n := a.own("tidewatch_exporter_dropped_items", `reason="document_parsing_exception"`); n != 5 {
			return fmt.Errorf("%v of 5", n)
		}
		return nil
	})
	text, err := os.ReadFile(letters)
	require.NoError(t, err)
	require.Equal(t, 5, bytes.Count(text, []byte("\n")))

	step("dead letters are there")
	// The mapping is mended, and the letters are sent again beside the running agent.
	template("keyword")
	esSend(t, http.MethodPost, stream+"/_rollover", "")
	args := []string{"queue", "replay", "--config", "builtin:host", "--config", a.config, "--dead-letter", letters}
	for _, s := range sets {
		args = append(args, "--set", s)
	}
	step("the mapping is mended")
	out, stderr, code := tidewatch(t, a, args...)
	require.Equal(t, 0, code, stderr)
	require.Contains(t, out, "5 dead letters: 5 stored, 0 were there already, 0 refused again, 0 not sent.")
	esHas(t, stream, 10, "all records", nil)
	step("letters are sent again")
	left, err := filepath.Glob(letters + "*")
	require.NoError(t, err)
	require.Empty(t, left)
	require.True(t, a.alive())
}

// A JSON line goes to its document as it is, metrics to documents by their
// attributes, and both are found by the names that programs gave.
func TestElasticsearchTakesMetricsAndJSONLines(t *testing.T) {
	es := sharedBackend(t, "elasticsearch")
	a := newAgent(t)
	a.exportTo(es.url, "", "")
	a.set = append(a.set, "service::pipelines::metrics/elasticsearch={receivers: [otlp], exporters: [elasticsearch]}")
	a.start()
	dataset := "shop" + randomHex(8)

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("data_stream.dataset", dataset)
	line := `{"time":"2026-11-20T10:00:00.000137Z","level":"ERROR","msg":"payment \"42\" failed","http":{"method":"PUT","status":500},"took":1.50}`
	rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(line)
	a.pushLogs(ld)
	found := esHas(t, es.url+"/logs-"+dataset+"-default", 1, "JSON line", map[string]any{"http.method": "PUT", "log.level": "error", "attributes.http.status": 500})
	require.Equal(t, `payment "42" failed`, found[0].fields["message"])
	require.Equal(t, "2026-11-20T10:00:00.000137000Z", found[0].fields["@timestamp"])
	require.Equal(t, "1.50", found[0].fields["attributes.took"], "digit by digit")

	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("data_stream.dataset", dataset)
	sm := rm.ScopeMetrics().AppendEmpty()
	now := pcommon.NewTimestampFromTime(time.Now())
	for _, name := range []string{"cart.items", "cart.value"} {
		m := sm.Metrics().AppendEmpty()
		m.SetName(name)
		points := m.SetEmptyGauge().DataPoints()
		for i, shop := range []string{"north", "south"} {
			p := points.AppendEmpty()
			p.SetTimestamp(now)
			p.Attributes().PutStr("shop", shop)
			p.SetIntValue(int64(i + 1))
		}
	}
	m := sm.Metrics().AppendEmpty()
	m.SetName("checkout.duration")
	h := m.SetEmptyHistogram().DataPoints().AppendEmpty()
	h.SetTimestamp(now)
	h.Attributes().PutStr("shop", "north")
	h.ExplicitBounds().FromRaw([]float64{1, 2})
	h.BucketCounts().FromRaw([]uint64{1, 2, 3})
	h.SetCount(6)
	for range 2 { // the second adds nothing
		a.pushOTLP(md)
	}
	stream := es.url + "/metrics-" + dataset + "-default"
	north := esHas(t, stream, 1, "metrics of one shop", map[string]any{"attributes.shop": "north", "cart.items": 1})
	require.Equal(t, "1", north[0].fields["metrics.cart.value"])
	require.Equal(t, "6", north[0].fields["metrics.checkout.duration.count"])
	var answer struct {
		Aggregations struct{ Total struct{ Value float64 } }
	}
	require.NoError(t, esPost(stream+"/_search", json.RawMessage(`{"size": 0, "aggs": {"total": {"sum": {"field": "cart.value"}}}}`), &answer))
	require.InDelta(t, 3, answer.Aggregations.Total.Value, 0)
	eventually(t, time.Minute, "points sent twice are counted", func() error {
		if n := a.own("tidewatch_exporter_repeated_items"); n < 5 {
			return fmt.Errorf("%v of 5", n)
		}
		return nil
	})
	esHas(t, stream, 2, "both shops", nil)
}
