package logpattern

// Classes of bytes, or-ed over a word to tell what it may be.
const (
	clSpace  uint16 = 1 << iota
	clDelim         // always ends a word
	clDigit         // 0-9
	clHex           // a-f A-F
	clAlpha         // g-z G-Z and bytes above 0x7f
	clDot           // .
	clColon         // :
	clSlash         // /
	clDash          // - and +
	clUnder         // _
	clBack          // backslash
	clPct           // %
	clSymbol        // everything else
	clEnds   = clSpace | clDelim
	clLetter = clHex | clAlpha
)

var class = func() (t [256]uint16) {
	for i := range t {
		c := byte(i)
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			t[i] = clSpace
		case c >= '0' && c <= '9':
			t[i] = clDigit
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			t[i] = clHex
		case c >= 'g' && c <= 'z', c >= 'G' && c <= 'Z', c >= 0x80:
			t[i] = clAlpha
		default:
			t[i] = clSymbol
		}
	}
	for _, c := range []byte("=,;()[]{}<>\"'|`") {
		t[c] = clDelim
	}
	t['.'], t[':'], t['/'], t['-'], t['+'] = clDot, clColon, clSlash, clDash, clDash
	t['_'], t['\\'], t['%'] = clUnder, clBack, clPct
	return t
}()

func isSpace(c byte) bool  { return class[c]&clSpace != 0 }
func isDigit(c byte) bool  { return class[c]&clDigit != 0 }
func isLetter(c byte) bool { return class[c]&clLetter != 0 }

// digits is the number of leading digits of s.
func digits(s string) int {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// all reports whether s is not empty and has bytes of the classes only.
func all(s string, classes uint16) bool {
	for i := 0; i < len(s); i++ {
		if class[s[i]]&classes == 0 {
			return false
		}
	}
	return len(s) > 0
}
