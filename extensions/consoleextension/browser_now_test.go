//go:build browser

package consoleextension_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

func (b *tab) text(selector string) string {
	b.t.Helper()
	s, _ := b.eval(fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, selector)).(string)
	return s
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
	b.eval(fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

// Whether this host is well, since when, and what changed: all of it without a click.
func TestNowSaysHowTheHostIs(t *testing.T) {
	e, url := full(t)
	b := open(t, url, "light", 1280, 900)
	require.Equal(t, "#/now", b.eval(`location.hash`))
	require.Equal(t, "Critical", b.text("#status-level"))
	require.Contains(t, b.text("#status-sentence"), "inventory: errors 12.5 %")
	require.Regexp(t, `^since \d\d:\d\d, for .*(s|min)$`, b.text("#status-since"))
	b.until(`document.querySelector("#delivery").textContent.includes("loki takes nothing: 2100 records wait on disk")`)
	require.Contains(t, b.text("#red"), "3 services take 37.5/s calls")
	require.EqualValues(t, 3, b.eval(`document.querySelectorAll("[data-testid=timeline] a").length`))
	changed := b.text("#changes-list")
	for _, what := range []string{"incident", "began", "is over", "started"} {
		require.Contains(t, changed, what)
	}
	require.Contains(t, b.eval(`document.getElementById("status-sentence").href`), "#/incidents/")

	// The time line leads to the finding and its receipt, by keyboard too.
	b.eval(`document.querySelector('[data-testid=timeline] a[tabindex="0"]').focus()`)
	b.run(chromedp.KeyEvent(kb.Home), chromedp.KeyEvent(kb.ArrowRight))
	require.Contains(t, b.eval(`document.activeElement.getAttribute("aria-label")`), "critical: system.cpu.utilization")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until(`location.hash === "#/now?finding=cpu" && document.activeElement.dataset.finding === "cpu"`)
	require.Contains(t, b.text("[data-finding=cpu] [data-testid=finding-receipt]"), "same hour last week18 %")
	b.click("[data-testid=timeline] a[data-state=resolved]")
	b.until(`document.querySelector("#findings-open [data-finding=new][data-chosen]") !== null`)

	// What is part of an incident can be called noise.
	now := time.Now()
	e.LocalStore().PutFinding(localstore.Finding{
		ID: "inventory", Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: now.Add(-2 * time.Minute), Time: now,
		Summary: "inventory: errors 12.5 %", Entity: kv("service.name", "inventory"),
	})
	b.click("[data-finding=inventory] .noise summary")
	b.run(chromedp.SendKeys(chromedp.CSS(`[data-finding=inventory] .noise input`), "alice"), chromedp.Click(chromedp.CSS(`[data-finding=inventory] .noise button`)))
	b.until(`document.querySelector("[data-finding=inventory] .noise [role=status]")?.textContent.includes("It makes no incident until") || document.querySelector("[data-finding=inventory] .noise summary") === null`)
	b.clean()
}

// From a spike one click leads to the lines of its minute, and back.
func TestSpikeLeadsToItsMinute(t *testing.T) {
	_, url := full(t)
	b := open(t, url, "dark", 1280, 900)
	b.click("[data-finding=cpu] .links a[href*='/metrics']")
	b.until(`document.querySelector("[data-testid=series-minute] a") !== null && location.hash.includes("from=")`)
	b.click("[data-testid=series-minute] a[href*='/services']")
	b.until(`document.body.dataset.ready.startsWith("#/services?from=")`)
	b.eval(`history.back()`)
	b.until(`document.querySelector("[data-testid=series-detail] .spike a") !== null`)
	b.click("[data-testid=series-detail] .spike a[href*='/logs']")
	b.until(`document.body.dataset.ready.startsWith("#/logs?from=")`)
	require.Equal(t, "← Back to Metrics", b.text("#view-back"))
	b.click("#view-back")
	b.until(`document.body.dataset.ready.startsWith("#/metrics?name=")`)
	b.click("[data-testid=series-detail] a[aria-label^=Close]")
	b.until(`document.querySelector("[data-testid=series-detail]").hidden`)
	b.clean()
}

func TestKeys(t *testing.T) {
	_, url := full(t)
	b := open(t, url, "light", 1280, 900)
	b.run(chromedp.KeyEvent("?"))
	b.until(`document.getElementById("help").open`)
	b.run(chromedp.KeyEvent(kb.Escape))
	b.until(`!document.getElementById("help").open`)
	b.run(chromedp.KeyEvent("2"))
	b.until(`document.body.dataset.ready === "#/metrics"`)
	b.run(chromedp.KeyEvent("/"))
	require.Equal(t, "series-search", b.eval(`document.activeElement.id`))
	b.run(chromedp.KeyEvent("1"))
	require.Equal(t, true, b.eval(`document.activeElement.value.endsWith("1")`), "a digit in a field is a digit")
	b.clean()
}
