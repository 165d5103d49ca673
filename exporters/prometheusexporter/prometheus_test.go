package prometheusexporter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
)

// A real Prometheus that is configured to scrape TIDEWATCH_TEST_SCRAPE_ADDR
// gets every kind of metric, with exemplars.
func TestRealPrometheus(t *testing.T) {
	base, addr := os.Getenv("TIDEWATCH_TEST_PROMETHEUS_URL"), os.Getenv("TIDEWATCH_TEST_SCRAPE_ADDR")
	if base == "" || addr == "" {
		t.Skip("set TIDEWATCH_TEST_PROMETHEUS_URL, and TIDEWATCH_TEST_SCRAPE_ADDR to an address that this Prometheus scrapes with honor_labels")
	}
	e := exporterWith(t, func(c *Config) { c.NetAddr.Endpoint = addr })
	e.now = time.Now
	require.NoError(t, e.start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.shutdown(context.Background())) })
	require.NoError(t, e.consume(t.Context(), every()))
	ask := func(path string, args url.Values) string {
		_, body := get(t, strings.TrimSuffix(base, "/")+path+"?"+args.Encode(), nil)
		var got struct{ Data json.RawMessage }
		require.NoError(t, json.Unmarshal(body, &got), string(body))
		return string(got.Data)
	}
	for q, want := range map[string]string{
		`requests_total{job="checkout"}`:                               "42",
		`sum(queue_depth{job="checkout"})`:                             "-1.5",
		`request_duration_seconds_bucket{job="checkout",le="1.0"}`:     "3",
		`gc_pause_seconds{job="checkout",quantile="0.5"}`:              "0.1",
		`target_info{job="checkout",service_version="1.2"}`:            "1",
		`histogram_count(payload_bytes{job="checkout"})`:               "7",
		`histogram_sum(payload_bytes{job="checkout"})`:                 "20",
		`histogram_fraction(0, 2, payload_bytes{job="checkout"}) > .5`: "",
	} {
		require.Eventually(t, func() bool {
			got := ask("/api/v1/query", url.Values{"query": {q}})
			return strings.Contains(got, `"value":[`) && strings.Contains(got, want)
		}, time.Minute, 200*time.Millisecond, q)
	}
	exemplars := ask("/api/v1/query_exemplars", url.Values{
		"query": {`requests_total{job="checkout"}`}, "start": {fmt.Sprint(t0.Unix() - 1)}, "end": {fmt.Sprint(time.Now().Unix())},
	})
	require.Contains(t, exemplars, "01020300000000000000000000000000")
}
