// Package otlpwire takes encoded OTLP apart without decoding it. The message of each
// signal (LogsData, MetricsData, TracesData) has one repeated field, number 1: the
// resources. So every encoded resource with its tag is a whole message by itself, and
// messages written one after the other are one message.
package otlpwire

import "encoding/binary"

// tag is field 1, length-delimited.
const tag = 1<<3 | 2

// Next splits the first resource with its tag from a message. It is false when b does
// not begin with a whole one: b is empty, cut off, or no OTLP.
func Next(b []byte) (resource, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != tag {
		return nil, b, false
	}
	size, n := binary.Uvarint(b[1:])
	if n <= 0 || size > uint64(len(b)-1-n) {
		return nil, b, false
	}
	end := 1 + n + int(size)
	return b[:end], b[end:], true
}

// Whole tells whether b is nothing but whole resources, so that another message may
// be written behind it. What is inside of them isn't looked at.
func Whole(b []byte) bool {
	for len(b) > 0 {
		var ok bool
		if _, b, ok = Next(b); !ok {
			return false
		}
	}
	return true
}
