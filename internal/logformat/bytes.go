package logformat

import "math/bits"

// classes of bytes, so that names are scanned with one look at each byte.
const (
	isWord    = 1 << iota // letter, digit or underscore
	inName                // word or ./-$#@
	inKey                 // word or .-@/
	inHost                // word or .-:%
	inClass               // word or ./-$#@*<>, of which loggers' names are made
	isDeep                // ./$ of a name in a package
	inProgram             // word or ./-+@()%, of which programs' names are made
)

var classes = func() (t [256]uint8) {
	for c := range t {
		if b := byte(c); b-'0' <= 9 || b|0x20 >= 'a' && b|0x20 <= 'z' || b == '_' {
			t[c] = isWord | inName | inKey | inHost | inClass | inProgram
		}
	}
	for class, bytes := range map[uint8]string{inName: "./-$#@", inKey: ".-@/", inHost: ".-:%", inClass: "./-$#@*<>", isDeep: "./$", inProgram: "./-+@()%"} {
		for _, b := range []byte(bytes) {
			t[b] |= class
		}
	}
	return t
}()

// span returns how many bytes at the beginning of s are of the class.
func span(s string, class uint8) int {
	for i := range len(s) {
		if classes[s[i]]&class == 0 {
			return i
		}
	}
	return len(s)
}

func letterOrDigit(c byte) bool { return classes[c]&isWord != 0 }

func wordEnd(s string) int { return span(s, inName) }

func wordLength(s string) int { return span(s, inHost) }

// blankAt returns where the first blank or tab is, -1 if there is none.
func blankAt(s string) int {
	for i := range len(s) {
		if s[i] == ' ' || s[i] == '\t' {
			return i
		}
	}
	return -1
}

const (
	ones = 0x0101010101010101
	low7 = 0x7f * ones
)

// lastMark returns where the last blank, tab or quote is, -1 if there is none. It
// looks at eight bytes at a time: a byte is zero where it is the one looked for,
// and only then the high bit of its place is missing in the sum.
func lastMark(s string) int {
	i := len(s)
	for ; i >= 8; i -= 8 {
		b := s[i-8 : i]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		blank, tab, quote := w^' '*ones, w^'\t'*ones, w^'"'*ones
		others := (blank&low7+low7|blank)&(tab&low7+low7|tab)&(quote&low7+low7|quote) | low7
		if others != ^uint64(0) {
			return i - 1 - bits.LeadingZeros64(^others)/8
		}
	}
	for i--; i >= 0; i-- {
		if s[i] == ' ' || s[i] == '\t' || s[i] == '"' {
			return i
		}
	}
	return -1
}

// keyLength returns the length of the key if s begins with key=.
func keyLength(s string) int {
	n := span(s, inKey)
	if n == 0 || n == len(s) || s[n] != '=' || s[0] == '-' {
		return 0
	}
	return n
}

// twoPairs reports whether s may be pairs from its beginning on: where the second
// word is none either, nothing else needs a look.
func twoPairs(s string) bool {
	k := keyLength(s)
	if k == 0 || k+1 == len(s) {
		return k > 0
	}
	if s[k+1] == '"' || s[k+1] == '\'' {
		return true
	}
	end := blankAt(s[k+1:])
	if end < 0 {
		return true
	}
	rest := s[k+1+end:]
	for rest != "" && (rest[0] == ' ' || rest[0] == '\t' || rest[0] == ',') {
		rest = rest[1:]
	}
	return rest == "" || keyLength(rest) > 0
}

// inCapitals reports whether no letter of s is a small one.
func inCapitals(s string) bool {
	for i := range len(s) {
		if s[i] >= 'a' && s[i] <= 'z' {
			return false
		}
	}
	return true
}

// hasLetter reports whether there is a letter in s.
func hasLetter(s string) bool {
	for i := range len(s) {
		if s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z' {
			return true
		}
	}
	return false
}
