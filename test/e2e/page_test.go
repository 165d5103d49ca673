//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
)

// A person opens the page in a real browser and sees this host, live.
func TestPageShowsLiveData(t *testing.T) {
	browser := chromium(t)
	a := newAgent(t)
	a.set = append(a.set, "connectors::anomaly::min_history=20s", "connectors::anomaly::baselines_interval=1s", "connectors::pattern::learning=100s")
	a.start()
	app := newApplication(t, a.logDir)
	shop := newInstrumented(t, app, a)
	depth, err := shop.meter.Float64Gauge("shop.queue.depth", metric.WithUnit("{order}"))
	require.NoError(t, err)

	ctx := openBrowser(t, browser)
	url := fmt.Sprintf("http://127.0.0.1:%d/", a.console)
	// The first action opens the tab, which is open as long as its context.
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)))
	var complaints []string
	listening, stopListening := context.WithCancel(ctx)
	messages := chromedp.Console(listening)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == chromedp.ConsoleError {
				complaints = append(complaints, m.Text+" "+m.URL)
			}
		}
	}()
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(url)))

	second := 0
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
		app.now()
		app.writeJSON(20 + second%7)
		app.writePlain(30 + second%11)
		shop.requests(5)
		depth.Record(t.Context(), float64(100+second*second%9))
		shop.push()
		second++
	}
	shop.flush()

	host, err := os.Hostname()
	require.NoError(t, err)
	see := func(what, javascript string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
		defer cancel()
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](javascript))
		require.NoError(t, err, "%s: %s", what, javascript)
	}
	see("the host's name", fmt.Sprintf(`document.querySelector('[data-testid=host]').textContent === %q`, host))
	visit := func(view string) {
		t.Helper()
		require.NoError(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`nav a[href="#/`+view+`"]`))))
	}
	see("charts with lines", `document.getElementById('signals')?.scrollIntoView(), document.querySelectorAll('[data-testid=charts] canvas').length >= 4`)
	patterns := func() {
		t.Helper()
		visit("logs")
		require.NoError(t, chromedp.Do(ctx, chromedp.Click(chromedp.CSS(`[data-testid=tab-patterns]`))))
	}
	patterns()
	see("the application's pattern", `document.querySelector('[data-testid=pattern-table]')?.textContent.includes('payment failed') === true`)
	visit("metrics")
	see("the application's series", `document.querySelector('main').textContent.includes('shop.queue.depth')`)
	visit("pipeline")
	see("the pipeline", `document.querySelector('[data-testid=receivers]')?.textContent.includes('tail') === true`)
	see("no failure of the agent", `document.getElementById('offline').hidden`)

	// Live: the count of a pattern grows without a reload.
	patterns()
	pattern := `(() => { for (const r of document.querySelectorAll('#pattern-rows tr')) if (r.textContent.includes('payment failed')) return r.cells[0].textContent; return '' })()`
	before, err := chromedp.Run(ctx, chromedp.Evaluate[string](pattern))
	require.NoError(t, err)
	app.now()
	app.writeJSON(500)
	see("the count grows", fmt.Sprintf(`%s !== %q`, pattern, before))

	stopListening()
	<-heard
	require.Empty(t, complaints, "errors in the browser's console")
	policy, err := exec.Command("curl", "-fsSI", url).Output()
	require.NoError(t, err)
	require.Contains(t, strings.ToLower(string(policy)), "content-security-policy: default-src 'none'")
}

// chromium finds the browser by its recipe.
func chromium(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("../backends/chromium.sh").Output()
	skipOrFail(t, err)
	path, ok := strings.CutPrefix(strings.TrimSpace(string(out)), "path=")
	require.True(t, ok, "chromium.sh printed %q", out)
	return path
}

// openBrowser starts a browser of the test's own.
func openBrowser(t *testing.T, path string) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1280, 900), chromedp.IgnoreCertErrors,
		chromedp.WSURLReadTimeout(90*time.Second)) // the first start of Chromium on a busy machine
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, endTab := chromedp.NewContext(allocator)
	t.Cleanup(endTab)
	ctx, endTime := context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(endTime)
	return ctx
}
