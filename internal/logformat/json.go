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
	// unescaped is true if it is known that s has no backslash.
	unescaped bool
	// known, if set, spares reading keys that came before; role and rank are then
	// those of the last key.
	known *knownKeys
	role  role
	rank  uint8
}

// parseJSON reads a line that is one JSON object.
func (p *Parser) parseJSON(line string, r *Record) bool {
	start := 0
	for start < len(line) && (line[start] == ' ' || line[start] == '\t') {
		start++
	}
	if start >= len(line) || line[start] != '{' {
		return false
	}
	p.keys.begin()
	p.json = jsonReader{s: line, i: start + 1, fields: r.Fields, unescaped: strings.IndexByte(line, '\\') < 0, known: &p.keys}
	j := &p.json
	var ranks [roleCount]uint8
	ok := false
	for first := true; ; first = false {
		key, more, good := j.member(first)
		if !good {
			break
		}
		if !more {
			ok = true
			break
		}
		ro, rank, at := j.role, j.rank, len(j.fields)
		if !j.value(key, 1) {
			break
		}
		if ro == roleNone || ranks[ro] != 0 && ranks[ro] <= rank {
			continue
		}
		if f := &j.fields[at]; r.take(ro, f) {
			if ranks[ro] != 0 { // a better one: the earlier becomes a field again
				*f, p.taken[ro] = p.taken[ro], *f
			} else {
				p.taken[ro] = *f
				j.fields = j.fields[:at]
			}
			ranks[ro] = rank
		}
	}
	if ok {
		j.space()
		ok = j.i == len(line)
	}
	r.Fields = j.fields
	if !ok {
		r.Reset()
		return false
	}
	r.deepen(&ranks)
	if ranks[roleTime] == 0 {
		r.guessTime()
	}
	if r.Severity == 0 {
		r.guessLevel(&ranks)
	}
	if ranks[roleMessage] == 0 {
		r.Body = strings.TrimRight(line[start:], " \t\r")
	}
	if r.Severity == 0 && ranks[roleMessage] != 0 {
		r.levelOfMessage()
	}
	return true
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
	if j.unescaped || strings.IndexByte(v, '\\') < 0 {
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
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		k := strings.IndexByte(s[i:], '\\')
		if k < 0 {
			b.WriteString(s[i:])
			break
		}
		b.WriteString(s[i : i+k])
		i += k + 1
		if i >= len(s) {
			return "", false
		}
		c := s[i]
		i++
		switch c {
		case '"', '\\', '/':
			b.WriteByte(c)
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
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
			b.WriteRune(r)
		default:
			return "", false
		}
	}
	return b.String(), true
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

// add appends a field. The result is valid until the next call.
func (j *jsonReader) add(key, str string, kind Kind) *Field {
	j.fields = appendField(j.fields, key, str, kind)
	return &j.fields[len(j.fields)-1]
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
		j.add(key, v, KindString)
		return ok
	case c == '{':
		return j.object(key, depth)
	case c == '[':
		return j.array(key, depth)
	case c == '-' || c-'0' <= 9:
		return j.number(key)
	case c == 't' && strings.HasPrefix(j.s[j.i:], "true"):
		j.i += 4
		j.add(key, "true", KindBool).Int = 1
	case c == 'f' && strings.HasPrefix(j.s[j.i:], "false"):
		j.i += 5
		j.add(key, "false", KindBool)
	case c == 'n' && strings.HasPrefix(j.s[j.i:], "null"):
		j.i += 4
		j.add(key, "", KindNull)
	default:
		return false
	}
	return true
}

func (j *jsonReader) object(key string, depth int) bool {
	at := len(j.fields)
	j.add(key, "", KindMap)
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
	at := j.i
	if j.known != nil {
		if e := j.known.next(j.s[at:]); e != nil {
			j.i += len(e.token)
			j.role, j.rank = e.role, e.rank
			return e.key, true, true
		}
	}
	if key, ok = j.str(); !ok {
		return "", false, false
	}
	j.space()
	if j.i >= len(j.s) || j.s[j.i] != ':' {
		return "", false, false
	}
	j.i++
	if j.known != nil {
		j.role, j.rank = roleOf(key)
		j.space()
		j.known.learn(j.s[at:j.i], key, j.role, j.rank)
	}
	return key, true, true
}

func (j *jsonReader) array(key string, depth int) bool {
	at := len(j.fields)
	j.add(key, "", KindSlice)
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
	digits, point := j.i, 0
	for ; j.i < len(j.s); j.i++ {
		c := j.s[j.i]
		if c-'0' <= 9 {
			v = v*10 + int64(c-'0')
			continue
		}
		if c == '.' && whole && j.i > digits {
			whole, point = false, j.i
			continue
		}
		if c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-' {
			whole, point = false, 0
			continue
		}
		break
	}
	lit := j.s[start:j.i]
	if j.i == digits {
		return false
	}
	f := j.add(key, lit, KindString)
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
	case point > 0 && j.i-digits <= 16 && j.i > point+1:
		// Both are whole numbers that a float64 holds exactly, so the quotient is the
		// nearest float64 to the literal.
		f.Float, f.Kind = float64(v)/powersOfTen[j.i-point-1], KindFloat
		if neg {
			f.Float = -f.Float
		}
	default:
		if x, err := strconv.ParseFloat(lit, 64); err == nil {
			f.Float, f.Kind = x, KindFloat
		}
	}
	return true
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}
