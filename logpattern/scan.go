package logpattern

import (
	"math/bits"
	"strings"
)

// token is one word of a message: line[start:end].
type token struct {
	start, end int32
	elem       int32 // the element that it belongs to
	kind       Kind
}

// scan holds what is known of one message. Its slices are reused.
type scan struct {
	msg    string
	tokens []token
	// elems are what patterns are compared by: the hash of a constant word, or
	// zero for a variable; neighbouring variables are one element.
	elems []uint64
	exact uint64 // hashes the elements and their kinds
	cut   bool   // the message is longer than what was looked at
	json  bool   // the message has the escapes of JSON
	max   int
}

const (
	mix1 = 0x9E3779B97F4A7C15
	mix2 = 0xD6E8FEB86659FD93
)

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^mix1, b^mix2)
	return hi ^ lo
}

// wordHash hashes a constant word; it is never zero.
func wordHash(w string) uint64 {
	n := len(w)
	h := uint64(n) * mix2
	switch {
	case n >= 8:
		for i := 0; i+8 < n; i += 8 {
			h = mix(h, load8(w[i:]))
		}
		return mix(h, load8(w[n-8:])) | 1
	case n >= 4:
		return mix(h, load4(w)|load4(w[n-4:])<<32) | 1
	case n > 0:
		return mix(h, uint64(w[0])|uint64(w[n/2])<<8|uint64(w[n-1])<<16) | 1
	}
	return h | 1
}

func load8(w string) uint64 {
	_ = w[7]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
}

func load4(w string) uint64 {
	_ = w[3]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24
}

// shape hashes the elements, without the kinds of variables. It is what the id
// of a new pattern is made of.
func (s *scan) shape() uint64 {
	h := uint64(1)
	for _, e := range s.elems {
		h = mix(h, e)
	}
	return h
}

// readLine cuts the message of a line.
func (s *scan) readLine(line string, opt *Options) {
	cut := len(line) > opt.MaxLine
	if cut {
		line = line[:opt.MaxLine]
	}
	if !opt.NoHeader {
		line = line[headerEnd(line):]
	}
	s.json = false
	if msg, ok := messageOf(line); ok {
		s.json = at(line, 0) == '{'
		line = msg
	}
	s.read(line, opt.MaxTokens)
	s.cut = s.cut || cut
}

// read cuts msg into tokens.
func (s *scan) read(msg string, maxTokens int) {
	s.msg, s.max = msg, maxTokens
	s.tokens, s.elems = s.tokens[:0], s.elems[:0]
	s.exact, s.cut = 2, false
	n := len(msg)
	for i := 0; i < n; {
		cl := class[msg[i]]
		if cl&clEnds != 0 {
			switch msg[i] {
			case '=':
				s.emptyValue(i)
			case '"', '\'':
				if at(msg, i+1) == msg[i] && i > 0 && (msg[i-1] == ' ' || msg[i-1] == '=' || msg[i-1] == ':') {
					s.add(i+1, i+1, Empty)
					i += 2
					continue
				}
				if end := quoted(msg, i); end > 0 {
					if !s.add(i+1, end, Str) {
						s.cut = true
						return
					}
					i = end
				}
			case '(':
				if at(msg, i+1) == ')' && i > 0 && msg[i-1] == ' ' {
					s.add(i+1, i+1, Empty) // nothing where something else may be
				}
			}
			i++
			continue
		}
		if cl == clBack && s.escapes(i) {
			i += 2
			continue
		}
		start := i
		if end := s.date(i); end > 0 {
			if !s.add(start, end, Date) {
				s.cut = true
				return
			}
			i = end
			continue
		}
		var flags uint16
		for i < n {
			cl = class[msg[i]]
			if cl&clEnds != 0 {
				break
			}
			if cl == clBack {
				if i > start && s.escapes(i) {
					break
				}
				if s.json && at(msg, i+1) == '\\' {
					i++ // a backslash
				}
			}
			flags |= cl
			i++
		}
		if flags&clSlash != 0 && (flags&clColon != 0 && strings.Contains(msg[start:i], "://") || msg[start] == '/' && strings.IndexByte(msg[start:i], '?') > 0) {
			for i < n && !isSpace(msg[i]) && !strings.ContainsRune("\"'<>|`", rune(msg[i])) {
				i++ // the delimiters of a URL are its own
			}
			for class[msg[i-1]]&clDelim != 0 {
				i--
			}
		}
		if !s.word(start, i, flags) {
			s.cut = true
			return
		}
	}
}

