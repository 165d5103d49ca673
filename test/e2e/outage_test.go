//go:build e2e

package e2e

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A backend that is gone for half a minute loses nothing, and what was on its
// way is not doubled where the backend knows documents by their id.
func TestOutageLosesNothing(t *testing.T) {
	const outage = 30 * time.Second
	warmUp(t, "elasticsearch", "loki")
	es, loki, prom := sharedBackend(t, "elasticsearch"), sharedBackend(t, "loki"), startBackend(t, "prometheus")
	a := newAgent(t)
	a.exportTo(es.url, loki.url, prom.url)
	a.start()
	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	depth, err := shop.meter.Float64Gauge("shop.queue.depth")
	require.NoError(t, err)

	// run writes as a busy application does, for a time.
	run := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(250 * time.Millisecond) {
			app.now()
			app.writeJSON(25)
			app.writePlain(25)
			shop.requests(5)
			depth.Record(t.Context(), 100)
			shop.push()
		}
	}
	run(5 * time.Second)
	together(es.stop, loki.stop, prom.stop)
	t.Logf("stopped with %d records written", len(app.sent))
	run(outage)
	t.Logf("started again with %d records written", len(app.sent))
	restart(t, es, loki, prom)
	run(5 * time.Second)
	shop.flush()

	var table tally
	inES := app.arriveIn(t, &table, "Elasticsearch", func() (map[string]found, error) { return app.elasticsearch(es.url) })
	inLoki := app.arriveIn(t, &table, "Loki", func() (map[string]found, error) { return app.loki(loki.url) })
	table.eventually("Elasticsearch", "spans, by trace id", shop.spans, func() (int, error) { return esCount(es.url, esSpans(shop.traced)) })
	table.eventually("Prometheus", "points of shop_queue_depth with the time sent", len(shop.gaugeTimes), func() (int, error) {
		samples, err := promSamples(prom.url, "shop_queue_depth[10m]")
		return sameTimes(shop.gaugeTimes, samples), err
	})
	table.print(t)
	require.Empty(t, app.differences(inES), "Elasticsearch")
	require.Empty(t, app.differences(inLoki), "Loki")
	require.True(t, a.alive())
	require.NoError(t, a.stop())
}

// A crash with a backlog loses nothing: what was read is in the queues on disk,
// what was not is in the files. Documents with an id are not doubled.
func TestCrashLosesNothing(t *testing.T) {
	warmUp(t, "elasticsearch", "loki")
	es, loki := sharedBackend(t, "elasticsearch"), sharedBackend(t, "loki")
	a := newAgent(t)
	a.exportTo(es.url, loki.url, "")
	a.start()
	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	write := func(n int) {
		app.now()
		app.writeJSON(n)
		app.writePlain(n)
	}
	write(500)
	shop.requests(100)
	shop.flush()
	time.Sleep(3 * time.Second)
	together(es.stop, loki.stop)
	write(2500)
	shop.requests(200)
	shop.flush() // every record is acknowledged from here on
	time.Sleep(2 * time.Second)
	write(500) // and these are under way
	a.kill()
	t.Logf("killed with %d records written", len(app.sent))
	write(1000)
	a.start()
	restart(t, es, loki)

	var table tally
	app.mayDouble = map[string]bool{"otlp": true} // OTLP log records have no place in a file, and so no id
	inES := app.arriveIn(t, &table, "Elasticsearch", func() (map[string]found, error) { return app.elasticsearch(es.url) })
	inLoki := app.arriveIn(t, &table, "Loki", func() (map[string]found, error) { return app.loki(loki.url) })
	table.eventually("Elasticsearch", "spans, by trace id", shop.spans, func() (int, error) { return esCount(es.url, esSpans(shop.traced)) })
	table.print(t)
	t.Logf("doubled: %d in Elasticsearch, %d in Loki", doubled(inES), doubled(inLoki))
	require.Empty(t, app.differences(inES), "Elasticsearch")
	require.Empty(t, app.differences(inLoki), "Loki")
	require.NoError(t, a.stop())
}

// SIGTERM delivers what was read and leaves the rest where it is: after the next
// start everything is there, once.
func TestStopAndStartLosesAndDoublesNothing(t *testing.T) {
	warmUp(t, "elasticsearch", "loki")
	es, loki := sharedBackend(t, "elasticsearch"), sharedBackend(t, "loki")
	a := newAgent(t)
	a.exportTo(es.url, loki.url, "")
	app := newApplication(t, a.logDir)
	for range 4 {
		a.start()
		shop := newInstrumented(t, app, a)
		app.now()
		app.writeJSON(1500)
		app.writePlain(1500)
		shop.traced = make([]string, app.count("otlp")) // go on numbering
		shop.requests(100)
		shop.flush()
		time.Sleep(700 * time.Millisecond) // in the middle of it
		begin := time.Now()
		require.NoError(t, a.stop(), "SIGTERM ends with exit code 0")
		t.Logf("drained in %s", time.Since(begin).Round(time.Millisecond))
	}
	a.start()
	var table tally
	inES := app.arriveIn(t, &table, "Elasticsearch", func() (map[string]found, error) { return app.elasticsearch(es.url) })
	inLoki := app.arriveIn(t, &table, "Loki", func() (map[string]found, error) { return app.loki(loki.url) })
	table.print(t)
	require.Empty(t, app.differences(inES), "Elasticsearch")
	require.Empty(t, app.differences(inLoki), "Loki")
	require.NoError(t, a.stop())
}

func together(do ...func()) {
	var wg sync.WaitGroup
	for _, f := range do {
		wg.Go(f)
	}
	wg.Wait()
}

// restart brings stopped backends back on their ports and data.
func restart(t *testing.T, backends ...*backend) {
	t.Helper()
	errs := make([]error, len(backends))
	var wg sync.WaitGroup
	for i, b := range backends {
		wg.Go(func() { errs[i] = b.start() })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}
