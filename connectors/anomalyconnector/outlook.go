package anomalyconnector

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/anomaly/forecast"
	"github.com/tidewatch/tidewatch/signals"
)

// outlook is the forecast of one series, from means of five minutes.
type outlook struct {
	means      forecast.Means
	forecaster *forecast.Forecaster
}

const (
	forecastStep = 5 * time.Minute
	// forecastHistory is how long a series must have been observed before it is
	// forecast: two hours, so that the horizons have been tried.
	forecastHistory = forecast.Ahead
)

func newOutlook() *outlook {
	f, err := forecast.New(forecastStep)
	if err != nil {
		panic(err) // the step is a constant in range
	}
	return &outlook{forecaster: f}
}

func (o *outlook) observe(t time.Time, v float64) {
	if begin, mean, ok := o.means.Add(t, v, forecastStep); ok {
		o.forecaster.Observe(begin, mean)
	}
}

// horizons are those exported, by the bins after the last complete one.
var horizons = [...]struct {
	name string
	bins int
}{{"30m", 6}, {"1h", 12}, {"2h", 24}}

// forecastFamilies are the forecast metrics, in the order of the values of a point.
var forecastFamilies = [...]struct{ name, description string }{
	{signals.MetricForecast, "The value expected so far ahead, the mean of five minutes."},
	{signals.MetricForecastLower, "The lower end of the range that holds nine of ten values so far ahead."},
	{signals.MetricForecastUpper, "The upper end of the range that holds nine of ten values so far ahead."},
}

// appendForecast adds the forecast of a series, once it has been observed for long
// enough.
func (b *baselines) appendForecast(s *subject, t pcommon.Timestamp, o *outlook) {
	if o.forecaster.History() < forecastHistory {
		return
	}
	if !b.forecasting {
		b.forecasting = true
		for i, f := range forecastFamilies {
			b.forecasts[i] = b.family(f.name, f.description)
		}
	}
	name := s.name()
	for _, h := range horizons {
		p, ok := o.forecaster.At(h.bins)
		if !ok {
			continue
		}
		for i, v := range [...]float64{p.Value, p.Lower, p.Upper} {
			point := b.forecasts[i].AppendEmpty()
			point.SetTimestamp(t)
			point.SetDoubleValue(v)
			s.attributes.CopyTo(point.Attributes())
			point.Attributes().PutStr(signals.AttrMetric, name)
			point.Attributes().PutStr(signals.AttrHorizon, h.name)
		}
	}
}

// family adds a gauge to the resource's metrics. Its name must be new there.
func (b *baselines) family(name, description string) pmetric.NumberDataPointSlice {
	m := b.scope.Metrics().AppendEmpty()
	m.SetName(name)
	m.SetDescription(description)
	return m.SetEmptyGauge().DataPoints()
}
