package anomalyconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/signals"
)

func TestForecast(t *testing.T) {
	cfg := shortConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	cfg.Rules = []Rule{{Include: []string{"queue.*"}, Forecast: true}}
	host := &storageHost{extension: &memoryStorage{data: map[string][]byte{}}}
	r := newRig(t, cfg, host)
	feed := func(r *rig, hours int) {
		for range hours * 60 {
			r.feed(r.gauge(100 + float64(r.at.Minute()%3)))
			r.at = r.at.Add(time.Minute - time.Second)
		}
	}
	feed(r, 2)
	require.Empty(t, r.baseline(signals.MetricForecast), "two hours are learned first")
	feed(r, 4)
	points := r.baseline(signals.MetricForecast)
	require.NotEmpty(t, points)
	require.Len(t, r.baseline(signals.MetricForecastLower), len(points))
	require.Len(t, r.baseline(signals.MetricForecastUpper), len(points))
	last := points[len(points)-1]
	require.Equal(t, map[string]any{"queue": "orders", "metric": "queue.depth", "horizon": "2h"}, last.Attributes().AsRaw())
	require.InDelta(t, 101, last.DoubleValue(), 1)
	r.stop()

	again := newRig(t, cfg, host)
	defer again.stop()
	again.at = r.at
	feed(again, 1)
	require.NotEmpty(t, again.baseline(signals.MetricForecast), "it survives a restart")
}

func TestFullIn(t *testing.T) {
	cfg := shortConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	full := 1000.0
	cfg.Rules = []Rule{{Include: []string{"queue.*"}, Forecast: true, Full: &full}}
	host := &storageHost{extension: &memoryStorage{data: map[string][]byte{}}}
	r := newRig(t, cfg, host)
	feed := func(r *rig, hours int) {
		for range hours * 60 {
			r.feed(r.gauge(100 + 10*r.at.Sub(begin).Hours()))
			r.at = r.at.Add(time.Minute - time.Second)
		}
	}
	feed(r, 10)
	points := r.baseline(signals.MetricFullIn)
	require.NotEmpty(t, points)
	require.InDelta(t, 80, points[len(points)-1].DoubleValue()/3600, 1)
	r.stop()
	again := newRig(t, cfg, host)
	defer again.stop()
	again.at = r.at
	feed(again, 1)
	points = again.baseline(signals.MetricFullIn)
	require.NotEmpty(t, points)
	require.InDelta(t, 79, points[len(points)-1].DoubleValue()/3600, 1)
}

func TestMaxForecasts(t *testing.T) {
	cfg := shortConfig()
	cfg.MaxForecasts = 0
	cfg.Rules = []Rule{{Include: []string{"queue.*"}, Forecast: true}}
	r := newRig(t, cfg, nil)
	defer r.stop()
	r.feed(r.gauge(1))
	for _, s := range r.sides[0].(*metricsSide).watcher.series {
		require.Nil(t, s.outlook)
	}
}
