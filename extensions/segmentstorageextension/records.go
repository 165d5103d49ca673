package segmentstorageextension

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// recordPaths lead from a request to its log records, spans and data points, by the
// numbers of the fields of OTLP; the last step of metrics may be any of its kinds.
var recordPaths = map[string][][]protowire.Number{
	"logs":    {{1, 2, 2}},
	"traces":  {{1, 2, 2}},
	"metrics": {{1, 2, 2, 5, 1}, {1, 2, 2, 7, 1}, {1, 2, 2, 9, 1}, {1, 2, 2, 10, 1}, {1, 2, 2, 11, 1}},
}

// requestData is the field of upstream's wrapper that holds the data; the wrapper
// begins with its version, a fixed32 of field 1, as no OTLP message does.
const requestData = 3

// countRecords returns how many records an item of a queue holds, without decoding
// them. An exporter with a form of its own for items begins them with that number,
// a varint of field 1, as no OTLP message does.
func countRecords(signal string, item []byte) int64 {
	num, kind, n := protowire.ConsumeTag(item)
	if n > 0 && num == 1 && kind == protowire.VarintType && recordPaths[signal] != nil {
		count, _ := protowire.ConsumeVarint(item[n:])
		return int64(min(count, math.MaxInt32)) //nolint:gosec // bounded just now
	}
	if n > 0 && num == 1 && kind == protowire.Fixed32Type {
		data, found := []byte(nil), false
		eachField(item, func(num protowire.Number, value []byte) {
			if num == requestData {
				data, found = value, true
			}
		})
		if !found {
			return 0
		}
		item = data
	}
	total := int64(0)
	for _, path := range recordPaths[signal] {
		total += countAt(item, path)
	}
	return total
}

func countAt(b []byte, path []protowire.Number) int64 {
	total := int64(0)
	eachField(b, func(num protowire.Number, value []byte) {
		switch {
		case num != path[0]:
		case len(path) == 1:
			total++
		default:
			total += countAt(value, path[1:])
		}
	})
	return total
}

// eachField calls f for the fields of a message that hold bytes, up to the first that
// is malformed.
func eachField(b []byte, f func(num protowire.Number, value []byte)) {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		if kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(b)
			if n < 0 {
				return
			}
			f(num, value)
			b = b[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(num, kind, b); n < 0 {
			return
		}
		b = b[n:]
	}
}
