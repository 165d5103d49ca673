// Package signals holds the names that more than one part of Tidewatch must
// agree on: attributes, metric names, findings and default addresses. The
// component that emits a name and the dashboard, rule or page that shows it use
// the same constant, so that a renamed metric fails to compile instead of
// leaving an empty panel. metrics.txt lists all metrics, for rules, dashboards and
// docs/metrics.md. The package holds no behaviour and imports nothing of ours.
package signals

//go:generate go test ../internal/lint -run MetricsListIsTheCode -update
