//go:build browser

package consoleextension_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// shots is where screenshots go; empty means none are taken.
var shots = os.Getenv("TIDEWATCH_SCREENSHOTS")

type tab struct {
	t       *testing.T
	ctx     context.Context
	mu      sync.Mutex // guards the rest
	trouble []string
	hosts   map[string]bool
}

func open(t *testing.T, url, scheme string, width, height int64) *tab {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(90*time.Second)) // the first start on a busy machine
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx, hosts: map[string]bool{}}
	require.NoError(t, chromedp.Do(ctx))                    // starts the browser
	b.ctx, cancel = context.WithTimeout(ctx, 5*time.Minute) // all that a test does in it
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Listen(b.ctx, b.hear))
	_, err := chromedp.Call(b.ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(t, err)
	view := chromedp.EmulateViewport(width, height)
	if width < 500 {
		view = chromedp.EmulateViewport(width, height, chromedp.EmulateMobile)
	}
	b.run(view, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(`body[data-ready]`)), chromedp.Sleep(600*time.Millisecond))
	return b
}

// hear keeps everything that a page should not do.
func (b *tab) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *log.EventEntryAdded:
		b.trouble = append(b.trouble, fmt.Sprintf("%+v", *e.Entry))
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, fmt.Sprintf("%+v", *e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprint("console: ", string(e.Args[0].Value), e.Args[0].Description))
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") { // the browser's own pictures in its inputs
			b.hosts[strings.SplitN(strings.TrimPrefix(e.Request.URL, "http://"), "/", 2)[0]] = true
		}
	case *page.EventJavascriptDialogOpening:
		b.trouble = append(b.trouble, "dialog: "+e.Message)
	}
}

func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.trouble)
	require.Len(b.t, b.hosts, 1, "requests go to the agent only")
}

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, steps...))
}

func (b *tab) eval(js string) any {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](js))
	require.NoError(b.t, err)
	return v
}

func (b *tab) shot(name string, full bool) {
	if shots == "" {
		return
	}
	take := chromedp.CaptureScreenshot()
	if full {
		take = chromedp.FullScreenshot(100)
	}
	png, err := chromedp.Run(b.ctx, take)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(shots, name+".png"), png, 0o600))
}

var clock = regexp.MustCompile(`\d\d:\d\d:\d\d`)

