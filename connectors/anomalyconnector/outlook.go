package anomalyconnector

import (
	"math"
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
	trend      *forecast.Trend // nil without a bound
	fullIn     float64         // seconds; NaN: not at this rate
	binAt      time.Time       // when the last complete bin began; zero before the first of this process
}

const (
	forecastStep = 5 * time.Minute
	// forecastHistory is how long a series must have been observed before it is
	// forecast: two hours, so that the horizons have been tried.
	forecastHistory = forecast.Ahead
)

// newOutlook is for a series of the rule r.
func newOutlook(r *rule) *outlook {
	f, err := forecast.New(forecastStep)
	if err != nil {
		panic(err) // the step is a constant in range
	}
	o := &outlook{forecaster: f}
	o.use(r)
	return o
}

// use begins to follow the bound of a rule, or ends it.
func (o *outlook) use(r *rule) {
	switch {
	case r.Full == nil:
		o.trend = nil
	case o.trend == nil:
		o.trend = &forecast.Trend{}
	}
	o.fullIn = math.NaN()
}

func (o *outlook) observe(t time.Time, v float64, r *rule) {
	begin, mean, ok := o.means.Add(t, v, forecastStep)
	if !ok {
		return
	}
	o.forecaster.Observe(begin, mean)
	o.binAt = begin
	if o.trend == nil || r.Full == nil {
		return
	}
	o.trend.Observe(begin, mean)
	o.fullIn = math.NaN()
	if reach, ok := o.trend.Until(*r.Full, mean); ok {
		o.fullIn = reach.In.Seconds()
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
	if !math.IsNaN(o.fullIn) {
		if !b.filling {
			b.filling = true
			b.full = b.family(signals.MetricFullIn, "Seconds until the series reaches its bound, if it goes on as it does.")
		}
		point := b.full.AppendEmpty()
		point.SetTimestamp(t)
		point.SetDoubleValue(o.fullIn)
		s.attributes.CopyTo(point.Attributes())
		point.Attributes().PutStr(signals.AttrMetric, name)
	}
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

// The parts of an outlook in a snapshot.
const (
	savedForecaster = 1 << iota
	savedTrend
)

func (o *outlook) parts() uint64 {
	switch {
	case o == nil:
		return 0
	case o.trend == nil:
		return savedForecaster
	}
	return savedForecaster | savedTrend
}

func (o *outlook) appendSnapshot(b []byte) []byte {
	b = o.forecaster.AppendSnapshot(b)
	if o.trend != nil {
		b = o.trend.AppendSnapshot(b)
	}
	return b
}

// restoreOutlook reads the parts that a snapshot has, and returns what follows.
func restoreOutlook(parts uint64, b []byte) (o *outlook, rest []byte, err error) {
	o = &outlook{fullIn: math.NaN()}
	if o.forecaster, rest, err = forecast.Restore(b); err != nil {
		return nil, b, err
	}
	if parts&savedTrend != 0 {
		o.trend, rest, err = forecast.RestoreTrend(rest)
	}
	return o, rest, err
}
