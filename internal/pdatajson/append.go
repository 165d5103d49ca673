// Package pdatajson appends strings and pdata values to a buffer as JSON.
// What it appends is always valid JSON and valid UTF-8, whatever the input.
package pdatajson

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxDepth bounds the nesting that is written; servers refuse documents that
// are nested much deeper, and the recursion must end.
const maxDepth = 32

// TooDeep stands for a value that is nested deeper than 32 levels.
const TooDeep = `"<too deep>"`

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, s)
	return append(dst, '"')
}

func appendEscaped(dst []byte, s string) []byte {
	start, i := 0, 0
	for i < len(s) {
		if i+8 <= len(s) && plain8(s[i:i+8]) {
			i += 8
			continue
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\ufffd"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c)
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}

// plain8 reports whether none of eight bytes needs an escape or is beyond
// ASCII, by the "has a byte less than n" and "has a zero byte" formulas of Sean
// Anderson's Bit Twiddling Hacks.
func plain8(s string) bool {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	const ones = 0x0101010101010101
	const highs = 0x8080808080808080
	quote := x ^ ones*'"'
	slash := x ^ ones*'\\'
	return ((x-ones*0x20)&^x|(quote-ones)&^quote|(slash-ones)&^slash|x)&highs == 0
}

// AppendValue appends v: maps as objects, byte slices in base64, an empty value
// and numbers that JSON lacks (NaN, infinities) as null. A number from a double
// always has a fraction or an exponent, so that a server which guesses types
// from the first document does not take it for an integer.
func AppendValue(dst []byte, v pcommon.Value) []byte { return appendValue(dst, v, 0) }

func appendValue(dst []byte, v pcommon.Value, depth int) []byte {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return AppendString(dst, v.Str())
	case pcommon.ValueTypeInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case pcommon.ValueTypeDouble:
		return AppendDouble(dst, v.Double())
	case pcommon.ValueTypeBool:
		return strconv.AppendBool(dst, v.Bool())
	case pcommon.ValueTypeBytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes().AsRaw())
		return append(dst, '"')
	case pcommon.ValueTypeMap:
		if depth >= maxDepth {
			return append(dst, TooDeep...)
		}
		return appendMap(dst, v.Map(), depth+1)
	case pcommon.ValueTypeSlice:
		if depth >= maxDepth {
			return append(dst, TooDeep...)
		}
		return appendSlice(dst, v.Slice(), depth+1)
	default:
		return append(dst, "null"...)
	}
}

func appendSlice(dst []byte, s pcommon.Slice, depth int) []byte {
	dst = append(dst, '[')
	for i := range s.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendValue(dst, s.At(i), depth)
	}
	return append(dst, ']')
}

// AppendMap appends m as an object by the rules of Members.
func AppendMap(dst []byte, m pcommon.Map) []byte { return appendMap(dst, m, 0) }

func appendMap(dst []byte, m pcommon.Map, depth int) []byte {
	dst = append(dst, '{')
	var members Members
	for k, v := range m.All() {
		if !members.Add(m, k) {
			continue
		}
		if members.Len() > 1 {
			dst = append(dst, ',')
		}
		dst = AppendKey(dst, k)
		dst = appendValue(dst, v, depth)
	}
	return append(dst, '}')
}

// AppendKey appends k as the name of a member, with its colon. An empty name,
// which servers refuse, is written as "<empty>".
func AppendKey(dst []byte, k string) []byte {
	if k == "" {
		return append(dst, `"<empty>":`...)
	}
	dst = AppendString(dst, k)
	return append(dst, ':')
}

// AppendDouble appends f as AppendValue does.
func AppendDouble(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, '.', '0')
}
