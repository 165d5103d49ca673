// Package promseries turns OpenTelemetry metrics into Prometheus series: names
// with unit and type suffixes, sorted and sanitised labels, job and instance,
// target_info, counters summed up from deltas, classic and native histograms,
// summaries, exemplars and staleness. Both the scrape page and remote write
// are built on it, so that a series has the same identity on either way.
package promseries
