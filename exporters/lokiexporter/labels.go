package lokiexporter

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// serviceLabel is the label by which Loki's own pages group; it wants one on every
	// stream, and does not count it among the labels it limits.
	serviceLabel = "service_name"
	// unknownService is its value where the resource names no service.
	unknownService = "unknown_service"
	// maxLabelValue cuts values of labels; Loki refuses more than 2048 bytes.
	maxLabelValue = 1024
	// maxTenant is the most that Loki takes as a tenant.
	maxTenant = 150
)

// label is one that a resource attribute becomes.
type label struct {
	key, name string
	rank      int // position in the configuration
}

// labels are the allowed ones, by name.
type labels []label

func newLabels(keys []string) labels {
	l := make(labels, 0, len(keys)+1)
	for i, key := range keys {
		l = append(l, label{key, labelName(key), i})
	}
	if !slices.ContainsFunc(l, func(l label) bool { return l.name == serviceLabel }) {
		l = append(l, label{name: serviceLabel})
	}
	slices.SortFunc(l, func(a, b label) int { return strings.Compare(a.name, b.name) })
	return l
}

// has reports whether the attribute key is a label, and not one too many for the stream
// that of was last called for.
func (l labels) has(b *batch, key string) bool {
	for i := range l {
		if l[i].key == key {
			return !b.tooMany[i]
		}
	}
	return false
}

// of returns the label set of a resource as Loki writes it, with at most so many, and how
// many it has. The first in the configuration come first.
func (l labels) of(b *batch, attrs pcommon.Map, most int) (set string, n int) {
	b.values, b.tooMany = b.values[:0], b.tooMany[:0]
	for i := range l {
		value := ""
		if l[i].key != "" {
			if v, ok := attrs.Get(l[i].key); ok {
				value = strings.ToValidUTF8(cut(v.AsString(), maxLabelValue), "\ufffd")
			}
		}
		if l[i].name == serviceLabel {
			value = cmp.Or(value, unknownService)
		} else if value != "" {
			n++
		}
		b.values, b.tooMany = append(b.values, value), append(b.tooMany, false)
	}
	for ; n > most; n-- {
		l.leaveOut(b)
	}
	text := append(b.text[:0], '{')
	for i, value := range b.values {
		if value == "" || b.tooMany[i] {
			continue
		}
		if len(text) > 1 {
			text = append(text, ", "...)
		}
		text = append(append(text, l[i].name...), '=')
		text = strconv.AppendQuote(text, value)
	}
	b.text = append(text, '}')
	if len(b.streams) > 0 && b.streams[len(b.streams)-1].id.labels == string(b.text) {
		return b.streams[len(b.streams)-1].id.labels, n
	}
	return string(b.text), n
}

// leaveOut leaves out the last label that is there, service_name aside.
func (l labels) leaveOut(b *batch) {
	last := -1
	for i := range l {
		if b.values[i] != "" && !b.tooMany[i] && l[i].name != serviceLabel && (last < 0 || l[i].rank > l[last].rank) {
			last = i
		}
	}
	if last >= 0 {
		b.tooMany[last] = true
	}
}

// lateLabel is the label of streams for lines that come too late for their own: the hour
// that they are of.
const lateLabel = "tidewatch_late"

// withLabel inserts a label into a set, in its place by name.
func withLabel(set, name, value string) string {
	at := 1 // after the brace
	for at < len(set)-1 {
		end := at + strings.IndexByte(set[at:], '=')
		if set[at:end] > name {
			break
		}
		quoted, err := strconv.QuotedPrefix(set[end+1:])
		if err != nil {
			return set // never: the set is ours
		}
		at = end + 1 + len(quoted)
		at += len(set[at:]) - len(strings.TrimPrefix(set[at:], ", "))
	}
	pair := name + "=" + strconv.Quote(value)
	switch {
	case len(set) == len("{}"):
		return "{" + pair + "}"
	case at == len(set)-1:
		return set[:at] + ", " + pair + "}"
	default:
		return set[:at] + pair + ", " + set[at:]
	}
}

// tenantOf returns the tenant that attrs name, in characters that Loki takes, or empty.
func (e *encoder) tenantOf(attrs pcommon.Map) string {
	if e.tenant == "" {
		return ""
	}
	v, ok := attrs.Get(e.tenant)
	if !ok {
		return ""
	}
	return tenantName(v.AsString())
}

// tenantName replaces what Loki does not take in a tenant by underscores.
func tenantName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("!-_.*'()", r):
			return r
		}
		return '_'
	}, s)
	if s == "." || s == ".." { // Loki keeps them for itself
		return strings.Repeat("_", len(s))
	}
	return cut(s, maxTenant)
}
