package signals

import (
	_ "embed" // the list of metrics
	"strings"
	"sync"
)

// Metric is one of the metrics that dashboards, rules and the reference may speak of.
type Metric struct {
	// Name as Prometheus sees it; a histogram has it without _bucket, _count and _sum.
	Name string
	// Type is counter, gauge, histogram or summary.
	Type string
	// Unit as UCUM has it ({record} counts records); empty for numbers without one.
	Unit string
	// Labels besides those of the scrape and of the resource; nil where any may be.
	Labels []string
	// Source is the section of the list: the folder of the package that makes the metric
	// about itself, or one of the Source constants.
	Source string
	// Help is one sentence.
	Help string
}

// Sources of metrics that are not of a package of ours.
const (
	// SourceHost is what the host_metrics receiver reads from the host.
	SourceHost = "host"
	// SourceDerived is what connectors make of logs, metrics and traces.
	SourceDerived = "derived"
	// SourceRuntime is what the collector says about itself.
	SourceRuntime = "runtime"
	// SourceKubernetes is what a kubelet serves.
	SourceKubernetes = "kubernetes"
	// SourceScrape is what whoever scrapes adds.
	SourceScrape = "scrape"
	// SourceMiddleware is what the middleware receiver asks of servers.
	SourceMiddleware = "middleware"
	// SourceApplications is what others send by OpenTelemetry's conventions.
	SourceApplications = "applications"
)

//go:embed metrics.txt
var metricsText string

// Metrics returns the list of metrics in its order. It is read only.
var Metrics = sync.OnceValue(func() []Metric { return ParseMetrics(metricsText) })

// ParseMetrics reads the list; metrics.txt says how it is written. What it does not
// understand it leaves out, for a test of the list to find.
func ParseMetrics(text string) []Metric {
	var all []Metric
	source := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if head, ok := strings.CutPrefix(line, "["); ok {
			source, _, _ = strings.Cut(head, "]")
			continue
		}
		facts, help, ok := strings.Cut(line, " | ")
		words := strings.Fields(facts)
		if !ok || len(words) != 4 || strings.HasPrefix(line, "#") {
			continue
		}
		m := Metric{Name: words[0], Type: words[1], Unit: words[2], Source: source, Help: help}
		if m.Unit == "-" {
			m.Unit = ""
		}
		switch words[3] {
		case "*":
		case "-":
			m.Labels = []string{}
		default:
			m.Labels = strings.Split(words[3], ",")
		}
		all = append(all, m)
	}
	return all
}
