package logformat

import (
	"encoding/hex"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the record as one JSON object: first_line and last_line (as
// given), ts (the program's own), severity, body and attributes. ts has an offset only where the line
// states one; severity is one of trace, debug, info, warn, error, fatal or empty.
func (r *Record) AppendJSON(dst []byte, first, last int) []byte {
	dst = append(dst, `{"first_line":`...)
	dst = strconv.AppendInt(dst, int64(first), 10)
	dst = append(dst, `,"last_line":`...)
	dst = strconv.AppendInt(dst, int64(last), 10)
	dst = append(dst, `,"ts":"`...)
	if r.Own.OK {
		dst = r.Own.AppendRFC3339(dst)
	} else {
		dst = r.Time.AppendRFC3339(dst)
	}
	dst = append(dst, `","severity":"`...)
	dst = append(dst, r.Severity.String()...)
	dst = append(dst, `","body":`...)
	dst = appendString(dst, r.Body)
	dst = append(dst, `,"attributes":{`...)
	at := len(dst)
	dst = appendMembers(dst, r.Fields)
	if r.TraceID != [16]byte{} && !r.has("trace_id") {
		dst = appendID(dst, at, "trace_id", r.TraceID[:])
	}
	if r.SpanID != [8]byte{} && !r.has("span_id") {
		dst = appendID(dst, at, "span_id", r.SpanID[:])
	}
	return append(dst, "}}"...)
}

func appendID(dst []byte, first int, key string, id []byte) []byte {
	if len(dst) > first {
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, '"'), key...), `":"`...)
	return append(hex.AppendEncode(dst, id), '"')
}

func appendMembers(dst []byte, fields []Field) []byte {
	for i := 0; i < len(fields); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, fields[i].Key)
		dst = append(dst, ':')
		dst = appendValue(dst, fields[i:])
		i += fields[i].Len
	}
	return dst
}

// appendValue appends the first field; its descendants follow it.
func appendValue(dst []byte, fields []Field) []byte {
	f := &fields[0]
	switch f.Kind {
	case KindString:
		return appendString(dst, f.Str)
	case KindInt:
		return strconv.AppendInt(dst, f.Int, 10)
	case KindFloat:
		return strconv.AppendFloat(dst, f.Float, 'g', -1, 64)
	case KindBool:
		return strconv.AppendBool(dst, f.Int != 0)
	case KindMap:
		dst = append(dst, '{')
		dst = appendMembers(dst, fields[1:1+f.Len])
		return append(dst, '}')
	case KindSlice:
		dst = append(dst, '[')
		for i := 1; i <= f.Len; i++ {
			if i > 1 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, fields[i:])
			i += fields[i].Len
		}
		return append(dst, ']')
	}
	return append(dst, "null"...)
}

// word returns the first eight bytes of s.
func word(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// special has the high bit of the first of eight bytes that does not stand for
// itself in a JSON string; it is 0 if there is none. It looks at all of them at once (Hacker's Delight, 6-1).
func special(x, quote, slash uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	return (x | (x - ones*' ') | (x ^ ones*quote - ones) | (x ^ ones*slash - ones)) & high
}

const hexDigits = "0123456789abcdef"

// appendString quotes s; bytes that are not UTF-8 become the replacement character.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		for i+8 <= len(s) {
			if mask := special(word(s[i:]), '"', '\\'); mask != 0 {
				i += bits.TrailingZeros64(mask) / 8
				break
			}
			i += 8
		}
		if i == len(s) {
			break
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
