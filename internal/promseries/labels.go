package promseries

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// maxLabelValue bounds one value: what is longer is a payload, not a label.
	maxLabelValue = 4096
	// maxLabelNames bounds the cache of sanitised names; programs use hundreds.
	maxLabelNames = 8192
	// maxExemplarRunes is the limit of OpenMetrics 1.0.
	maxExemplarRunes = 128
)

// pair is a label before duplicates are resolved.
type pair struct{ key, name, value string }

// labelNames sanitises label names and remembers the result. It also keeps short
// values, which many series share.
type labelNames struct {
	namer  otlptranslator.LabelNamer
	known  map[string]string
	values map[string]string
}

const (
	// maxShared is the length up to which a value is looked for among those kept.
	maxShared = 64
	// maxValues bounds the values kept; a full cache starts over.
	maxValues = 8192
)

// value is the label value for v, valid UTF-8 and bounded; it is no part of v.
func (n *labelNames) value(v pcommon.Value) string {
	if v.Type() != pcommon.ValueTypeStr || len(v.Str()) > maxShared {
		return cleanValue(v.AsString())
	}
	if s, ok := n.values[v.Str()]; ok {
		return s
	}
	if len(n.values) >= maxValues {
		clear(n.values)
	}
	s := cleanValue(v.Str())
	n.values[s] = s
	return s
}

// name is the label for an attribute key, "" when nothing readable is left of it.
func (n *labelNames) name(key string) string {
	if name, ok := n.known[key]; ok {
		return name
	}
	if len(n.known) >= maxLabelNames {
		clear(n.known)
	}
	key = strings.Clone(key)
	name, err := n.namer.Build(strings.ToValidUTF8(key, "_"))
	switch {
	case err != nil:
		name = ""
	case strings.HasPrefix(name, "__"): // reserved for Prometheus itself
		name = "key" + name
	}
	n.known[key] = name
	return name
}

// value is the label value for v, copied, valid UTF-8 and bounded.
func value(v pcommon.Value) string { return cleanValue(v.AsString()) }

func cleanValue(s string) string {
	if len(s) > maxLabelValue {
		n := maxLabelValue
		for n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		s = s[:n]
	}
	if !utf8.ValidString(s) {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.Clone(s)
}

// appendAttrs adds the attributes of a point. A name in reserved gets the
// prefix exported_, as a Prometheus server does with labels that it sets itself.
func (n *labelNames) appendAttrs(dst []pair, attrs pcommon.Map, reserved ...string) []pair {
	for k, v := range attrs.All() {
		name := n.name(k)
		if name == "" {
			continue
		}
		if slices.Contains(reserved, name) {
			name = "exported_" + name
		}
		if s := n.value(v); s != "" { // an empty label is an absent label
			dst = append(dst, pair{key: k, name: name, value: s})
		}
	}
	return dst
}

// merge sorts the pairs by name. Values of attributes that became the same name
// are joined by ";" in the order of their keys, as the OpenTelemetry
// specification has it. There is room for so many more.
func merge(pairs []pair, more int) []Label {
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.key, b.key))
	})
	labels := make([]Label, 0, len(pairs)+more)
	for _, p := range pairs {
		if last := len(labels) - 1; last >= 0 && labels[last].Name == p.name {
			labels[last].Value += ";" + p.value
			continue
		}
		labels = append(labels, Label{p.name, p.value})
	}
	return labels
}

// addMissing adds those of more whose names labels does not have, and sorts.
func addMissing(labels, more []Label) []Label {
	own := labels
	for _, m := range more {
		if !slices.ContainsFunc(own, func(l Label) bool { return l.Name == m.Name }) {
			labels = append(labels, m)
		}
	}
	slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return labels
}
