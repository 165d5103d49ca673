package casefile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/casefile"
	"github.com/tidewatch/tidewatch/rootcause"
)

const start = 1_800_000_000

// traces writes requests that shop makes of stock, which takes millis.
func traces(n int, at int64, millis int64, logs string) (spans, lines string) {
	var s, l strings.Builder
	for i := range n {
		begin := at*1e9 + int64(i)*1e9
		jitter := int64(i%7) * 1e5
		span := func(id, parent int, service, operation, kind string, from, d int64) {
			fmt.Fprintf(&s, `{"trace_id":"t%d-%d","span_id":%d,"parent_id":%d,"service":%q,"pod":"%s-1","operation":%q,"kind":%q,"start_unix_ns":%d,"duration_ns":%d}`+"\n",
				at, i, id, parent, service, service, operation, kind, begin+from, d)
		}
		took := millis*1e6 + jitter
		span(1, 0, "shop", "GET /order", "server", 0, took+5e6+jitter)
		span(2, 1, "shop", "reserve", "client", 1e6, took+2e6)
		span(3, 2, "stock", "POST /reserve", "server", 2e6, took)
		fmt.Fprintf(&l, `{"time_unix_ns":%d,"service":"stock","pod":"stock-1","severity":"INFO","body":%q,"trace_id":"t%d-%d"}`+"\n", begin+3e6, logs, at, i)
	}
	return s.String(), l.String()
}

func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestTracesAndLines(t *testing.T) {
	pastSpans, pastLines := traces(200, start-1000, 20, "reserved 3 items")
	spans, lines := traces(40, start, 400, "pool exhausted")
	dir := write(t, t.TempDir(), map[string]string{
		"case/case.json": `{"window":{"start_unix":1800000000,"end_unix":1800000100},
			"history":{"spans":"../past/spans.jsonl","logs":"../past/logs.jsonl"}}`,
		"past/spans.jsonl": pastSpans, "past/logs.jsonl": pastLines,
		"case/spans.jsonl": spans, "case/logs.jsonl": lines,
	})
	in, err := casefile.Read(filepath.Join(dir, "case"))
	require.NoError(t, err)
	suspects := rootcause.Analyze(in)
	require.Equal(t, "stock", suspects[0].Service)
	require.Equal(t, "POST /reserve", suspects[0].Operation)
	require.Greater(t, suspects[0].Confidence, 0.8)
	channels := map[rootcause.Channel]bool{}
	for _, c := range suspects[0].Clues {
		channels[c.Channel] = true
	}
	require.True(t, channels[rootcause.OwnTime], suspects[0].Clues)
	require.True(t, channels[rootcause.LogLines], suspects[0].Clues)
}

func TestMetricsAndGraph(t *testing.T) {
	var past, now strings.Builder
	past.WriteString("time_unix,service,node,latency_avg_s,requests,availability_pct\n")
	now.WriteString(past.String())
	row := func(w *strings.Builder, at int, service string, latency float64, requests int) {
		fmt.Fprintf(w, "%d,%s,%s_node,%g,%d,100\n", at, service, service, latency, requests)
	}
	for i := range 100 {
		wobble := float64(i%5) * 0.001
		row(&past, start-60_000+300*i, "front", 0.1+wobble, 500)
		row(&past, start-60_000+300*i, "stock", 0.02+wobble, 500)
		row(&past, start-60_000+300*i, "cart", 0.02+wobble, 500)
	}
	for i, slow := range []float64{0, 0.3, 0.3} {
		row(&now, start-300+300*i, "front", 0.1+slow, 500)
		row(&now, start-300+300*i, "stock", 0.02+slow, 500)
		row(&now, start-300+300*i, "cart", 0.02, 500)
	}
	dir := write(t, t.TempDir(), map[string]string{
		"case.json":   `{"window":{"start_unix":1800000000,"end_unix":1800000600},"history":{"metrics":"past.csv","graph":"graph.csv"}}`,
		"past.csv":    past.String(),
		"metrics.csv": now.String(),
		"graph.csv":   "caller,callee\nfront_node,stock_node\nfront_node,cart_node\n",
	})
	in, err := casefile.Read(dir)
	require.NoError(t, err)
	suspects := rootcause.Analyze(in)
	require.Equal(t, "stock_node", suspects[0].Service)
	require.Equal(t, rootcause.SlowService, suspects[0].Fault)
	require.Greater(t, suspects[0].Confidence, rootcause.Unknown)
}

func TestErrorsNameTheFile(t *testing.T) {
	_, err := casefile.Read(t.TempDir())
	require.ErrorContains(t, err, "case.json")
	dir := write(t, t.TempDir(), map[string]string{"case.json": "{}", "spans.jsonl": "{"})
	_, err = casefile.Read(dir)
	require.ErrorContains(t, err, "spans.jsonl")
}
