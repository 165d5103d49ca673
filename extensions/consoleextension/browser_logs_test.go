//go:build browser

package consoleextension_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// tap clicks where it is, as a person does.
func (b *tab) tap(css string) {
	b.t.Helper()
	b.run(chromedp.WaitVisible(chromedp.CSS(css)), chromedp.Click(chromedp.CSS(css)))
}

func (b *tab) count(css string) float64 {
	b.t.Helper()
	n, _ := b.eval(fmt.Sprintf("document.querySelectorAll(%q).length", css)).(float64)
	return n
}

const shownLines = `[data-testid=log-lines] li`

func say(s *localstore.Store, service, body string, severity int) {
	now := time.Now()
	s.PutLog(now, localstore.LogLine{
		Time: now, Severity: severity, Service: service, Source: "/var/log/" + service + ".log", Pattern: "p-" + service, Template: "said by " + service, Body: body,
		TraceID: fmt.Sprintf("%032x", 1), Attrs: kv("user", "<i>seven</i>"),
	})
}

// Lines come as they are written, wait while a person reads, and are never more than
// the page can bear.
func TestLinesAreFollowed(t *testing.T) {
	e := start(t, nil)
	s := e.LocalStore()
	b := open(t, "http://"+e.Address()+"/#/logs", "light", 1280, 900)
	b.until(`document.querySelector("[data-testid=log-empty]").textContent.includes("No log line has come yet")`)

	say(s, "web", "the <b>first</b> line", 9)
	b.until(`document.querySelector("` + shownLines + `")?.textContent.includes("the <b>first</b> line")`)
	for i := range 1300 {
		say(s, "web", fmt.Sprintf("line %d", i), 9)
	}
	b.until(`document.querySelector("` + shownLines + `:last-child")?.textContent.includes("line 1299")`)
	require.LessOrEqual(t, b.count(shownLines), 1000.0)
	b.until(`/skipped|1.000 lines shown/.test(document.querySelector("[data-testid=log-note]").textContent)`)

	// Who scrolls up is left in peace.
	b.eval(`document.querySelector(".linebox").scrollTop = 0`)
	b.until(`document.querySelector("[data-testid=follow]").textContent === "Follow"`)
	say(s, "web", "while reading", 9)
	b.until(`document.querySelector("[data-testid=held]").textContent.includes("1 new line")`)
	require.NotContains(t, b.eval(`document.querySelector("`+shownLines+`:last-child").textContent`), "while reading")
	b.tap(`[data-testid=held]`)
	b.until(`document.querySelector("` + shownLines + `:last-child").textContent.includes("while reading")`)

	// A filter is part of the address.
	say(s, "shop", "payment refused", 17)
	b.run(chromedp.SendKeys(chromedp.CSS(`[data-testid=log-search]`), "REFUSED"))
	b.until(`document.querySelectorAll("` + shownLines + `").length === 1`)
	require.Equal(t, "#/logs?q=REFUSED", b.eval(`location.hash`))
	b.shot("logs", false)

	require.EqualValues(t, 0, b.count(`main b, main i:not([class])`), "lines are text")
	b.clean()
}

// From a line to its trace, to the lines around it, to its minute, and back.
func TestFromLinesToTracesAndBack(t *testing.T) {
	e := start(t, nil)
	s := e.LocalStore()
	fillTraces(s, time.Now())
	for _, name := range []string{"before", "the one", "after"} {
		say(s, "shop", name, 9)
		say(s, "web", "other", 9)
	}
	b := open(t, "http://"+e.Address()+"/#/logs?q=the+one", "dark", 1280, 900)
	b.tap(shownLines + ` .linebtn`)
	b.until(`document.querySelector(".carried").textContent.includes("<i>seven</i>")`)
	b.shot("log-line", false)
	b.tap(`[data-testid=line-trace]`)
	b.until(`document.querySelectorAll("[data-testid=span]").length === 5`)
	b.eval(`history.back()`)
	b.tap(shownLines + ` .linebtn`)
	b.tap(`[data-testid=line-context]`)
	b.until(`document.querySelector(".marked")?.textContent.includes("the one")`)
	require.EqualValues(t, 3, b.count(shownLines), "those of the same source")

	b.visit("#/logs")
	b.tap(`[data-testid=busiest]`)
	b.until(`/from=\d+&to=\d+/.test(location.hash)`)
	b.until(`document.querySelectorAll("` + shownLines + `").length > 0`)
	minute := b.eval(`location.hash.split("?")[1]`)
	b.tap(`[data-testid=traces-of-time]`)
	b.until(`location.hash.startsWith("#/services?")`)
	b.until(`document.querySelectorAll("[data-testid=traces] tbody tr").length > 0`)
	require.Contains(t, b.eval(`location.hash`), minute)
	b.tap(`[data-testid=lines-of-time]`)
	b.until(`location.hash.startsWith("#/logs?from=")`)
	b.clean()
}

