package elasticsearchexporter

import (
	"math/bits"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

const (
	maxRawDepth = 16  // Elasticsearch refuses fields nested deeper than 20
	maxRawNames = 256 // of the objects that are open at one place
)

// rawLine is a JSON object that a program logged and that goes into a document
// byte by byte. It is read once, to be sure that Elasticsearch takes it, and to
// find the members that have a field of their own; those are left out of kept.
// Its strings are parts of the line. The zero value is ready.
type rawLine struct {
	s     string
	i     int
	names []name // of the objects that are open, the outermost first
	known rawNames
	kept  []string

	time        pcommon.Timestamp // 0: none
	level       logformat.Severity
	message     string // with its quotes and escapes
	trace, span string // with their quotes
}

// name is the name of a member: what tells most names apart, and where it stands.
type name struct{ sum, start, end uint32 }

// read reports whether s may be spliced into a document: one JSON object on one
// line, in UTF-8, without repeated or empty names, and without numbers that the
// server would refuse. A member is left out of kept where r lacks what it says
// or says the same.
func (l *rawLine) read(s string, r plog.LogRecord) bool {
	*l = rawLine{s: s, names: l.names[:0], kept: l.kept[:0], known: l.known}
	l.known.begin()
	if len(s) < 2 || s[0] != '{' || s[len(s)-1] != '}' {
		return false
	}
	l.i = 1
	run, end := -1, 0 // of members that are kept, -1 if none is open
	for first := true; ; first = false {
		start, role, more, ok := l.topMember(first)
		if !ok {
			return false
		}
		if !more {
			break
		}
		from := l.i
		if !l.value(1) {
			return false
		}
		if role != rawOther && l.take(role, s[from:l.i], r) {
			if run >= 0 {
				l.kept = append(l.kept, s[run:end])
				run = -1
			}
			continue
		}
		if run < 0 {
			run = start
		}
		end = l.i
	}
	if run >= 0 {
		l.kept = append(l.kept, s[run:end])
	}
	l.known.end()
	return l.i == len(s)
}

// topMember is member for the outermost object; it also says what the name means.
func (l *rawLine) topMember(first bool) (start int, role rawRole, more, ok bool) {
	if at := l.nameAt(first); at > 0 {
		if k := l.known.next(l.s[at:]); k != nil {
			l.i = at + len(k.token)
			l.names = append(l.names, name{k.sum, uint32(at + 1), uint32(l.i - 2)})
			l.blanks()
			return at, k.role, true, true
		}
	}
	if start, more, ok = l.member(0, first); !ok || !more {
		return 0, rawOther, false, ok
	}
	n := l.names[len(l.names)-1]
	role = rawRoleOf(l.s[n.start:n.end])
	if colon := int(n.end) + 1; colon < len(l.s) && l.s[colon] == ':' {
		l.known.learn(l.s[start:colon+1], n.sum, role)
	}
	return start, role, true, true
}

// nameAt is where a name begins in the outermost object, 0 where none does.
func (l *rawLine) nameAt(first bool) int {
	at := l.i
	if !first {
		if at >= len(l.s) || l.s[at] != ',' {
			return 0
		}
		at++
	}
	for at < len(l.s) && l.s[at] == ' ' {
		at++
	}
	if at >= len(l.s) || l.s[at] != '"' {
		return 0
	}
	return at
}

// take reports whether a member goes to a field of its own. Second ones of a role
// stay where they are.
func (l *rawLine) take(role rawRole, value string, r plog.LogRecord) bool {
	if value[0] != '"' {
		return false
	}
	text := value[1 : len(value)-1]
	switch role {
	case rawTime:
		st, n := logformat.ScanTime(text)
		if l.time != 0 || n == 0 || n != len(text) || !st.Zoned {
			return false
		}
		at := pcommon.Timestamp((&logformat.Clock{}).Unix(st))
		if at == 0 || valid(r.Timestamp()) && r.Timestamp() != at {
			return false
		}
		l.time = at
	case rawLevel:
		level, ok := logformat.ParseSeverity(text)
		if l.level != 0 || !ok || r.SeverityNumber() != 0 && r.SeverityNumber() != plog.SeverityNumber(level) {
			return false
		}
		l.level = level
	case rawMessage:
		if l.message != "" {
			return false
		}
		l.message = value
	case rawTrace:
		if l.trace != "" || !r.TraceID().IsEmpty() || !isHexID(text, 32) {
			return false
		}
		l.trace = value
	case rawSpan:
		if l.span != "" || !r.SpanID().IsEmpty() || !isHexID(text, 16) {
			return false
		}
		l.span = value
	default:
		return false
	}
	return true
}

// isHexID recognises an id that is not all zeros, in lower case as ids are stored.
func isHexID(s string, n int) bool {
	if len(s) != n {
		return false
	}
	digits := byte(0)
	for _, c := range []byte(s) {
		if c-'0' > 9 && (c < 'a' || c > 'f') {
			return false
		}
		digits |= c ^ '0'
	}
	return digits != 0
}

// has reports whether the object has a member of the name, after read.
func (l *rawLine) has(key string) bool {
	sum := sumOf(key)
	for _, n := range l.names {
		if n.sum == sum && l.s[n.start:n.end] == key {
			return true
		}
	}
	return false
}

// sumOf tells most names of one object apart.
func sumOf(key string) uint32 {
	n := len(key)
	return uint32(n)<<24 ^ uint32(key[0])<<16 ^ uint32(key[n/2])<<8 ^ uint32(key[n-1])
}

// isBlank recognises names that the server refuses.
func isBlank(key string) bool { return key == "" || key[0] <= ' ' && strings.TrimSpace(key) == "" }

func (l *rawLine) blanks() {
	for l.i < len(l.s) && (l.s[l.i] == ' ' || l.s[l.i] == '\t') {
		l.i++
	}
}

// next skips blanks and returns the byte behind them, 0 at the end.
func (l *rawLine) next() byte {
	l.blanks()
	if l.i >= len(l.s) {
		return 0
	}
	return l.s[l.i]
}

// member reads up to the value of the next member of the object whose names
// begin at base, and adds its name; start is where it begins.
func (l *rawLine) member(base int, first bool) (start int, more, ok bool) {
	c := l.next()
	if c == '}' {
		l.i++
		return 0, false, true
	}
	if !first {
		if c != ',' {
			return 0, false, false
		}
		l.i++
		c = l.next()
	}
	start = l.i
	if c != '"' || !l.text() {
		return 0, false, false
	}
	n := name{start: uint32(start + 1), end: uint32(l.i - 1)}
	key := l.s[n.start:n.end]
	if isBlank(key) || strings.IndexByte(key, '\\') >= 0 || len(l.names) >= maxRawNames {
		return 0, false, false
	}
	n.sum = sumOf(key)
	for _, other := range l.names[base:] {
		if other.sum == n.sum && l.s[other.start:other.end] == key {
			return 0, false, false
		}
	}
	l.names = append(l.names, n)
	if l.next() != ':' {
		return 0, false, false
	}
	l.i++
	l.blanks()
	return start, true, true
}

// value reads any value at i.
func (l *rawLine) value(depth int) bool {
	if l.i >= len(l.s) || depth > maxRawDepth {
		return false
	}
	switch c := l.s[l.i]; {
	case c == '"':
		return l.text()
	case c == '{':
		return l.object(depth)
	case c == '[':
		return l.array(depth)
	case c == '-' || c-'0' <= 9:
		return l.number()
	case c == 't':
		return l.literal("true")
	case c == 'f':
		return l.literal("false")
	case c == 'n':
		return l.literal("null")
	}
	return false
}

func (l *rawLine) literal(word string) bool {
	if !strings.HasPrefix(l.s[l.i:], word) {
		return false
	}
	l.i += len(word)
	return true
}

func (l *rawLine) object(depth int) bool {
	base := len(l.names)
	l.i++
	for first := true; ; first = false {
		_, more, ok := l.member(base, first)
		if !ok {
			return false
		}
		if !more {
			l.names = l.names[:base]
			return true
		}
		if !l.value(depth + 1) {
			return false
		}
	}
}

func (l *rawLine) array(depth int) bool {
	l.i++
	if l.next() == ']' {
		l.i++
		return true
	}
	for {
		l.blanks()
		if !l.value(depth + 1) {
			return false
		}
		switch l.next() {
		case ',':
			l.i++
		case ']':
			l.i++
			return true
		default:
			return false
		}
	}
}

// text reads a string; its first quote is at i.
func (l *rawLine) text() bool {
	i, s := l.i+1, l.s
	for {
		for i+8 <= len(s) {
			special := special8(s[i : i+8])
			if special != 0 {
				i += bits.TrailingZeros64(special) / 8
				break
			}
			i += 8
		}
		if i >= len(s) {
			return false
		}
		switch c := s[i]; {
		case c == '"':
			l.i = i + 1
			return true
		case c == '\\':
			n := escapeLength(s[i+1:])
			if n == 0 {
				return false
			}
			i += 1 + n
		case c < ' ':
			return false
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				return false
			}
			i += n
		}
	}
}