func TestPageInBrowser(t *testing.T) {
	e := start(t, func(c *config) { c.TelemetryURL = ownMetrics(t); c.ScrapeInterval = time.Second })
	url := "http://" + e.Address() + "/"

	t.Run("empty", func(t *testing.T) {
		b := open(t, url+"#/metrics", "light", 1280, 900)
		require.Contains(t, b.eval(`document.getElementById("metrics-empty").textContent`), "within a minute or two")
		require.Equal(t, "starting", b.eval(`document.getElementById("status").dataset.level`))
		b.shot("empty", false)
	})

	fill(e.LocalStore(), time.Now())
	time.Sleep(2500 * time.Millisecond) // two looks at the own metrics, for rates
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			b := open(t, url, scheme, 1280, 900)
			require.Equal(t, "2", b.eval(`document.getElementById("open-count").textContent`))
			require.EqualValues(t, 2, b.eval(`document.querySelectorAll("#findings-open [data-testid=finding]").length`))
			require.Equal(t, "critical", b.eval(`document.getElementById("status").dataset.level`))
			require.Contains(t, b.eval(`document.querySelector("[data-testid=finding-receipt]").textContent`), "47 %")
			require.EqualValues(t, 0, b.eval(`document.querySelectorAll("main script, main img, main b").length`), "log lines are text")
			b.shot(scheme, false)
			b.shot(scheme+"-full", true)
			require.EqualValues(t, 1, b.eval(`document.querySelectorAll("#findings-open .links a[href^=http]").length`), "only http links")
			b.run(chromedp.Click(chromedp.CSS(`#findings-past summary`)), chromedp.WaitVisible(chromedp.CSS(`#findings-past .card`)),
				chromedp.Click(chromedp.CSS(`#findings-open .links a[href*="pattern="]`)), chromedp.WaitVisible(chromedp.CSS(`[data-pattern="0000000000000002"] [aria-expanded=true]`)),
				chromedp.WaitVisible(chromedp.CSS(`[data-testid=log-lines] li`)),
				chromedp.Click(chromedp.CSS(`nav a[href="#/pipeline"]`)), chromedp.WaitVisible(chromedp.CSS(`[data-testid=receivers]`)))
			require.Contains(t, b.eval(`document.querySelector("[data-testid=receivers]").textContent`), "tail")
			b.run(chromedp.Click(chromedp.CSS(`nav a[href="#/metrics"]`)), chromedp.Click(chromedp.CSS(`#series-rows tr.row a`)), chromedp.WaitVisible(chromedp.CSS(`[data-testid=series-detail] canvas`)),
				chromedp.SendKeys(chromedp.CSS(`#series-search`), "network packets"), chromedp.Sleep(200*time.Millisecond))
			require.EqualValues(t, 4, b.eval(`document.querySelectorAll("#series-rows tr.row").length`))
			b.shot(scheme+"-used-full", true)
			// The crosshair is shared: pointing at one chart moves it in all.
			b.run(chromedp.Click(chromedp.CSS(`nav a[href="#/now"]`)), chromedp.WaitVisible(chromedp.CSS(`#charts`)))
			b.eval(`document.documentElement.style.scrollBehavior = "auto"; document.getElementById("charts").scrollIntoView()`)
			require.Eventually(t, func() bool { return b.eval(`document.querySelectorAll("#charts canvas").length`).(float64) > 10 }, time.Minute, 100*time.Millisecond)
			require.Eventually(t, func() bool { // a refresh may move or draw the charts between two steps
				at := b.eval(`(() => { const r = document.querySelectorAll("#charts .u-over")[2].getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()`).([]any)
				b.run(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0].(float64)+1, at[1].(float64)), chromedp.Sleep(50*time.Millisecond),
					chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0].(float64), at[1].(float64)), chromedp.Sleep(100*time.Millisecond))
				text, _ := b.eval(`document.querySelectorAll("#charts .state")[6].textContent`).(string)
				return clock.MatchString(text)
			}, time.Minute, 200*time.Millisecond)
			b.shot(scheme+"-crosshair", false)
			b.clean()
		})
	}
	t.Run("services and traces", func(t *testing.T) {
		fillServices(e.LocalStore(), time.Now()) // services are forgotten after two minutes
		b := open(t, url+"#/services", "light", 1280, 900)
		b.run(chromedp.WaitVisible(chromedp.CSS(`[data-testid=services] tr[data-service=inventory]`)))
		require.Contains(t, b.eval(`document.querySelector("tr[data-service=inventory]").textContent`), "12.5 %")
		require.EqualValues(t, 4, b.eval(`document.querySelectorAll("[data-testid=calls] tbody tr").length`))
		require.EqualValues(t, 5, b.eval(`document.querySelectorAll(".callgraph .node").length`))
		require.Equal(t, "services", b.eval(`document.body.dataset.view`))
		b.shot("services", false)
		b.run(chromedp.Click(chromedp.CSS(`tr[data-service=inventory] a`)), chromedp.WaitVisible(chromedp.CSS(`[data-testid=traces] a`)))
		require.Equal(t, "inventory", b.eval(`document.querySelector("[data-testid=view-title]").textContent`))
		require.Contains(t, b.eval(`document.querySelector("[data-testid=lines]").textContent`), "connection pool exhausted")
		b.shot("service", false)
		b.run(chromedp.Click(chromedp.CSS(`[data-testid=lines] a`)), chromedp.WaitVisible(chromedp.CSS(`[data-testid=waterfall]`)))
		require.Equal(t, "#/trace/00000000000000000000000000000001", b.eval(`location.hash`))
		require.EqualValues(t, 5, b.eval(`document.querySelectorAll("[data-testid=span]").length`))
		require.EqualValues(t, 5, b.eval(`document.querySelectorAll("[data-testid=span].critical").length`))
		require.Contains(t, b.eval(`document.querySelector("[data-testid=trace-facts]").textContent`), "inventory SELECT stock, 30 ms of its own")
		require.EqualValues(t, 0, b.eval(`document.querySelectorAll("#view td b").length`), "names of spans are text")
		b.run(chromedp.Click(chromedp.CSS(`[data-testid=waterfall] .rowbtn`)), chromedp.WaitVisible(chromedp.CSS(`[data-testid=waterfall] .detail dl`)))
		b.shot("trace", false)
		b.eval(`history.go(-2)`)
		b.run(chromedp.WaitVisible(chromedp.CSS(`[data-testid=services] tr[data-service=web]`)))
		b.eval(`location.hash = "#/trace/ffff"`)
		b.run(chromedp.WaitVisible(chromedp.CSS(`[data-testid=view-problem]`)))
		b.eval(`location.hash = "#pipeline"`)
		b.run(chromedp.WaitVisible(chromedp.CSS(`#view-pipeline [data-testid=receivers]`)))
		require.True(t, b.eval(`document.getElementById("view-services").hidden`).(bool))
	})
	t.Run("incidents", func(t *testing.T) {
		incidents(t, e)
		b := open(t, url, "light", 1280, 900)
		b.run(chromedp.WaitVisible(chromedp.CSS(`#incidents-open [data-testid=incident]`)))
		require.Equal(t, "1", b.eval(`document.getElementById("incident-count").textContent`))
		b.run(chromedp.Click(chromedp.CSS(`#incidents-open h3 a`)), chromedp.WaitVisible(chromedp.CSS(`[data-testid=incident-findings] tbody tr`)))
		require.EqualValues(t, 2, b.eval(`document.querySelectorAll("[data-testid=incident-findings] tbody tr").length`))
		require.Contains(t, b.eval(`document.querySelector("[data-testid=incident-cause]").textContent`), "Cause: inventory.")
		require.EqualValues(t, 0, b.eval(`document.querySelectorAll("#view td b").length`), "findings are text")
		b.shot("incident", false)
		b.run(chromedp.SendKeys(chromedp.CSS(`[data-testid=who]`), "alice"), chromedp.Click(chromedp.CSS(`[data-action=acknowledge]`)))
		_, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelector("#view-incidents .receipt").textContent.includes("alice has it")`))
		require.NoError(t, err)
		b.run(chromedp.Click(chromedp.CSS(`[data-testid=incident-links] a`)), chromedp.WaitVisible(chromedp.CSS(`[data-testid=lines] li`)))
		b.eval(`history.back()`)
		b.run(chromedp.WaitVisible(chromedp.CSS(`[data-action=noise]`)), chromedp.SendKeys(chromedp.CSS(`[data-testid=who]`), "alice"),
			chromedp.Click(chromedp.CSS(`[data-action=noise]`)), chromedp.WaitNotPresent(chromedp.CSS(`[data-action=noise]`)))
		require.Contains(t, b.eval(`document.querySelector("#view-incidents [role=status]").textContent`), "It makes no incident until")
		b.clean()
	})
	t.Run("phone", func(t *testing.T) {
		b := open(t, url, "dark", 390, 844)
		require.LessOrEqual(t, b.eval(`document.documentElement.scrollWidth`), 390.0)
		b.shot("phone", false)
		for _, view := range []string{"metrics", "logs", "services", "incidents", "pipeline", "rules"} {
			b.run(chromedp.Click(chromedp.CSS(`nav a[href="#/`+view+`"]`)), chromedp.Sleep(500*time.Millisecond))
			require.LessOrEqual(t, b.eval(`document.documentElement.scrollWidth`), 390.0, view)
			b.shot("phone-"+view, false)
		}
		b.clean()
	})
	t.Run("offline", func(t *testing.T) {
		b := open(t, url, "light", 1280, 900)
		require.NoError(t, e.Shutdown(t.Context()))
		b.run(chromedp.WaitVisible(chromedp.CSS(`[data-testid=offline]`)))
		b.shot("offline", false)
	})
}
