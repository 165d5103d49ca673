package dashboards_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/dashboards"
)

func TestEmitted(t *testing.T) {
	m := dashboards.Emitted()
	for _, name := range []string{"system_cpu_time_seconds_total", "tidewatch_tail_records", "tidewatch_scrape_duration_bucket", "tidewatch_scrape_duration"} {
		require.True(t, m.Has(name), name)
	}
	require.False(t, m.Has("tidewatch_scrape_duration_total"))
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
