// Package history reads the past of series from where it is kept: the HTTP API of
// Prometheus and those that speak it (Mimir, Thanos, VictoriaMetrics), or CSV files.
package history
