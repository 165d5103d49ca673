package logformat

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds nested JSON; what is deeper makes the line plain text.
const maxDepth = 64

// jsonReader reads one JSON object into a flat list of fields. Strings without
// escapes are substrings of the input.
type jsonReader struct {
	s      string
	i      int
	fields []Field
}

func (j *jsonReader) space() {
	for j.i < len(j.s) {
		switch j.s[j.i] {
		case ' ', '\t', '\r', '\n':
			j.i++
		default:
			return
		}
	}
}

// str reads a string; the opening quote is at i.
func (j *jsonReader) str() (string, bool) {
	start := j.i + 1
	n := strings.IndexByte(j.s[start:], '"')
	if n < 0 {
		return "", false
	}
	v := j.s[start : start+n]
	if strings.IndexByte(v, '\\') < 0 {
		j.i = start + n + 1
		return v, true
	}
	return j.escaped(start)
}

func (j *jsonReader) escaped(start int) (string, bool) {
	i := start
	for i < len(j.s) && j.s[i] != '"' {
		if j.s[i] == '\\' {
			i++
		}
		i++
	}
	if i >= len(j.s) {
		return "", false
	}
	v, ok := unescape(j.s[start:i])
	j.i = i + 1
	return v, ok
}

func unescape(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		k := strings.IndexByte(s[i:], '\\')
		if k < 0 {
			b = append(b, s[i:]...)
			break
		}
		b = append(b, s[i:i+k]...)
		i += k + 1
		if i >= len(s) {
			return "", false
		}
		c := s[i]
		i++
		switch c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, ok := hex4(s, i)
			if !ok {
				return "", false
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if i+1 < len(s) && s[i] == '\\' && s[i+1] == 'u' {
					low, ok = hex4(s, i+2)
				}
				if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
					r = full
					i += 6
				} else {
					r = utf8.RuneError
				}
			}
			b = utf8.AppendRune(b, r)
		default:
			return "", false
		}
	}
	return string(b), true
}

func hex4(s string, i int) (rune, bool) {
	if i+4 > len(s) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[i : i+4]) {
		n := unhex(c)
		if n > 15 {
			return 0, false
		}
		r = r<<4 | rune(n)
	}
	return r, true
}

func unhex(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// value reads any value at i and appends it, with its descendants, under key.
func (j *jsonReader) value(key string, depth int) bool {
	j.space()
	if j.i >= len(j.s) || depth > maxDepth {
		return false
	}
	switch c := j.s[j.i]; {
	case c == '"':
		v, ok := j.str()
		j.fields = append(j.fields, Field{Key: key, Str: v})
		return ok
	case c == '{':
		return j.object(key, depth)
	case c == '[':
		return j.array(key, depth)
	case c == '-' || c-'0' <= 9:
		return j.number(key)
	case c == 't' && strings.HasPrefix(j.s[j.i:], "true"):
		j.i += 4
		j.fields = append(j.fields, Field{Key: key, Str: "true", Int: 1, Kind: KindBool})
	case c == 'f' && strings.HasPrefix(j.s[j.i:], "false"):
		j.i += 5
		j.fields = append(j.fields, Field{Key: key, Str: "false", Kind: KindBool})
	case c == 'n' && strings.HasPrefix(j.s[j.i:], "null"):
		j.i += 4
		j.fields = append(j.fields, Field{Key: key, Kind: KindNull})
	default:
		return false
	}
	return true
}

func (j *jsonReader) object(key string, depth int) bool {
	at := len(j.fields)
	j.fields = append(j.fields, Field{Key: key, Kind: KindMap})
	j.i++
	for first := true; ; first = false {
		k, more, ok := j.member(first)
		if !ok {
			return false
		}
		if !more {
			break
		}
		if !j.value(k, depth+1) {
			return false
		}
	}
	j.fields[at].Len = len(j.fields) - at - 1
	return true
}

// member reads the separator and the key of the next member up to its colon;
// more is false at the end of the object.
func (j *jsonReader) member(first bool) (key string, more, ok bool) {
	j.space()
	if j.i >= len(j.s) {
		return "", false, false
	}
	if j.s[j.i] == '}' {
		j.i++
		return "", false, true
	}
	if !first {
		if j.s[j.i] != ',' {
			return "", false, false
		}
		j.i++
		j.space()
	}
	if j.i >= len(j.s) || j.s[j.i] != '"' {
		return "", false, false
	}
	if key, ok = j.str(); !ok {
		return "", false, false
	}
	j.space()
	if j.i >= len(j.s) || j.s[j.i] != ':' {
		return "", false, false
	}
	j.i++
	return key, true, true
}

func (j *jsonReader) array(key string, depth int) bool {
	at := len(j.fields)
	j.fields = append(j.fields, Field{Key: key, Kind: KindSlice})
	j.i++
	for first := true; ; first = false {
		j.space()
		if j.i >= len(j.s) {
			return false
		}
		if j.s[j.i] == ']' {
			j.i++
			break
		}
		if !first {
			if j.s[j.i] != ',' {
				return false
			}
			j.i++
		}
		if !j.value("", depth+1) {
			return false
		}
	}
	j.fields[at].Len = len(j.fields) - at - 1
	return true
}

// number keeps the literal; what does not fit 64 bits stays a string, so that no
// digit is lost.
func (j *jsonReader) number(key string) bool {
	start := j.i
	whole := true
	var v int64
	neg := j.s[j.i] == '-'
	if neg {
		j.i++
	}
	digits := j.i
	for ; j.i < len(j.s); j.i++ {
		c := j.s[j.i]
		if c-'0' <= 9 {
			v = v*10 + int64(c-'0')
			continue
		}
		if c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-' {
			whole = false
			continue
		}
		break
	}
	lit := j.s[start:j.i]
	if j.i == digits {
		return false
	}
	f := Field{Key: key, Str: lit}
	switch {
	case whole && j.i-digits <= 18:
		if neg {
			v = -v
		}
		f.Int, f.Kind = v, KindInt
	case whole:
		if n, err := strconv.ParseInt(lit, 10, 64); err == nil {
			f.Int, f.Kind = n, KindInt
		}
	default:
		if x, err := strconv.ParseFloat(lit, 64); err == nil {
			f.Float, f.Kind = x, KindFloat
		}
	}
	j.fields = append(j.fields, f)
	return true
}