// escapeLength is that of what follows a backslash, 0 where it is no escape.
func escapeLength(s string) int {
	if s == "" {
		return 0
	}
	switch s[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(s) < 5 {
			return 0
		}
		for _, c := range []byte(s[1:5]) {
			if c-'0' > 9 && (c|0x20 < 'a' || c|0x20 > 'f') {
				return 0
			}
		}
		return 5
	}
	return 0
}

// special8 has the high bit of each of eight bytes that is a quote, a backslash,
// a control character or beyond ASCII. Only the lowest one is sure: a borrow may
// add others above it ("has a byte less than n" and "has a zero byte" of Sean
// Anderson's Bit Twiddling Hacks).
func special8(s string) uint64 {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	const ones = 0x0101010101010101
	const highs = 0x8080808080808080
	quote := x ^ ones*'"'
	slash := x ^ ones*'\\'
	return ((x-ones*0x20)&^x | (quote-ones)&^quote | (slash-ones)&^slash | x) & highs
}

// number reads a number as JSON has it. Those that do not fit a long or a double
// are left to be written as text: the server would refuse the document.
func (l *rawLine) number() bool {
	start := l.i
	if l.s[l.i] == '-' {
		l.i++
	}
	whole := l.digits()
	if whole == 0 || whole > 18 || whole > 1 && l.s[l.i-whole] == '0' {
		return false
	}
	if l.i < len(l.s) && l.s[l.i] == '.' {
		l.i++
		if l.digits() == 0 {
			return false
		}
	}
	if l.i < len(l.s) && l.s[l.i]|0x20 == 'e' {
		l.i++
		if l.i < len(l.s) && (l.s[l.i] == '+' || l.s[l.i] == '-') {
			l.i++
		}
		if n := l.digits(); n == 0 || n > 2 {
			return false
		}
	}
	return l.i-start <= 64
}

func (l *rawLine) digits() int {
	start := l.i
	for l.i < len(l.s) && l.s[l.i]-'0' <= 9 {
		l.i++
	}
	return l.i - start
}
