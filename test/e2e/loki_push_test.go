//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// tenantOfLoki sends requests for one tenant.
type tenantOfLoki struct{ base, tenant string }

// count asks Loki how many lines a query finds.
func (l tenantOfLoki) count(query string, since time.Time) (int, error) {
	q := url.Values{"query": {fmt.Sprintf("sum(count_over_time(%s[%ds]))", query, int(time.Since(since).Seconds())+60)}}
	body, err := l.get("/loki/api/v1/query?" + q.Encode())
	if err != nil {
		return 0, err
	}
	v, err := vectorSum(body)
	return int(v), err
}

func (l tenantOfLoki) get(path string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, l.base+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Scope-OrgID", l.tenant)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("ask Loki: %s %s", resp.Status, body)
	}
	return body, err
}

// batchOf is the lines of several services of one tenant.
type batchOf struct{ logs plog.Logs }

func newBatchOf() batchOf { return batchOf{plog.NewLogs()} }

// add appends n lines of a service, from a time on.
func (b batchOf) add(tenant, service string, n int, from time.Time) plog.LogRecordSlice {
	rl := b.logs.ResourceLogs().AppendEmpty()
	for k, v := range map[string]string{"team": tenant, "service.name": service, "k8s.pod.name": service + "-0", "k8s.namespace.name": "shop"} {
		rl.Resource().Attributes().PutStr(k, v)
	}
	all := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := all.AppendEmpty()
		r.SetTimestamp(pcommon.NewTimestampFromTime(from.Add(time.Duration(i))))
		r.SetSeverityNumber(plog.SeverityNumberWarn)
		r.SetTraceID(pcommon.TraceID{1, 15: byte(i)})
		r.Body().SetStr(fmt.Sprintf("line %d of %s", i, service))
		r.Attributes().PutInt("number", int64(i))
	}
	return all
}

// post sends the batch as one request of OTLP.
func (b batchOf) post(t *testing.T, a *agent) {
	t.Helper()
	body, err := plogotlp.NewExportRequestFromLogs(b.logs).MarshalProto()
	require.NoError(t, err)
	resp, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/v1/logs", a.http), "application/x-protobuf", bytes.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

// lokiLedger is the delivery ledger's line of the exporter.
func (a *agent) lokiLedger() (delivery.Exporter, error) {
	samples, err := selfmetrics.Scrape(a.t.Context(), http.DefaultClient, fmt.Sprintf("http://127.0.0.1:%d/metrics", a.telemetry))
	if err != nil {
		return delivery.Exporter{}, err
	}
	for _, e := range delivery.Draw(samples).Exporters {
		if e.ID == "loki" {
			return e, nil
		}
	}
	return delivery.Exporter{}, fmt.Errorf("no exporter loki in the ledger")
}

// What Loki refuses is counted to the line, by reason, and costs no other line: lines too
// far behind, and streams beyond a tenant's limit, neither of which Loki tells of in
// its answer to a push of several streams.
func TestLokiRefusesLinesAndStreams(t *testing.T) {
	loki := startBackend(t, "loki", "LOKI_AUTH=true", "LOKI_OVERRIDES=small: {max_global_streams_per_user: 3}")
	a := newAgent(t)
	a.exportTo("", loki.url, "")
	a.set = append(a.set, "exporters::loki::tenant_id=everybody", "exporters::loki::tenant_attribute=team",
		"exporters::loki::stream_limit_wait=1s", "exporters::loki::retry_on_failure::initial_interval=200ms", "exporters::loki::retry_on_failure::max_interval=1s")
	a.start()
	begin := time.Now().Add(-4 * time.Hour)
	now := time.Now().Add(-time.Second)

	// Labels and metadata.
	b := newBatchOf()
	b.add("large", "cart", 50, now)
	b.post(t, a)
	large, small := tenantOfLoki{loki.url, "large"}, tenantOfLoki{loki.url, "small"}
	eventually := func(want int, l tenantOfLoki, query string) {
		t.Helper()
		got, err := 0, error(nil)
		require.Eventuallyf(t, func() bool { got, err = l.count(query, begin); return err == nil && got == want }, time.Minute, 200*time.Millisecond,
			"%s of %s", query, l.tenant)
	}
	eventually(50, large, `{service_name="cart", k8s_namespace_name="shop"}`)
	eventually(1, large, `{service_name="cart"} | trace_id="01000000000000000000000000000007" | k8s_pod_name="cart-0" | level="warn" | number=7`)
	labels, err := large.get(fmt.Sprintf("/loki/api/v1/labels?start=%d", begin.UnixNano()))
	require.NoError(t, err)
	require.NotContains(t, string(labels), "pod")
	require.NotContains(t, string(labels), "trace_id")

	// Out of order: half an hour late is taken; two hours are refused, and go to a stream of
	// their hour. (Of three hours ago Loki finds only what it has flushed.)
	b = newBatchOf()
	b.add("large", "cart", 20, now.Add(-30*time.Minute))
	b.add("large", "checkout", 10, now)
	b.post(t, a)
	eventually(70, large, `{service_name="cart"}`)
	b = newBatchOf()
	b.add("large", "cart", 20, now.Add(-2*time.Hour))
	b.add("large", "checkout", 10, now.Add(time.Millisecond))
	b.post(t, a)
	eventually(20, large, `{service_name="checkout"}`)
	eventually(20, large, `{service_name="cart", tidewatch_late!=""}`)

	// More streams than the tenant may have, some of them known.
	for range 2 {
		b = newBatchOf()
		for i := range 5 {
			b.add("small", fmt.Sprintf("worker-%d", i), 10, now)
		}
		b.add("large", "cart", 30, now.Add(time.Second))
		b.post(t, a)
	}
	eventually(30, small, `{service_name=~"worker-.*"}`)
	eventually(120, large, `{service_name="cart"}`)

	require.EventuallyWithT(t, func(c *assert.CollectT) {
		e, err := a.lokiLedger()
		require.NoError(c, err)
		require.Equal(c, map[string]float64{"stream_limit": 40}, e.Dropped)
		require.Zero(c, e.Queued)
		require.Zero(c, e.Unaccounted)
	}, time.Minute, 200*time.Millisecond)
	require.NoError(t, a.stop())
}
