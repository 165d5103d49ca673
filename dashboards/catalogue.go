package dashboards

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/tidewatch/tidewatch/signals"
)

// Metrics knows names of series, and their labels. It is read only.
type Metrics struct {
	labels map[string][]string // nil: any label
}

// Emitted returns what the agent emits, and what a kubelet serves it: signals.Metrics.
var Emitted = sync.OnceValue(func() Metrics {
	m := Metrics{labels: map[string][]string{}}
	for _, l := range signals.Metrics() {
		m.labels[l.Name] = l.Labels
		if l.Type == "histogram" {
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				m.labels[l.Name+suffix] = l.Labels
			}
		}
	}
	return m
})

// ParseMetrics reads lines of a name and its labels, separated by spaces; lines that
// begin with # are left out, and a * stands for any labels.
func ParseMetrics(text string) Metrics {
	m := Metrics{labels: map[string][]string{}}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		labels := words[1:]
		if slices.Contains(labels, "*") {
			labels = nil
		} else if labels == nil {
			labels = []string{}
		}
		m.labels[words[0]] = labels
		// A histogram that is sent as a native one has no suffix.
		if base, ok := strings.CutSuffix(words[0], "_bucket"); ok {
			m.labels[base] = labels
		}
	}
	return m
}

// Has tells whether there is a series of the name.
func (m Metrics) Has(name string) bool {
	_, ok := m.labels[name]
	return ok
}

// everywhere are labels that any series may have: those that a scrape adds, and
// those that the entity gives.
var everywhere = []string{"job", "instance", "exported_job", "exported_instance", "host_name", "service_name", "service_namespace", "service_instance_id", "deployment_environment_name", "le", "quantile"}

// hasLabel tells whether series of the name may have the label.
func (m Metrics) hasLabel(name, label string) bool {
	labels := m.labels[name]
	return labels == nil || slices.Contains(labels, label) || slices.Contains(everywhere, label) || strings.HasPrefix(label, "k8s_")
}

// ours are beginnings of names that belong to the agent: such a name that is not
// known is a mistake, any other may be an application's.
var ours = []string{"tidewatch_", "otelcol_", "system_", "traces_span_metrics_", "traces_service_graph_"}

// Own tells whether a name is one that only the agent would emit.
func Own(name string) bool {
	return slices.ContainsFunc(ours, func(p string) bool { return strings.HasPrefix(name, p) })
}

// With returns the metrics of both; where both have a name, m says its labels.
func (m Metrics) With(more Metrics) Metrics {
	all := Metrics{labels: maps.Clone(more.labels)}
	maps.Copy(all.labels, m.labels)
	return all
}
