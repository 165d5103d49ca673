package lokiexporter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// server is a real Loki, test/backends/loki.sh starts one.
func server(t *testing.T) string {
	t.Helper()
	u := os.Getenv("TIDEWATCH_TEST_LOKI_URL")
	if u == "" {
		t.Skip("TIDEWATCH_TEST_LOKI_URL is not set: no real Loki to test against")
	}
	return u
}

// found is one line of a query's answer.
type found struct{ time, line string }

// query returns the lines that logql finds in the last six hours, waiting for at
// least that many.
func query(t *testing.T, base, logql string, atLeast int) []found {
	t.Helper()
	defer http.DefaultClient.CloseIdleConnections()
	var out []found
	ask := func() bool {
		q := url.Values{"query": {logql}, "limit": {"5000"}, "start": {fmt.Sprint(time.Now().Add(-6 * time.Hour).UnixNano())}, "end": {fmt.Sprint(time.Now().Add(time.Minute).UnixNano())}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/loki/api/v1/query_range?"+q.Encode(), http.NoBody)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		require.Equal(t, http.StatusOK, resp.StatusCode)
		var answer struct {
			Data struct {
				Result []struct {
					Values [][2]string `json:"values"`
				} `json:"result"`
			} `json:"data"`
		}
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		out = nil
		for _, s := range answer.Data.Result {
			for _, v := range s.Values {
				out = append(out, found{v[0], v[1]})
			}
		}
		return len(out) >= atLeast
	}
	for deadline := time.Now().Add(15 * time.Second); !ask() && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
	}
	return out
}

// named gives the records of a test a host of its own.
func named(ld plog.Logs) string {
	host := fmt.Sprintf("h%d", time.Now().UnixNano())
	for _, rl := range ld.ResourceLogs().All() {
		rl.Resource().Attributes().PutStr("host.name", host)
	}
	return host
}

func TestRealServerStoresLines(t *testing.T) {
	base := server(t)
	e := start(t, direct(base), nil)
	from := time.Now().Add(-time.Minute)
	ld := records(4000, from)
	host := named(ld)
	traced := ld.ResourceLogs().At(1).ScopeLogs().At(0).LogRecords().At(7)
	traced.SetTraceID(pcommon.TraceID{0xab, 15: 1})
	traced.SetSeverityNumber(plog.SeverityNumberFatal)
	for range 2 { // as after a lost answer
		require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	}
	selector := `{host_name="` + host + `"}`
	require.Len(t, query(t, base, selector, 4000), 4000, "Loki keeps what it has already once")
	require.Len(t, query(t, base, `{host_name="`+host+`", service_name="service-0"}`, 2000), 2000)
	got := query(t, base, selector+` | trace_id="ab000000000000000000000000000001"`, 1)
	require.Equal(t, []found{{fmt.Sprint(traced.Timestamp().AsTime().UnixNano()), traced.Body().Str()}}, got, "to the nanosecond")
	require.Len(t, query(t, base, selector+` | detected_level="fatal"`, 1), 1)
	require.Len(t, query(t, base, selector+` | level="error"`, 3999), 3999)
	require.Len(t, query(t, base, selector+` | n=42 | k8s_pod_name="pod-1"`, 1), 1)
}

func TestRealServerTakesLinesOutOfOrder(t *testing.T) {
	base := server(t)
	e := start(t, direct(base), nil)
	later, earlier := records(100, time.Now()), records(100, time.Now().Add(-10*time.Minute))
	host := named(later)
	for _, rl := range earlier.ResourceLogs().All() {
		rl.Resource().Attributes().PutStr("host.name", host)
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), later))
	require.NoError(t, e.ConsumeLogs(t.Context(), earlier))
	require.Len(t, query(t, base, `{host_name="`+host+`"}`, 200), 200)
}

func TestRealServerTakesLinesTooFarBehind(t *testing.T) {
	base := server(t)
	tel := telemetry(t)
	e := start(t, direct(base), tel)
	now, before := oneStream(10, time.Now()), oneStream(30, time.Now().Add(-150*time.Minute))
	host := named(now) // nothing is older than three hours: Loki does not look for that in what it has not flushed
	for i, r := range before.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		r.SetTimestamp(r.Timestamp() + pcommon.Timestamp(i%2)*pcommon.Timestamp(time.Hour))
	}
	before.ResourceLogs().At(0).Resource().Attributes().PutStr("host.name", host)
	require.NoError(t, e.ConsumeLogs(t.Context(), now))
	for range 2 {
		require.NoError(t, e.ConsumeLogs(t.Context(), before))
	}
	require.Empty(t, dropped(t, tel))
	require.Len(t, query(t, base, `{host_name="`+host+`", tidewatch_late=""}`, 10), 10)
	require.Len(t, query(t, base, `{host_name="`+host+`", tidewatch_late!=""}`, 30), 30)
}

func TestRealServerKeepsTheValidPart(t *testing.T) {
	base := server(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	cfg := direct(base)
	cfg.MaxLineSize = 1 << 20 // more than Loki takes
	e := start(t, cfg, tel)
	ld := records(10, time.Now().Add(-time.Second))
	host := named(ld)
	all := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	all.At(0).SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-30 * 24 * time.Hour)))
	all.At(1).SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(24 * time.Hour)))
	all.At(2).Body().SetStr(strings.Repeat("x", 300<<10))
	all.At(3).Body().SetStr(strings.Repeat("x", 300<<10)) // and too old
	all.At(3).SetTimestamp(all.At(0).Timestamp())
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Len(t, query(t, base, `{host_name="`+host+`"}`, 7), 7)
	require.Len(t, query(t, base, `{host_name="`+host+`"} | tidewatch_line_cut_bytes="45056"`, 1), 1, "cut to what Loki says it takes")
	require.Equal(t, map[string]int64{"too_old": 2, "too_new": 1}, dropped(t, tel))
}

func TestRealServerTakesTheLargestLinesThatTheDefaultsAllow(t *testing.T) {
	base := server(t)
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	e := start(t, direct(base), tel)
	ld := records(10, time.Now().Add(-time.Second))
	host := named(ld)
	for _, rl := range ld.ResourceLogs().All() {
		for _, r := range rl.ScopeLogs().At(0).LogRecords().All() {
			r.Body().SetStr(strings.Repeat("x", 400<<10))
			for i := range 200 {
				r.Attributes().PutStr(fmt.Sprintf("attribute.%d", i), strings.Repeat("y", 2000))
			}
		}
	}
	require.NoError(t, e.ConsumeLogs(t.Context(), ld))
	require.Empty(t, dropped(t, tel))
	require.Len(t, query(t, base, `{host_name="`+host+`"} | tidewatch_line_cut_bytes="147456"`, 10), 10)
}
