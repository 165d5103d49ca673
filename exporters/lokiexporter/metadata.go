package lokiexporter

import (
	"strings"
	"unicode/utf8"

	"github.com/grafana/loki/pkg/push"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

const (
	// maxPairs is how many pairs a line may have: Loki's default is 128, and it
	// adds detected fields.
	maxPairs = 120
	// maxFlatten is how deep maps are taken apart; deeper ones become JSON.
	maxFlatten = 4
	// repeatedSuffix is added to the name of what has the name of another pair
	// already, as Loki does.
	repeatedSuffix = "_extracted"
)

// metadata collects the structured metadata of one line in dst, from start on.
type metadata struct {
	dst     []push.LabelAdapter
	start   int
	names   *names
	left    int // bytes
	dropped int // pairs that did not fit
}

// text adds a pair whose name is ours; empty values say nothing.
func (m *metadata) text(name, value string) {
	if value != "" {
		m.label(name, value)
	}
}

// value adds an attribute; a map as one pair per member, its names joined.
func (m *metadata) value(key string, v pcommon.Value, depth int) {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
	case pcommon.ValueTypeMap:
		if depth >= maxFlatten {
			m.label(m.names.of(key), string(pdatajson.AppendValue(nil, v)))
			return
		}
		for k, member := range v.Map().All() {
			m.value(key+"."+k, member, depth+1)
		}
	case pcommon.ValueTypeSlice:
		m.label(m.names.of(key), string(pdatajson.AppendValue(nil, v)))
	case pcommon.ValueTypeStr:
		m.label(m.names.of(key), v.Str())
	default:
		m.label(m.names.of(key), v.AsString())
	}
}

// label adds a pair where it fits.
func (m *metadata) label(name, value string) {
	if !utf8.ValidString(value) {
		value = strings.ToValidUTF8(value, "\ufffd")
	}
	for m.has(name) {
		name += repeatedSuffix
	}
	size := len(name) + len(value)
	if size > m.left || len(m.dst)-m.start >= maxPairs {
		m.dropped++
		return
	}
	m.left -= size
	m.dst = append(m.dst, push.LabelAdapter{Name: name, Value: value})
}

func (m *metadata) has(name string) bool {
	for i := range m.dst[m.start:] {
		if m.dst[m.start+i].Name == name {
			return true
		}
	}
	return false
}
