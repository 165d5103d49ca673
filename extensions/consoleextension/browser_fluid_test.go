//go:build browser

package consoleextension_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// maxElements is how many elements a view may have, however much there is to show: what a
// browser draws without a person noticing.
const maxElements = 8000

// With 2,000 series of an hour and 10,000 patterns every view comes at once and answers
// while it is refreshed. The times are told and not judged but for what nobody would wait
// for: they are the machine's, the number of elements is the page's.
func TestPageStaysFluid(t *testing.T) {
	e := start(t, func(c *config) { c.MaxSeries, c.MaxPatterns = 2000, 10_001 })
	s, now := e.LocalStore(), time.Now()
	for i := range 2000 {
		describe := func() localstore.SeriesInfo {
			return localstore.SeriesInfo{Metric: fmt.Sprintf("shop.queue.depth.%d", i%20), Attrs: kv("queue", fmt.Sprintf("%04d", i)), Entity: kv("service.name", "shop")}
		}
		for k := range 60 {
			at := now.Add(time.Duration(k-60) * time.Minute)
			s.PutPoint(uint64(i+1), at, localstore.Observed, float64(i+k%7), describe)
			s.PutPoint(uint64(i+1), at, localstore.Lower, float64(i-2), describe)
			s.PutPoint(uint64(i+1), at, localstore.Upper, float64(i+9), describe)
			s.PutPoint(uint64(i+1), at, localstore.State, signals.AnomalyStateNormal, describe)
		}
	}
	for i := range 10_000 {
		s.PutLog(now, localstore.LogLine{
			Time: now, Severity: 9, Service: "web", Pattern: fmt.Sprintf("%016x", i+1), Template: fmt.Sprintf("request <num> of route r%05d took <duration>", i), Body: fmt.Sprintf("request 17 of route r%05d took 3ms", i),
		})
	}
	b := open(t, "http://"+e.Address()+"/", "light", 1280, 900)
	_, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.tasks = []; new PerformanceObserver((l) => tasks.push(...l.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true });
			new MutationObserver(() => { if (document.body?.dataset.ready && !window.readyAfter) window.readyAfter = performance.now(); }).observe(document, { subtree: true, attributes: true, childList: true });`,
	})
	require.NoError(t, err)
	for _, hash := range []string{"#/now", "#/metrics", "#/logs", "#/logs/patterns", "#/rules"} {
		b.run(chromedp.Navigate("about:blank"), chromedp.Navigate("http://"+e.Address()+"/"+hash))
		b.until(`window.readyAfter > 0 && document.body.dataset.ready === location.hash`)
		b.eval(`document.querySelector(".view:not([hidden]) input[type=search]")?.focus()`)
		if hash != "#/now" {
			b.run(chromedp.KeyEvent("7"))
		}
		b.until(`new Promise((done) => requestIdleCallback(() => done(true), { timeout: 10000 }))`)
		ready, longest := b.eval(`readyAfter`).(float64), b.eval(`Math.max(0, ...tasks)`).(float64)
		elements := b.eval(`document.querySelectorAll("*").length`).(float64)
		t.Logf("%s is ready after %.0f ms, its longest task takes %.0f ms, it has %.0f elements", hash, ready, longest, elements)
		require.Less(t, elements, float64(maxElements), hash)
		require.Less(t, ready, 30_000.0, hash)
		require.Less(t, longest, 10_000.0, hash)
	}
	b.mu.Lock()
	delete(b.hosts, "about:blank")
	b.mu.Unlock()
	b.clean()
}
