package lokiexporter

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

const (
	// maxFlatten is how deep maps are taken apart; deeper ones become JSON.
	maxFlatten = 4
	// repeatedSuffix is added to the name of what has the name of another pair
	// already, as Loki does.
	repeatedSuffix = "_extracted"
	// leftOut is the name of the pair that says how many pairs did not fit, and lineCut
	// of the one that says by how many bytes a line was cut.
	leftOut = "tidewatch_metadata_left_out"
	lineCut = "tidewatch_line_cut_bytes"
)

// metadata writes the pairs of one record, or those that records share.
type metadata struct {
	b       *batch
	record  uint64 // its number, never 0
	bytes   int    // that are left
	pairs   int    // that are left
	dropped int    // pairs that did not fit
	passing bool   // whether attributes whose values are passing are written
	sharing bool   // whether the pairs are kept in batch.shared
}

// text writes a pair whose name is a label; empty values say nothing.
func (m *metadata) text(n *name, value string) {
	if value != "" {
		m.pair(n, value)
	}
}

func (m *metadata) pair(n *name, value string) {
	if !utf8.ValidString(value) {
		value = strings.ToValidUTF8(value, "\ufffd")
	}
	put(m, n, value)
}

// id writes a pair in hexadecimal.
func (m *metadata) id(n *name, id []byte) {
	m.b.text = hex.AppendEncode(m.b.text[:0], id)
	put(m, n, m.b.text)
}

// put writes a pair where it fits. Where the record has its name already it gets another.
func put[T ~string | ~[]byte](m *metadata, n *name, value T) {
	for n.used == m.record {
		n = m.b.names.label(n.text + repeatedSuffix)
	}
	size := len(n.text) + len(value)
	if size > m.bytes || m.pairs == 0 {
		m.dropped++
		return
	}
	m.bytes -= size
	m.pairs--
	n.used = m.record
	low := len(m.b.wire)
	m.b.wire = appendPair(m.b.wire, n.field, value)
	if m.sharing {
		m.b.shared = append(m.b.shared, shared{name: n, low: low, high: len(m.b.wire), value: len(value)})
	}
}

// members writes the members of a map, its maps taken apart with their names joined.
func (m *metadata) members(parent *key, all pcommon.Map, depth int) {
	var k *key
	for text, v := range all.All() {
		if m.pairs == 0 {
			m.dropped += leaves(v)
			continue
		}
		k = m.b.names.member(parent, k, text)
		if m.passing || !k.passing {
			m.value(k, v, depth)
		}
	}
}

// leaves counts the pairs of a value.
func leaves(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return 0
	case pcommon.ValueTypeMap:
		n := 0
		for _, member := range v.Map().All() {
			n += leaves(member)
		}
		return n
	default:
		return 1
	}
}

func (m *metadata) value(k *key, v pcommon.Value, depth int) {
	b := m.b
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return
	case pcommon.ValueTypeMap:
		if depth < maxFlatten {
			m.members(k, v.Map(), depth+1)
			return
		}
		b.text = pdatajson.AppendValue(b.text[:0], v)
	case pcommon.ValueTypeStr:
		m.pair(b.names.of(k), v.Str())
		return
	case pcommon.ValueTypeInt:
		b.text = strconv.AppendInt(b.text[:0], v.Int(), 10)
	case pcommon.ValueTypeDouble:
		b.text = appendDouble(b.text[:0], v)
	case pcommon.ValueTypeBool:
		b.text = strconv.AppendBool(b.text[:0], v.Bool())
	case pcommon.ValueTypeBytes:
		b.text = base64.StdEncoding.AppendEncode(b.text[:0], v.Bytes().AsRaw())
	case pcommon.ValueTypeSlice:
		b.text = pdatajson.AppendValue(b.text[:0], v)
	default:
		b.text = append(b.text[:0], v.AsString()...)
	}
	put(m, b.names.of(k), b.text)
}

// appendDouble appends a number as AsString writes it, without an allocation for those
// that need no exponent.
func appendDouble(dst []byte, v pcommon.Value) []byte {
	if f := math.Abs(v.Double()); f == 0 || f >= 1e-6 && f < 1e21 {
		return strconv.AppendFloat(dst, v.Double(), 'f', -1, 64)
	}
	return append(dst, v.AsString()...)
}

// shared is a pair that all records of one resource and scope have.
type shared struct {
	name      *name
	low, high int // the pair in batch.sharedWire
	value     int // length
}

// repeat writes the shared pairs.
func (m *metadata) repeat() {
	b := m.b
	for i := range b.shared {
		s := &b.shared[i]
		size := len(s.name.text) + s.value
		switch {
		case s.name.used == m.record:
			put(m, s.name, b.sharedWire[s.high-s.value:s.high])
		case size > m.bytes || m.pairs == 0:
			m.dropped++
		default:
			m.bytes -= size
			m.pairs--
			b.wire = append(b.wire, b.sharedWire[s.low:s.high]...)
		}
	}
}

// levels are the names of the severity numbers' ranges, four numbers each.
var levels = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

// level is the record's severity as Loki names it, or empty.
func level(r plog.LogRecord) string {
	if n := r.SeverityNumber(); n >= plog.SeverityNumberTrace && n <= plog.SeverityNumberFatal4 {
		return levels[(n-1)/4]
	}
	return strings.ToLower(r.SeverityText())
}
