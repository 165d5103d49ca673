package signals

// Metrics that Tidewatch derives, in OpenTelemetry spelling. Prometheus sees
// them with dots as underscores and the usual suffixes.
const (
	// MetricPatternLines counts log records per pattern (monotonic sum, unit
	// "{record}"; attributes AttrPatternID and, where known, the severity).
	MetricPatternLines = "tidewatch.log.pattern.lines"
	// MetricLogLines counts log records per service and severity (monotonic sum).
	MetricLogLines = "tidewatch.log.lines"

	// The baseline families. Every point carries the watched series' resource and
	// attributes, plus AttrMetric with the metric's name. All values are in the
	// unit of MetricBaselineObserved: the value itself for gauges, the rate per
	// second for monotonic sums.
	MetricBaselineObserved = "tidewatch.baseline.observed"
	MetricBaselineLower    = "tidewatch.baseline.lower"
	MetricBaselineUpper    = "tidewatch.baseline.upper"
	// MetricAnomalyScore is 0 (ordinary) to 1 (never seen).
	MetricAnomalyScore = "tidewatch.anomaly.score"
	// MetricAnomalyState is one of the AnomalyState values.
	MetricAnomalyState = "tidewatch.anomaly.state"
	// MetricBaselineLearned is, of a series that is learning, the share of the
	// history it needs that it has, 0 to 1. Other series have no such point.
	MetricBaselineLearned = "tidewatch.baseline.learned"
	// The forecast families: the mean of five minutes, so far ahead as AttrHorizon
	// says, and the range that holds nine of ten. Attributes and unit are those of the
	// baseline families.
	MetricForecast      = "tidewatch.forecast"
	MetricForecastLower = "tidewatch.forecast.lower"
	MetricForecastUpper = "tidewatch.forecast.upper"
	// MetricFullIn is when a series reaches its bound, in seconds, if it goes on as it
	// does. Without a point it does not at this rate.
	MetricFullIn = "tidewatch.forecast.full_in"
)

// Values of MetricAnomalyState.
const (
	AnomalyStateLearning  = 0
	AnomalyStateNormal    = 1
	AnomalyStateAnomalous = 2
	AnomalyStateAdapting  = 3
)