// date is the end of a date that is written in several words and begins at i
// ("Sun Dec 04 04:47:44 2005", "Jan 2", "2026-03-01 10:00:00"), 0 if there is
// none.
func (s *scan) date(i int) int {
	c := s.msg[i]
	switch {
	case c >= 'A' && c <= 'Z':
		if c := at(s.msg, i+3); c != ' ' && c != ',' || monthLen(s.msg[i:]) == 0 && weekdayLen(s.msg[i:]) == 0 {
			return 0
		}
	case isDigit(c):
		if c := at(s.msg, i+4); (c != '-' && c != '/' || !isDigit(at(s.msg, i+3))) && (at(s.msg, i+2) != '/' || !isLetter(at(s.msg, i+3))) {
			return 0
		}
	default:
		return 0
	}
	n := timeLen(s.msg[i:])
	if n == 0 {
		return 0
	}
	n += zoneLen(s.msg[i+n:])
	if at(s.msg, i+n) == ' ' && digits(s.msg[i+n+1:]) == 4 && ends(s.msg, i+n+5) {
		n += 5 // the year
	}
	return i + n
}

// escapes reports whether the backslash at i stands for a quote, or in JSON for
// white space.
func (s *scan) escapes(i int) bool {
	c := at(s.msg, i+1)
	return c == '"' || s.json && (c == 'n' || c == 't' || c == 'r')
}

// quoted is the end of a quoted part that is a value whatever it says: a user
// agent ("curl/8.0 (x86_64)") or a lone sign, which stands for nothing or for
// everything; i is its opening quote. 0 if there is none.
func quoted(msg string, i int) int {
	if i > 0 && class[msg[i-1]]&clEnds == 0 {
		return 0 // don't
	}
	q := msg[i]
	j := i + 1
	if class[at(msg, j)]&(clEnds|clLetter|clDigit) == 0 && at(msg, j+1) == q {
		return j + 1
	}
	for j < len(msg) && (isLetter(msg[j]) || msg[j] == '-' || msg[j] == '_') {
		j++
	}
	if q == '\'' || j == i+1 || at(msg, j) != '/' || !isDigit(at(msg, j+1)) {
		return 0
	}
	end := closingQuote(msg, i)
	if end == len(msg) {
		return 0
	}
	return end
}

// emptyValue adds a variable for "key=" with nothing behind it, so that an
// empty value and a full one are the same pattern.
func (s *scan) emptyValue(i int) {
	if i == 0 || class[s.msg[i-1]]&clEnds != 0 {
		return
	}
	if i+1 == len(s.msg) || isSpace(s.msg[i+1]) || s.msg[i+1] == ',' || s.msg[i+1] == ';' {
		s.add(i+1, i+1, Empty)
	}
}

func (s *scan) add(start, end int, kind Kind) bool {
	if len(s.tokens) >= s.max {
		return false
	}
	if kind == Word {
		h := wordHash(s.msg[start:end])
		s.elems = append(s.elems, h)
		s.exact = mix(s.exact, h)
	} else {
		if n := len(s.elems); n == 0 || s.elems[n-1] != 0 || !s.continues(start, kind) {
			s.elems = append(s.elems, 0)
		}
		s.exact = mix(s.exact, uint64(kind))
	}
	s.tokens = append(s.tokens, token{int32(start), int32(end), int32(len(s.elems) - 1), kind})
	return true
}

// continues reports whether a variable at start belongs to a list with the
// variable before it: joined to it, or like it and behind a comma or a blank.
func (s *scan) continues(start int, kind Kind) bool {
	prev := s.tokens[len(s.tokens)-1]
	gap := s.msg[prev.end:start]
	spaces := false
	for i := range len(gap) {
		switch gap[i] {
		case '(', ')', '[', ']', '{', '}', '"', '\'', '=':
			return false
		case ' ', '\t':
			spaces = true
		}
	}
	return !spaces || scalar(prev.kind) == scalar(kind)
}

// scalar is the kind, with those that are often mistaken for each other as one.
func scalar(k Kind) Kind {
	switch k {
	case Hex, ID, Size, Duration, UUID:
		return Num
	}
	return k
}

