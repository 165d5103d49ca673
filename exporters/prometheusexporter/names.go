package prometheusexporter

import (
	"strings"

	"github.com/prometheus/common/model"
)

// names puts the names of families and labels into the form that a scraper asked
// for. Names that were valid before Prometheus 3 are the same in all forms.
type names struct {
	scheme model.EscapingScheme
	seen   map[string]struct{} // families on the page; nil where no two can be equal
}

func newNames(scheme model.EscapingScheme, utf8 bool) names {
	n := names{scheme: scheme}
	if utf8 && scheme != model.NoEscaping {
		n.seen = map[string]struct{}{}
	}
	return n
}

// family is false for a family whose escaped name another one has: a page may
// have a name once.
func (n *names) family(name string) (string, bool) {
	if n.seen == nil {
		return name, true
	}
	if !model.LegacyValidation.IsValidMetricName(name) {
		name = model.EscapeName(name, n.scheme)
	}
	_, taken := n.seen[name]
	n.seen[name] = struct{}{}
	return name, !taken
}

func (n *names) label(name string) string {
	if n.seen == nil || model.LegacyValidation.IsValidLabelName(name) {
		return name
	}
	if name = model.EscapeName(name, n.scheme); strings.Contains(name, ":") { // valid in names of metrics only
		name = strings.ReplaceAll(name, ":", "_")
	}
	return name
}

// plain tells whether all label names are the same in all forms.
func plain(r *row) bool {
	for _, l := range r.series.Labels {
		if !model.LegacyValidation.IsValidLabelName(l.Name) {
			return false
		}
	}
	return true
}
