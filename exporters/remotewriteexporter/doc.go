// Package remotewriteexporter sends metrics to anything that speaks Prometheus
// remote write: Prometheus itself, Mimir, Thanos, VictoriaMetrics.
package remotewriteexporter