// word adds the run of bytes msg[start:end], whose classes are flags: one token
// or, where a colon joins several, more.
func (s *scan) word(start, end int, flags uint16) bool {
	msg := s.msg
	// Punctuation at the end belongs to the sentence.
	trimmed := end
	for trimmed > start {
		c := msg[trimmed-1]
		if c != '.' && c != ':' && c != '!' && c != '?' && (c != '-' || at(msg, trimmed) != '>') {
			break
		}
		trimmed--
	}
	if trimmed == start {
		return true
	}
	if trimmed != end {
		end = trimmed
		flags = flagsOf(msg[start:end])
	}
	if c := msg[start]; c == '#' || c == ':' || c == '$' && flags&clDigit != 0 {
		for start < end-1 && (msg[start] == '#' || msg[start] == ':' || msg[start] == '$') {
			start++
		}
		flags = flagsOf(msg[start:end])
	}
	w := msg[start:end]
	if flags&(clDigit|clColon|clSlash|clBack|clSymbol) == 0 {
		if flags&clLetter == 0 {
			return true // dashes and the like
		}
		if flags&^clHex == 0 && len(w) >= 8 {
			return s.add(start, end, Hex) // ffffffff
		}
		if flags&clDot != 0 && isHostName(w) {
			return s.add(start, end, ID)
		}
		if isBool(w) {
			return s.add(start, end, Bool)
		}
		return s.add(start, end, s.inContext(start, end))
	}
	if flags&clDash != 0 && flags&clDigit != 0 {
		if i := strings.Index(w, "+0x"); i > 0 { // a symbol and the place in it
			return s.word(start, start+i, flagsOf(w[:i])) && s.add(start+i+1, end, Hex)
		}
	}
	if k := kindOf(w, flags); k != Word {
		return s.add(start, end, k)
	}
	if flags&clColon != 0 {
		if i := splitColon(w); i > 0 {
			if len(w) > maxJoined {
				return s.add(start, end, ID)
			}
			a, b := w[:i], w[i+1:]
			return s.word(start, start+len(a), flagsOf(a)) && s.word(end-len(b), end, flagsOf(b))
		}
	}
	if flags&(clLetter|clDigit) == 0 && len(w) < 2 {
		return true // a lone sign
	}
	return s.add(start, end, s.inContext(start, end))
}

// maxJoined is how long a word may be that is cut at its colons; cutting takes
// time in the square of its length.
const maxJoined = 256

func flagsOf(w string) (f uint16) {
	for i := 0; i < len(w); i++ {
		f |= class[w[i]]
	}
	return f
}

// splitColon finds a colon that joins a name and a value ("port:8080",
// "10.0.0.1:80"); 0 if the colons belong to the word ("std::move").
func splitColon(w string) int {
	i := strings.IndexByte(w, ':')
	if i <= 0 || i == len(w)-1 || w[i+1] == ':' {
		return 0
	}
	return i
}

// inContext decides by its neighbours whether a word is a value: behind an
// equals sign or alone in quotes. Words of state stay words.
func (s *scan) inContext(start, end int) Kind {
	if start == 0 {
		return Word
	}
	msg := s.msg
	prev := msg[start-1]
	if class[prev]&clDelim == 0 {
		if prev == ' ' && start > 2 && msg[start-2] == '=' && msg[start-3] == ' ' && !all(msg[start:end], clLetter) && !isState(msg[start:end]) {
			return Str // key = value
		}
		return Word
	}
	value := false
	switch prev {
	case '=':
		value = start > 1 && msg[start-2] != '=' && (end-start == 1 || !all(msg[start:end], clLetter))
	case '"', '\'', '`':
		value = (at(msg, end) == prev || prev == '"' && s.escapes(end)) && !keyed(msg, start-1, end+1)
	}
	if value && !isState(msg[start:end]) {
		return Str
	}
	return Word
}

// keyed reports whether what is in quotes from open to end is the key of an
// object: {"key": or , "key":.
func keyed(msg string, open, end int) bool {
	if at(msg, end) != ':' {
		return false
	}
	for open > 0 && isSpace(msg[open-1]) {
		open--
	}
	return open > 0 && (msg[open-1] == '{' || msg[open-1] == ',')
}
