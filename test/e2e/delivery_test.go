//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Everything that an application writes and sends is found, once and unchanged,
// by each backend's own query API.
func TestEverythingArrives(t *testing.T) {
	const lines, requests, shards, pushes = 2000, 500, 10, 20
	warmUp(t, "elasticsearch", "loki")
	es, loki := sharedBackend(t, "elasticsearch"), sharedBackend(t, "loki")
	a := newAgent(t)
	written := startBackend(t, "prometheus")
	scraped := startBackend(t, "prometheus", fmt.Sprintf("SCRAPE_TARGETS=127.0.0.1:%d", a.metrics))
	a.exportTo(es.url, loki.url, written.url)
	t.Logf("the agent is ready after %s", a.start().Round(10*time.Millisecond))

	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	orders, err := shop.meter.Int64Counter("shop.orders", metric.WithUnit("{order}"))
	require.NoError(t, err)
	depth, err := shop.meter.Float64Gauge("shop.queue.depth")
	require.NoError(t, err)
	latency, err := shop.meter.Float64Histogram("shop.latency", metric.WithUnit("s"))
	require.NoError(t, err)

	app.writeJSON(lines)
	app.writePlain(lines)
	shop.requests(requests)
	shop.flush()
	for i := range pushes {
		for s := range shards {
			orders.Add(t.Context(), 1, metric.WithAttributes(attribute.Int("shard", s)))
		}
		depth.Record(t.Context(), float64(100+i))
		latency.Record(t.Context(), 0.01*float64(i))
		shop.push()
		time.Sleep(50 * time.Millisecond) // Prometheus keeps milliseconds: each push needs its own
	}

	var table tally
	inES := app.arriveIn(t, &table, "Elasticsearch", func() (map[string]found, error) { return app.elasticsearch(es.url) })
	inLoki := app.arriveIn(t, &table, "Loki", func() (map[string]found, error) { return app.loki(loki.url) })

	// The backends count for themselves, too.
	n, err := esCount(es.url, app.esDocuments())
	require.NoError(t, err)
	table.row("Elasticsearch", "_count of all log records", len(app.sent), n)
	n, err = lokiCount(loki.url, app.lokiLines(), app.since())
	require.NoError(t, err)
	table.row("Loki", "count_over_time of all log records", len(app.sent), n)

	// A trace is found by its id, with its spans and its log record.
	table.eventually("Elasticsearch", "spans, by trace id", shop.spans, func() (int, error) { return esCount(es.url, esSpans(shop.traced)) })
	table.eventually("Elasticsearch", "spans and log records, by trace id", shop.spans+requests, func() (int, error) { return esCount(es.url, esTraces(shop.traced)) })
	byTrace := 0
	for _, id := range shop.traced[:20] {
		n, err := lokiCount(loki.url, fmt.Sprintf(`%s | trace_id=%q`, app.lokiLines(), id), app.since())
		require.NoError(t, err)
		byTrace += n
	}
	table.row("Loki", "log records, by trace id", 20, byTrace)

	// Every point that was sent was written with its time, and the page shows the
	// last ones.
	prometheus := func(name string, b *backend, query string, want int) {
		table.eventually(name, query, want, func() (int, error) {
			v, err := promQL(b.url, query)
			return int(v), err
		})
	}
	prometheus("Prometheus (written)", written, "sum(count_over_time(shop_orders_total[10m]))", pushes*shards)
	prometheus("Prometheus (written)", written, "sum(shop_orders_total)", pushes*shards)
	prometheus("Prometheus (written)", written, `sum(shop_orders_total{job="shop", shard="7"})`, pushes)
	prometheus("Prometheus (written)", written, "sum(shop_latency_seconds_count)", pushes)
	prometheus("Prometheus (written)", written, "sum(max_over_time(shop_queue_depth[10m]))", 100+pushes-1)
	prometheus("Prometheus (scraped)", scraped, "sum(shop_orders_total)", pushes*shards)
	prometheus("Prometheus (scraped)", scraped, `sum(shop_orders_total{shard="7"})`, pushes)
	prometheus("Prometheus (scraped)", scraped, "sum(shop_latency_seconds_count)", pushes)
	prometheus("Prometheus (scraped)", scraped, "sum(shop_queue_depth)", 100+pushes-1)
	samples, err := promSamples(written.url, "shop_queue_depth[10m]")
	require.NoError(t, err)
	table.row("Prometheus (written)", "points of shop_queue_depth with the time sent", pushes, sameTimes(shop.gaugeTimes, samples))
	// The agent's own measurements of the host go the same ways.
	for name, b := range map[string]*backend{"written": written, "scraped": scraped} {
		eventually(t, time.Minute, "host metrics are "+name, func() error {
			_, err := promQL(b.url, "system_cpu_utilization_ratio")
			return err
		})
	}
	table.print(t)

	require.Empty(t, app.differences(inES), "Elasticsearch")
	require.Empty(t, app.differences(inLoki), "Loki")
	require.NoError(t, a.stop())
}

// arriveIn waits until a backend has every record and adds a row per kind to
// the table.
func (a *application) arriveIn(t *testing.T, table *tally, backend string, ask func() (map[string]found, error)) map[string]found {
	t.Helper()
	var in map[string]found
	var err error
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(500 * time.Millisecond) {
		if in, err = ask(); err == nil && a.missing(in) == nil {
			break
		}
	}
	require.NoError(t, err, backend)
	if err := a.missing(in); err != nil {
		t.Errorf("%s: %v", backend, err)
	}
	got := map[string]int{}
	for key, f := range in {
		if f.copies > 1 && a.mayDouble[keyKind(key)] {
			f.copies = 1
		}
		got[keyKind(key)] += f.copies
	}
	for _, k := range [...]struct{ kind, what string }{
		{"json", "JSON log lines"}, {"plain", "plain log lines"}, {"refused", "lines of the flood"}, {"otlp", "OTLP log records"},
	} {
		if n := a.count(k.kind); n > 0 {
			table.row(backend, k.what, n, got[k.kind])
		}
	}
	return in
}

// sameTimes counts the times that are among the samples, to the millisecond.
func sameTimes(sent []time.Time, samples []int64) int {
	have := map[int64]bool{}
	for _, ms := range samples {
		have[ms] = true
	}
	n := 0
	for _, at := range sent {
		if have[at.UnixMilli()] {
			n++
		}
	}
	return n
}
