package dashboards

import (
	"strings"

	"github.com/tidewatch/tidewatch/signals"
)

// The variables that choose data sources, by type: no dashboard names one itself.
var (
	prometheus    = DataSource{Type: "prometheus", UID: "${prometheus}"}
	loki          = DataSource{Type: "loki", UID: "${loki}"}
	elasticsearch = DataSource{Type: "elasticsearch", UID: "${elasticsearch}"}
	tempo         = DataSource{Type: "tempo", UID: "${tempo}"}
)

// prom asks Prometheus for the time that is shown.
//
//go:noinline
func prom(expr, legend string) *Target {
	return &Target{DataSource: &prometheus, Expr: expr, LegendFormat: legend, Range: true}
}

// promNow asks Prometheus for the end of the time that is shown.
//
//go:noinline
func promNow(expr string) *Target {
	return &Target{DataSource: &prometheus, Expr: expr, Instant: true}
}

// promRows asks Prometheus for the rows of a table.
//
//go:noinline
func promRows(expr string) *Target {
	return &Target{DataSource: &prometheus, Expr: expr, Instant: true, Format: "table"}
}

// exemplars asks for traces, too, that are examples of what is shown.
func (t *Target) exemplars() *Target {
	t.Exemplar = true
	return t
}

// logs asks Loki for lines.
//
//go:noinline
func logs(expr string) *Target {
	return &Target{DataSource: &loki, Expr: expr, QueryType: "range", MaxLines: 200}
}

// logCounts asks Loki for numbers over time.
//
//go:noinline
func logCounts(expr, legend string) *Target {
	return &Target{DataSource: &loki, Expr: expr, QueryType: "range", LegendFormat: legend}
}

// logNow asks Loki for numbers at the end of the time that is shown.
//
//go:noinline
func logNow(expr string) *Target {
	return &Target{DataSource: &loki, Expr: expr, QueryType: "instant"}
}

// series is the name that Prometheus has for a metric of package signals, with
// the suffixes that its unit and type give it.
func series(metric, suffix string) string {
	return strings.ReplaceAll(metric, ".", "_") + suffix
}

// Names of series. Those of upstream's receivers are written out where they are used.
var (
	spanCalls     = series(signals.MetricSpanCalls, "_total")
	spanDuration  = series(signals.MetricSpanDuration, "_milliseconds")
	graphRequests = signals.MetricGraphRequests
	graphFailed   = signals.MetricGraphFailed
	graphServer   = signals.MetricGraphServer
	serviceCalls  = series(signals.MetricServiceCalls, "_per_second")
	serviceErrors = series(signals.MetricServiceErrors, "_ratio")
	serviceMean   = series(signals.MetricServiceLatencyMean, "_seconds")
	serviceP99    = series(signals.MetricServiceLatencyP99, "_seconds")

	baselineObserved = series(signals.MetricBaselineObserved, "")
	baselineLower    = series(signals.MetricBaselineLower, "")
	baselineUpper    = series(signals.MetricBaselineUpper, "")
	baselineLearned  = series(signals.MetricBaselineLearned, "")
	anomalyScore     = series(signals.MetricAnomalyScore, "")
	anomalyState     = series(signals.MetricAnomalyState, "")
	forecast         = series(signals.MetricForecast, "")
	forecastLower    = series(signals.MetricForecastLower, "")
	forecastUpper    = series(signals.MetricForecastUpper, "")
	fullIn           = series(signals.MetricFullIn, "_seconds")

	logLines = series(signals.MetricLogLines, "_total")
)

// band asks for the edges of what is usual for the series of one metric that selector names.
func band(metric, selector string) []*Target {
	s := `{metric="` + metric + `"`
	if selector != "" {
		s += ", " + selector
	}
	s += "}"
	return []*Target{prom("max("+baselineUpper+s+")", bandUpper), prom("min("+baselineLower+s+")", bandLower)}
}

// quantile is a quantile of a histogram, by labels, whether it reached Prometheus
// as a native histogram (remote write) or a classic one (the page as text).
func quantile(q, histogram, selector, by string) string {
	classic := "histogram_quantile(" + q + ", sum by (le, " + by + ") (rate(" + histogram + "_bucket" + selector + "[$__rate_interval])))"
	native := "histogram_quantile(" + q + ", sum by (" + by + ") (rate(" + histogram + selector + "[$__rate_interval])))"
	return classic + " or " + native
}
