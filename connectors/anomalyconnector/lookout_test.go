package anomalyconnector

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/signals"
)

// page stands for the extension that asks.
type page struct {
	component.StartFunc
	component.ShutdownFunc
	component.Host
	asked anomaly.Lookout
}

func (p *page) ServeBaselines(x anomaly.Lookout) { p.asked = x }

func (p *page) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("console"): p}
}

func TestOutlook(t *testing.T) {
	cfg := shortConfig()
	cfg.Rules = []Rule{{Include: []string{"queue.*"}, Forecast: true}}
	p := &page{Host: componenttest.NewNopHost()}
	r := newRig(t, cfg, p)
	defer r.stop()
	require.NotNil(t, p.asked)
	for range 30*60 + 5 { // a minute each: 30 hours
		r.feed(r.gauge(float64(100 + r.at.Hour())))
		r.at = r.at.Add(time.Minute - time.Second)
	}
	// The page knows the series by the points of the baseline families.
	last := r.baseline(signals.MetricBaselineObserved)[0]
	resource := r.metrics.AllMetrics()[0].ResourceMetrics().At(0).Resource().Attributes()
	id := attrhash.Combine(attrhash.Map(resource), attrhash.Map(last.Attributes()))

	got, ok := p.asked.Outlook(id, r.at)
	require.True(t, ok)
	require.Greater(t, got.History, 29*time.Hour)
	require.Len(t, got.Week, anomaly.WeekHours)
	require.Equal(t, r.at.Truncate(time.Hour).Add(-anomaly.WeekHours*time.Hour), got.WeekBegin.UTC())
	for i, mean := range got.Week {
		at := got.WeekBegin.Add(time.Duration(i) * time.Hour)
		if at.Before(begin) {
			require.True(t, math.IsNaN(mean), at)
		} else {
			require.InDelta(t, 100+at.Hour(), mean, 1, at)
		}
	}
	require.Len(t, got.Forecast, 24)
	require.Equal(t, 5*time.Minute, got.ForecastStep)
	require.WithinDuration(t, r.at, got.ForecastBegin, 6*time.Minute)
	_, ok = p.asked.Outlook(id+1, r.at)
	require.False(t, ok)
}
