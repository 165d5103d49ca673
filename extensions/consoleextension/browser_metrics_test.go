//go:build browser

package consoleextension_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/anomaly/forecast"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// almanac knows every series for so many hours.
type almanac struct{ hours int }

func (a almanac) Outlook(_ uint64, now time.Time) (anomaly.Outlook, bool) {
	o := anomaly.Outlook{
		History: time.Duration(a.hours) * time.Hour, WeekBegin: now.Truncate(time.Hour).Add(-anomaly.WeekHours * time.Hour),
		ForecastBegin: now.Truncate(5 * time.Minute), ForecastStep: 5 * time.Minute,
	}
	for i := range anomaly.WeekHours {
		v := math.NaN()
		if i >= anomaly.WeekHours-a.hours {
			v = 0.2 + 0.1*math.Sin(float64(i)*math.Pi/12)
		}
		o.Week = append(o.Week, v)
	}
	for i := range 24 {
		v := 0.4 - 0.005*float64(i)
		o.Forecast = append(o.Forecast, forecast.Point{Value: v, Lower: v - 0.1, Upper: v + 0.1})
	}
	return o, true
}

type baselineServer interface{ ServeBaselines(x anomaly.Lookout) }

func TestMetricsAreFound(t *testing.T) {
	e, url := full(t)
	e.(baselineServer).ServeBaselines(almanac{anomaly.WeekHours})
	b := open(t, url+"#/metrics", "light", 1280, 900)
	require.Contains(t, b.text("[data-testid=metrics-note]"), "2 out of band")
	require.Contains(t, b.text("#series-rows tr.row"), "Log lines: Connection refused", "what is out of band comes first")
	b.run(chromedp.SendKeys(chromedp.CSS(`#series-search`), "NETWORK packets"))
	b.until(`document.querySelectorAll("#series-rows tr.row").length === 4 && location.hash.includes("q=NETWORK+packets")`)
	b.run(chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS(`#series-rows tr.row`)))
	b.until(`document.querySelectorAll("#series-rows tr.row").length === 4 && document.getElementById("series-search").value === "NETWORK packets"`)
	b.visit("#/metrics?q=nothing+of+this")
	require.Contains(t, b.text("#metrics-empty"), "No series fits")
	b.visit("#/metrics?group=CPU")
	require.EqualValues(t, 6, b.eval(`document.querySelectorAll("#series-rows tr.row").length`))
	b.clean()
}

// One series: its receipt, the same hour of last week, what comes, and a table.
func TestOneMetric(t *testing.T) {
	source := axe(t)
	e, url := full(t)
	e.(baselineServer).ServeBaselines(almanac{anomaly.WeekHours})
	b := open(t, url+"#/metrics?q=cpu.utilization", "light", 1280, 900)
	b.click("#series-rows tr.row a")
	b.until(`document.querySelector("[data-testid=series-detail] canvas") !== null`)
	b.until(`document.querySelector("[data-testid=series-receipt]").textContent.includes("same hour last week")`)
	require.Regexp(t, `^Now 4\d(\.\d)? %; in this hour a week ago the mean was .* %: .* % more\.$`, b.text("[data-testid=series-week]"))
	require.Contains(t, b.text("[data-testid=series-receipt]"), "what it isA metric of the host.")
	require.Contains(t, b.eval(`document.querySelector("[data-testid=series-detail] .plot").getAttribute("aria-label")`), "now 4")

	b.click("[data-testid=series-detail] .pill:nth-child(2)")
	b.until(`location.hash.includes("view=ahead") && document.querySelector("[data-testid=series-detail] .legend").textContent.includes("forecast")`)
	b.shot("metric-ahead", false)
	b.click("[data-testid=series-detail] details.data summary")
	b.until(`document.querySelectorAll("[data-testid=series-detail] details.data tbody tr").length > 30`)
	require.Contains(t, b.eval(`document.querySelector("[data-testid=series-detail] details.data a").getAttribute("href")`), "#/logs?from=")
	require.Empty(t, b.violations(source))

	b.click("[data-testid=series-detail] .pill:nth-child(3)")
	b.until(`document.querySelector("[data-testid=week] canvas") !== null`)
	require.EqualValues(t, anomaly.WeekHours, b.eval(`document.querySelectorAll("[data-testid=week] tbody tr").length`))
	b.shot("metric-week", false)

	// A click on the chart chooses the minute.
	b.click("[data-testid=series-detail] .pill:nth-child(1)")
	b.until(`document.querySelector("[data-testid=week]") === null && document.querySelector("[data-testid=series-detail] .u-over") !== null`)
	b.eval(`document.querySelector("[data-testid=series-detail] .u-over").scrollIntoView({ block: "center" })`)
	b.run(chromedp.Click(chromedp.CSS(`[data-testid=series-detail] .u-over`)))
	b.until(`/from=\d+/.test(location.hash) && !document.querySelector("[data-testid=series-minute]").hidden`)
	require.Empty(t, b.violations(source))

	// An agent that is young says so.
	e.(baselineServer).ServeBaselines(almanac{30})
	b.visit("#/metrics")
	b.visit("#/metrics?name=0000000000000002")
	b.until(`document.querySelector("[data-testid=series-week]").textContent.startsWith("It is known for 30 h, not yet a week")`)
	b.clean()
}

// Of two thousand series only the rows that can be seen exist, and all are in reach.
func TestManySeries(t *testing.T) {
	const many = 2000
	e := start(t, func(c *config) { c.MaxSeries = many })
	now := time.Now()
	for i := range many {
		describe := func() localstore.SeriesInfo {
			return localstore.SeriesInfo{Metric: "shop.queue.depth", Attrs: kv("queue", fmt.Sprintf("%04d", i)), Entity: kv("service.name", "shop")}
		}
		e.LocalStore().PutPoint(uint64(i+1), now, localstore.Observed, float64(i), describe)
		e.LocalStore().PutPoint(uint64(i+1), now, localstore.State, signals.AnomalyStateNormal, describe)
	}
	b := open(t, "http://"+e.Address()+"/#/metrics", "light", 1280, 900)
	require.Contains(t, b.text("[data-testid=metrics-note]"), "2\u202f000 series")
	rows := func() float64 { return b.eval(`document.querySelectorAll("#series-rows tr.row").length`).(float64) }
	require.Less(t, rows(), 100.0)
	b.eval(`document.querySelector("#series-rows tr.row a").focus()`)
	b.run(chromedp.KeyEvent(kb.ArrowDown))
	b.until(`document.activeElement.textContent.includes("queue=0001")`)
	b.run(chromedp.KeyEvent(kb.End))
	b.until(`document.activeElement.textContent.includes("queue=1999")`)
	require.Less(t, rows(), 100.0)
	require.Equal(t, "2001", b.eval(`document.activeElement.closest("tr").getAttribute("aria-rowindex")`))
	b.run(chromedp.SendKeys(chromedp.CSS(`#series-search`), "queue=17"))
	b.until(`document.querySelector("[data-testid=metrics-note]").textContent.startsWith("100 of")`)
	b.clean()
}
