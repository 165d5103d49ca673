//go:build browser

package consoleextension_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly"
)

// visit goes to an address and waits until its view has the agent's answer.
func (b *tab) visit(hash string) {
	b.t.Helper()
	b.eval(fmt.Sprintf(`location.hash = %q`, hash))
	b.until(fmt.Sprintf(`document.body.dataset.ready === location.hash && decodeURI(location.hash).startsWith(decodeURI(%q))`, hash))
	b.until(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
}

// until waits for a condition, which may be a promise.
func (b *tab) until(javascript string) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, chromedp.Poll[bool]("(async () => "+javascript+")()", chromedp.WithPollingTimeout(2*time.Minute)))
	require.NoError(b.t, err, javascript)
}

// view is an address of the page.
type view struct{ name, hash string }

// views are the addresses of every view over the data of full.
var views = []view{
	{"now", "#/now"},
	{"metrics", "#/metrics"},
	{"logs", "#/logs"},
	{"services", "#/services"},
	{"service", "#/services/inventory"},
	{"trace", "#/trace/00000000000000000000000000000001"},
	{"incidents", "#/incidents"},
	{"pipeline", "#/pipeline"},
	{"rules", "#/rules"},
}

// full is a page with something to see in every view.
func full(t *testing.T) (e served, url string) {
	e = start(t, func(c *config) { c.TelemetryURL = ownMetrics(t); c.ScrapeInterval = time.Second })
	now := time.Now()
	fill(e.LocalStore(), now)
	fillServices(e.LocalStore(), now)
	incidents(t, e)
	url = "http://" + e.Address() + "/"
	require.Eventually(t, func() bool { // two looks at the own metrics, for rates
		_, body := get(t, e, "GET", "/api/v1/pipeline", "")
		var v struct{ Receivers []struct{ Rate *float64 } }
		require.NoError(t, json.Unmarshal([]byte(body), &v))
		return len(v.Receivers) > 0 && v.Receivers[0].Rate != nil
	}, time.Minute, 100*time.Millisecond)
	return e, url
}

// axe is the source of the checks of accessibility, or skips the test.
func axe(t *testing.T) string {
	out, err := exec.Command("../../test/backends/axe.sh").Output()
	if err != nil && os.Getenv("CI") != "true" {
		t.Skipf("axe-core is not there: test/backends/axe.sh fetches it from npm: %v", err)
	}
	require.NoError(t, err)
	source, err := os.ReadFile(strings.TrimSpace(strings.TrimPrefix(string(out), "path=")))
	require.NoError(t, err)
	return string(source)
}

// violations are what WCAG 2.2 A and AA forbid of what can be seen, or of it what the rules
// that are named do.
func (b *tab) violations(source string, rules ...string) []string {
	b.t.Helper()
	only := `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]`
	if len(rules) > 0 {
		only = `{ type: "rule", values: "` + strings.Join(rules, " ") + `".split(" ") }`
	}
	b.eval(`window.axe || (() => {` + source + `})(); true`)
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`axe.run(document, { resultTypes: ["violations"], runOnly: `+only+` })
		.then((r) => r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " ") + " " + n.html.slice(0, 120))))`,
		chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return out
}

// Every view can be read by all: by those who need contrast or a screen reader, in the
// light and in the dark.
func TestViewsAreAccessible(t *testing.T) {
	source := axe(t)
	e, url := full(t)
	hostPipelines(t, e)
	e.(baselineServer).ServeBaselines(almanac{anomaly.WeekHours})
	all := append(slices.Clone(views), view{"patterns", "#/logs/patterns"}, view{"series", aSeries(t, e)}, view{"incident", anIncident(t, e)})
	for _, scheme := range []string{"light", "dark"} {
		b := open(t, url, scheme, 1280, 900)
		var rules []string
		if scheme == "dark" {
			rules = []string{"color-contrast"} // what else there is has no colour
		}
		for _, v := range all {
			t.Run(scheme+"/"+v.name, func(t *testing.T) {
				b.t = t
				b.visit(v.hash)
				require.NotEmpty(t, b.eval(`document.getElementById("view-title").textContent`), "the view has a name")
				require.True(t, b.eval(`document.getElementById("view-problem").hidden`).(bool), b.eval(`document.getElementById("view-problem").textContent`))
				require.Empty(t, b.violations(source, rules...))
			})
		}
		b.t = t
		b.clean()
	}
}

// On a phone nothing has to be scrolled sideways.
func TestViewsFitAPhone(t *testing.T) {
	e, url := full(t)
	hostPipelines(t, e)
	e.(baselineServer).ServeBaselines(almanac{anomaly.WeekHours})
	b := open(t, url, "light", 390, 844)
	for _, v := range append(slices.Clone(views), view{"patterns", "#/logs/patterns"}, view{"series", aSeries(t, e)}, view{"incident", anIncident(t, e)}) {
		b.visit(v.hash)
		require.LessOrEqual(t, b.eval(`document.documentElement.scrollWidth`), 390.0, v.name)
		wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll("nav a, button, input, select")]
			.filter((e) => e.offsetParent && !e.closest(".scroll, nav"))
			.filter((e) => { const r = e.getBoundingClientRect(); return r.right > 391 || r.left < -1 }).map((e) => e.outerHTML.slice(0, 100))`))
		require.NoError(t, err)
		require.Empty(t, wide, "%s: what can be pressed is within reach", v.name)
	}
	b.clean()
}

// With the keyboard alone: past the header, through the views, and always to be seen.
func TestViewsByKeyboard(t *testing.T) {
	_, url := full(t)
	b := open(t, url, "light", 1280, 900)
	press := func(key string) { b.run(chromedp.KeyEvent(key)) }
	at := func() string {
		s, _ := b.eval(`(document.activeElement.getAttribute("href") || document.activeElement.id || document.activeElement.tagName) + ""`).(string)
		return s
	}
	press(kb.Tab)
	require.Equal(t, "#view", at(), "the first stop leads past the header")
	press(kb.Enter)
	require.Equal(t, "view", at())

	b.visit("#/now")
	b.eval(`document.activeElement.blur(); document.getElementById("skip").focus()`)
	stops := map[string]bool{}
	for range 40 {
		press(kb.Tab)
		stops[at()] = true
		require.True(t, b.eval(`(() => { const s = getComputedStyle(document.activeElement); return document.activeElement === document.body || s.outlineStyle !== "none" || s.boxShadow !== "none" })()`).(bool), "where one is can be seen: %s", at())
	}
	for _, hash := range []string{"#/metrics", "#/logs", "#/services", "#/incidents", "#/pipeline", "#/rules"} {
		require.Contains(t, stops, hash)
		b.eval(fmt.Sprintf(`document.querySelector("nav a[href='%s']").focus()`, hash))
		press(kb.Enter)
		b.until(fmt.Sprintf(`document.body.dataset.ready === %q`, hash))
		require.Equal(t, "view-title", at(), "a view says its name to who cannot see it")
	}
	b.clean()
}