// A pattern's change leads to its lines of that minute.
func TestPatternsLeadToLines(t *testing.T) {
	e := start(t, nil)
	s := e.LocalStore()
	fillPatterns(s, rand.New(rand.NewPCG(7, 11)), time.Now())
	s.PutFinding(localstore.Finding{
		ID: "flood", Kind: signals.KindPatternFlood, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: time.Now(), Time: time.Now(),
		Summary: "a flood of refused connections", Attrs: kv("log.pattern.id", "0000000000000002"),
	})
	b := open(t, "http://"+e.Address()+"/#/logs/patterns?order=changed", "light", 1280, 900)
	const first = `#pattern-rows tr:first-child`
	b.until(`document.querySelector("` + first + ` .badge")?.textContent === "flood"`)
	b.tap(first + ` .rowbtn`)
	b.until(`document.querySelector("[data-testid=pattern-changes]")?.textContent.includes("a flood of refused connections")`)
	b.shot("patterns", false)
	b.tap(`[data-testid=pattern-peak]`)
	b.until(`/pattern=0000000000000002&from=\d+&to=\d+/.test(location.hash)`)
	b.until(`document.querySelectorAll("` + shownLines + `").length > 0`)
	require.Contains(t, b.eval(`document.querySelector("`+shownLines+`").textContent`), "Connection refused")
	b.until(`document.querySelector("[data-pattern='0000000000000002'] [aria-expanded=true]") !== null`)
	b.clean()
}

// Ten thousand patterns are shown a page at a time, and searched by the agent.
func TestTenThousandPatterns(t *testing.T) {
	e := start(t, func(c *config) { c.MaxPatterns = 10_001 })
	s := e.LocalStore()
	now := time.Now()
	for i := range 10_000 {
		s.PutLog(now, localstore.LogLine{Time: now, Severity: 9, Service: "web", Pattern: fmt.Sprintf("%016x", i+1), Template: fmt.Sprintf("request <num> of route r%05d took <duration>", i), Body: "x"})
	}
	b := open(t, "http://"+e.Address()+"/#/logs/patterns", "light", 1280, 900)
	b.until(`document.querySelectorAll("#pattern-rows tr").length === 50`)
	require.Less(t, b.count("*"), 6000.0)
	b.until(`document.querySelector(".pages").textContent.includes("1 to 50 of 10")`)
	took := b.eval(`new Promise((done) => {
		const start = performance.now(), was = document.querySelector("#pattern-rows").textContent;
		document.querySelector("[data-testid=pattern-next]").click();
		const look = () => document.querySelector("#pattern-rows").textContent !== was ? done(performance.now() - start) : requestAnimationFrame(look);
		look();
	}).then((ms) => { document.body.dataset.took = ms.toFixed(0); })`)
	_ = took
	b.until(`document.body.dataset.took !== undefined && location.hash === "#/logs/patterns?page=2"`)
	t.Logf("the next page of 10,000 patterns takes %v ms", b.eval(`document.body.dataset.took`))
	b.run(chromedp.SendKeys(chromedp.CSS(`[data-testid=pattern-search]`), "r07777"))
	b.until(`document.querySelectorAll("#pattern-rows tr").length === 1`)
	b.clean()
}
