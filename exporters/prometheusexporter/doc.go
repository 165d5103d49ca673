// Package prometheusexporter serves the latest value of every series on a page
// that any Prometheus can scrape.
package prometheusexporter
