//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// liveShop is a shop that works until the test ends: a gauge, log lines and traces.
func liveShop(t *testing.T, a *agent) {
	t.Helper()
	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	depth, err := shop.meter.Float64Gauge("shop.queue.depth", metric.WithUnit("{order}"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for second := 0; ctx.Err() == nil; second++ {
			app.now()
			app.writeJSON(3)
			app.writePlain(2)
			depth.Record(ctx, float64(100+second%9))
			shop.push()
			shop.requests(3)
			shop.flush()
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// From a moment of a chart one click leads to the lines of that minute, one more to the
// trace of a line, and the browser's button all the way back; lines come as they are
// written; and what was noise is said by one button.
func TestPageFromASpikeToItsTraceAndBack(t *testing.T) {
	browser := chromium(t)
	a := newAgent(t)
	webhook := freeport.Port()
	a.env = append(a.env, fmt.Sprintf("TIDEWATCH_ALERT_WEBHOOK=127.0.0.1:%d", webhook))
	a.set = append(a.set, "connectors::anomaly::min_history=20s", "connectors::anomaly::baselines_interval=1s",
		"connectors::incident::interval=1s", "connectors::incident::settle=1s")
	a.start()
	liveShop(t, a)

	b := openTab(t, browser, fmt.Sprintf("http://127.0.0.1:%d/#/metrics", a.console))
	row := `[...document.querySelectorAll("[data-testid=series-table] a")].find((a) => a.textContent.includes("shop.queue.depth"))`
	b.see("the shop's gauge", row)
	b.eval(row + `.click()`)
	b.see("the series in full", `document.querySelector("[data-testid=series-title]")?.textContent && document.querySelector("[data-testid=series-detail] .u-over")`)
	was := b.eval(`location.hash`)
	pick := func() bool {
		at, _ := b.eval(`(() => { const r = document.querySelector("[data-testid=series-detail] .u-over")?.getBoundingClientRect(); return r ? [r.right - 3, r.top + r.height / 2] : null })()`).([]any)
		if at == nil {
			return false
		}
		x, y := at[0].(float64), at[1].(float64)
		b.run(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x-1, y), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y), chromedp.MouseClickXY(x, y))
		return b.eval(`document.querySelector("[data-testid=series-minute] a[href^='#/logs']")?.checkVisibility() === true`).(bool)
	}
	require.Eventually(t, pick, time.Minute, 300*time.Millisecond, "a click on a chart chooses a minute")
	b.see("an address of that minute", `location.hash.includes("from=")`)
	b.click(`[data-testid=series-minute] a[href^='#/logs']`)
	line := `[...document.querySelectorAll("[data-testid=log-lines] .line")].find((l) => l.textContent.includes("order accepted"))`
	b.see("the lines of that minute", there(line))
	b.eval(line + `.querySelector(".linebtn").click()`)
	b.click(`[data-testid=line-trace]`)
	b.see("the trace of the line", `location.hash.startsWith("#/trace/") && document.querySelectorAll("[data-testid=span]").length === 3`)
	b.see("the lines of the trace", `document.getElementById("view-trace").textContent.includes("order accepted")`)
	b.eval(`history.back()`)
	b.see("the lines again", `location.hash.startsWith("#/logs") && `+there(line))
	b.eval(`history.back()`)
	b.see("the minute again", `location.hash.includes("from=") && document.querySelector("[data-testid=series-minute]")?.checkVisibility()`)
	b.eval(`history.back()`)
	b.see("the chart again", fmt.Sprintf(`location.hash === %q && document.querySelector("[data-testid=series-title]")?.checkVisibility()`, was))

	b.visit("#/logs")
	lines := `document.querySelectorAll("[data-testid=log-lines] .line").length`
	b.see("lines as they come", lines+" > 3")
	before := b.eval(lines).(float64)
	b.see("more lines", fmt.Sprintf("%s > %f", lines, before))
	b.run(chromedp.SendKeys(chromedp.CSS("[data-testid=log-search]"), "payment failed"))
	b.see("only what was asked for", `(() => { const all = [...document.querySelectorAll("[data-testid=log-lines] .line")]; return all.length && all.every((l) => l.textContent.includes("payment failed")) })()`)
	b.click("[data-testid=follow]")
	b.see("that the lines rest", `document.querySelector("[data-testid=held]")?.checkVisibility()`)
	b.click("[data-testid=held]")
	b.see("that they go on", `!document.querySelector("[data-testid=held]").checkVisibility()`)

	body := fmt.Sprintf(`{"version":"4","alerts":[{"status":"firing","startsAt":%q,"labels":{"alertname":"HighLatency","severity":"critical","service":"checkout"},"annotations":{"summary":"checkout is slow."}}]}`,
		time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
	resp, err := client.Post(fmt.Sprintf("http://127.0.0.1:%d/alerts", webhook), "application/json", strings.NewReader(body))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	b.visit("#/incidents")
	b.see("the incident", `document.querySelector("[data-testid=incidents] a[href^='#/incidents/'], [data-testid=incident] a[href^='#/incidents/']")`)
	b.eval(`document.querySelector("[data-testid=incidents] a[href^='#/incidents/'], [data-testid=incident] a[href^='#/incidents/']").click()`)
	b.see("who speaks", `document.querySelector("[data-testid=who]")?.checkVisibility()`)
	b.run(chromedp.SendKeys(chromedp.CSS("[data-testid=who]"), "alice"))
	b.click("[data-action=noise]")
	b.see("what became of it", `document.getElementById("view").textContent.includes("It makes no incident until")`)
	b.visit("#/incidents")
	b.see("what was called noise", `document.querySelector("[data-testid=suppressions]")?.textContent.includes("alice")`)

	for _, view := range []string{"now", "metrics", "logs", "logs/patterns", "services", "incidents", "pipeline", "rules"} {
		b.visit("#/" + view)
		require.NotEmpty(t, b.eval(`document.getElementById("view-title").textContent`), view)
		require.True(t, b.eval(`document.getElementById("view-problem").hidden`).(bool), "%s: %v", view, b.eval(`document.getElementById("view-problem").textContent`))
	}
	b.clean()
	require.NoError(t, a.stop())
}

// there is a condition that an element is there.
func there(element string) string { return element + " !== undefined" }
