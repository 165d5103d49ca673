package elasticsearchexporter

import (
	"encoding/hex"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// clock writes timestamps as Elasticsearch's date_nanos wants them. It keeps
// the last second's text: neighbours mostly share it.
type clock struct {
	second uint64
	text   []byte
}

// append appends at as "2006-01-02T15:04:05.999999999Z", always with nine digits.
func (c *clock) append(dst []byte, at pcommon.Timestamp) []byte {
	sec, nanos := uint64(at)/1e9, uint64(at)%1e9
	if c.text == nil || sec != c.second {
		c.second = sec
		c.text = append(c.text[:0], '"')
		c.text = time.Unix(int64(sec), 0).UTC().AppendFormat(c.text, "2006-01-02T15:04:05.")
	}
	dst = append(dst, c.text...)
	var digits [9]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + nanos%10)
		nanos /= 10
	}
	dst = append(dst, digits[:]...)
	return append(dst, 'Z', '"')
}

// valid reports whether date_nanos can hold the time: years 1970 to 2262, and
// zero means that there is none.
func valid(at pcommon.Timestamp) bool { return at > 0 && at <= math.MaxInt64 }

// firstValid returns the first time that can be stored, else the time now.
func firstValid(times ...pcommon.Timestamp) pcommon.Timestamp {
	for _, t := range times {
		if valid(t) {
			return t
		}
	}
	return pcommon.NewTimestampFromTime(time.Now())
}

// appendHexField appends an id of bytes in hexadecimal, with a comma before it.
func appendHexField(dst []byte, name string, id []byte) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':', '"')
	dst = hex.AppendEncode(dst, id)
	return append(dst, '"')
}
