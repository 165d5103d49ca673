package dashboards_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/dashboards"
	"github.com/tidewatch/tidewatch/signals"
)

// Every metric that a component says it has in metadata.yaml, or that signals names, is in
// metrics.txt, so that no dashboard is told that there is none.
func TestMetricsOfComponentsAreKnown(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^\s+(tidewatch_\w+):`)
	files, err := filepath.Glob("../*/*/metadata.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
			assert.True(t, dashboards.Emitted().Has(m[1]), "%s has %s: add the line \"%s *\" to dashboards/metrics.txt", f, m[1], m[1])
		}
	}
	for metric, suffix := range map[string]string{
		signals.MetricPatternLines: "_total", signals.MetricLogLines: "_total", signals.MetricBaselineObserved: "", signals.MetricBaselineLower: "", signals.MetricBaselineUpper: "",
		signals.MetricAnomalyScore: "", signals.MetricAnomalyState: "", signals.MetricBaselineLearned: "", signals.MetricForecast: "", signals.MetricForecastLower: "", signals.MetricForecastUpper: "",
		signals.MetricFullIn: "_seconds", signals.MetricSpanCalls: "_total", signals.MetricSpanDuration: "_milliseconds", signals.MetricGraphRequests: "", signals.MetricGraphFailed: "",
		signals.MetricGraphServer: "", signals.MetricGraphClient: "", signals.MetricServiceCalls: "_per_second", signals.MetricServiceErrors: "_ratio",
		signals.MetricServiceLatencyMean: "_seconds", signals.MetricServiceLatencyP99: "_seconds",
	} {
		assert.True(t, dashboards.Emitted().Has(strings.ReplaceAll(metric, ".", "_")+suffix), metric)
	}
}

func TestParseMetrics(t *testing.T) {
	m := dashboards.ParseMetrics("# comment\n\nup\nshop_orders_total kind state\nshop_seconds_bucket\nshop_any *\n")
	for _, name := range []string{"up", "shop_orders_total", "shop_seconds", "shop_any"} {
		require.True(t, m.Has(name), name)
	}
	require.False(t, m.Has("shop"))
	both := dashboards.ParseMetrics("mine").With(m)
	require.True(t, both.Has("mine") && both.Has("up"))
	require.True(t, dashboards.Own("tidewatch_x"))
	require.False(t, dashboards.Own("shop_orders_total"))
}
