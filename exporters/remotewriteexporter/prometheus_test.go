package remotewriteexporter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// query asks a real Prometheus and returns data.result.
func query(t *testing.T, base, path string, args ...string) []map[string]any {
	t.Helper()
	v := url.Values{}
	for i := 0; i < len(args); i += 2 {
		v.Set(args[i], args[i+1])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path+"?"+v.Encode(), http.NoBody)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var got struct {
		Status string
		Error  string
		Data   json.RawMessage
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&got))
	require.Equal(t, "success", got.Status, got.Error)
	var list []map[string]any
	if json.Unmarshal(got.Data, &list) == nil {
		return list
	}
	var data struct{ Result []map[string]any }
	require.NoError(t, json.Unmarshal(got.Data, &data))
	return data.Result
}

func TestRealPrometheus(t *testing.T) {
	base := strings.TrimSuffix(os.Getenv("TIDEWATCH_TEST_PROMETHEUS_URL"), "/")
	if base == "" {
		t.Skip("set TIDEWATCH_TEST_PROMETHEUS_URL to the URL of a Prometheus that runs with --web.enable-remote-write-receiver")
	}
	cfg := configFor(base)
	cfg.MaxSamplesPerRequest = 50
	cfg.DisableKeepAlives = true // idle connections would outlive the test
	e, tel := started(t, cfg)
	run := fmt.Sprint(time.Now().UnixNano())
	start := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	const series, times = 100, 10
	for i := range times {
		points := make([]point, series)
		for k := range points {
			points[k] = point{k: fmt.Sprint(run, "-", k), at: int(start.Sub(t0).Milliseconds()) + i*1000, v: 1}
		}
		require.NoError(t, push(t, e, sums(true, points...)))
	}
	at := fmt.Sprintf("%.3f", float64(start.UnixMilli())/1000+times-1)
	is := func(q, at string, want float64) {
		got := query(t, base, "/api/v1/query", "query", q, "time", at)
		require.Len(t, got, 1, q)
		require.Equal(t, fmt.Sprint(want), got[0]["value"].([]any)[1], q)
	}
	all := fmt.Sprintf(`n_total{k=~"%s-.*"}`, run)
	is(fmt.Sprintf("count(%s)", all), at, series)
	is(fmt.Sprintf("sum(count_over_time(%s[1h]))", all), at, series*times)
	is(fmt.Sprintf("sum(%s)", all), at, series*times)

	dist := distributions(pcommon.NewTimestampFromTime(start), false)
	dist.ResourceMetrics().At(0).Resource().Attributes().PutStr("service.name", run)
	require.NoError(t, push(t, e, dist))
	at = fmt.Sprintf("%.3f", float64(start.UnixMilli())/1000)
	sel := fmt.Sprintf("{job=%q}", run)
	is("lat_count"+sel, at, 6)
	is(fmt.Sprintf(`lat_bucket{job=%q,le="2.5"}`, run), at, 3)
	is("histogram_count(size"+sel+")", at, 6)
	is("histogram_sum(size"+sel+")", at, 12)
	is(fmt.Sprintf(`pause{job=%q,quantile="0.5"}`, run), at, 0.25)
	x := query(t, base, "/api/v1/query_exemplars", "query", "lat_bucket"+sel, "start", at, "end", fmt.Sprint(time.Now().Unix()))
	require.Len(t, x, 1)
	require.Contains(t, fmt.Sprint(x[0]["exemplars"]), "trace_id:01000000000000000000000000000000")

	stale := distributions(pcommon.NewTimestampFromTime(start.Add(time.Second)), true)
	stale.ResourceMetrics().At(0).Resource().Attributes().PutStr("service.name", run)
	require.NoError(t, push(t, e, stale))
	later := fmt.Sprintf("%.3f", float64(start.UnixMilli())/1000+1.5)
	require.Empty(t, query(t, base, "/api/v1/query", "query", fmt.Sprintf(`{job=%q}`, run), "time", later))
	require.Empty(t, dropped(t, tel))
}
