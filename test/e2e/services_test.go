//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// TestServices sends spans by all three protocols and finds their services in the table, in the graph, by
// the command and among the metrics.
func TestServices(t *testing.T) {
	a := newAgent(t)
	zipkin, jaeger := freeport.Port(), freeport.Port()
	a.set = append(a.set, "service::pipelines::traces::receivers=[otlp, zipkin, jaeger]", "connectors::red::interval=1s",
		fmt.Sprintf("receivers::zipkin::endpoint=127.0.0.1:%d", zipkin), fmt.Sprintf("receivers::jaeger::endpoint=127.0.0.1:%d", jaeger))
	a.start()
	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", jaeger), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	send := func(n int) {
		shop.requests(20)
		shop.flush()
		now := time.Now()
		// A call with an id that both sides share, of which one in two fails.
		body := fmt.Sprintf(`[
			{"traceId":"%[1]x","id":"2","kind":"CLIENT","name":"get","timestamp":%[2]d,"duration":30000,"localEndpoint":{"serviceName":"old-web"}},
			{"traceId":"%[1]x","id":"2","kind":"SERVER","shared":true,"name":"get","timestamp":%[2]d,"duration":20000,"localEndpoint":{"serviceName":"old-cart"}%[3]s}]`,
			now.UnixNano(), now.UnixMicro(), map[bool]string{true: `,"tags":{"error":"refused"}`}[n%2 == 0])
		resp, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/api/v2/spans", zipkin), "application/json", bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusAccepted, resp.StatusCode)
		_, err = api_v2.NewCollectorServiceClient(conn).PostSpans(t.Context(), &api_v2.PostSpansRequest{Batch: model.Batch{
			Process: model.NewProcess("old-jobs", nil),
			Spans: []*model.Span{{
				TraceID: model.NewTraceID(7, uint64(now.UnixNano())), SpanID: 1, OperationName: "nightly", StartTime: now, Duration: time.Second,
			}},
		}})
		require.NoError(t, err)
	}
	n := 0
	eventually(t, 2*time.Minute, "all services are in the table", func() error {
		n++
		send(n)
		var table struct {
			Services []struct {
				Service     string
				Calls       *float64
				LatencyMean *float64 `json:"latency_mean"`
			}
		}
		if err := a.api("/api/v1/services", &table); err != nil {
			return err
		}
		found := map[string]bool{}
		for _, s := range table.Services {
			found[s.Service] = s.Calls != nil && *s.Calls > 0 && s.LatencyMean != nil
		}
		for _, name := range []string{"shop", "old-cart", "old-jobs"} {
			if !found[name] {
				return fmt.Errorf("%s is not among %v", name, table.Services)
			}
		}
		return nil
	})
	eventually(t, 2*time.Minute, "the call is in the graph", func() error {
		n++
		send(n)
		var graph struct {
			Edges []struct {
				Client, Server   string
				Requests, Failed int
			}
		}
		if err := a.api("/api/v1/services/graph?service=old-cart", &graph); err != nil {
			return err
		}
		for _, e := range graph.Edges {
			if e.Client == "old-web" && e.Server == "old-cart" && e.Requests > 1 && e.Failed > 0 {
				return nil
			}
		}
		return fmt.Errorf("no such call among %v", graph.Edges)
	})
	var found struct{ Traces []struct{ ID string } }
	require.NoError(t, a.api("/api/v1/traces?service=old-cart&errors=1", &found))
	require.NotEmpty(t, found.Traces)
	out, _, code := tidewatch(t, a, "services", "--console-url", fmt.Sprintf("http://127.0.0.1:%d", a.console))
	require.Zero(t, code)
	require.Contains(t, out, "old-cart")
	eventually(t, 2*time.Minute, "the counts are metrics", func() error {
		_, page, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.metrics))
		if err != nil {
			return err
		}
		if got := sumSeries(page, "traces_span_metrics_calls_total", `service_name="shop"`, `span_kind="SPAN_KIND_SERVER"`); got < 20 {
			return fmt.Errorf("%v calls of shop", got)
		}
		return nil
	})
	require.NoError(t, a.stop())
}
