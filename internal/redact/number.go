package redact

import (
	"net/netip"
	"strings"
)

// number looks at what begins with a digit, + or ( at i. It returns where to go on when it
// is nothing.
func (r *Redactor) number(s string, i int, t trigger) (span Span, next int, ok bool) {
	if t == plus || t == openParen {
		if !r.classes.Has(Phone) {
			return Span{}, i + 1, false
		}
		span, ok = phone(s, i)
		return span, i + 1, ok
	}
	if i > 0 && kind[s[i-1]]&wordLike != 0 || i > 0 && (s[i-1] == '.' || s[i-1] == '%') {
		if i >= 2 && kind[s[i-1]]&bitUpper != 0 {
			if span, ok = r.lettered(s, i); ok {
				return span, 0, true
			}
		}
		return Span{}, run(s, i, alnum), false // within a word
	}
	end := i
	for end < len(s) && (kind[s[end]]&bitDigit != 0 || (s[end] == ' ' || s[end] == '-' || s[end] == '.') && end+1 < len(s) && kind[s[end+1]]&bitDigit != 0) && end-i < 40 {
		end++
	}
	if end < len(s) && kind[s[end]]&wordLike != 0 {
		if r.classes.Has(NationalID) {
			if span, ok = dni(s, i); ok {
				return span, 0, true
			}
		}
		if kind[s[end]]&letters == 0 || run(s, i, bitDigit) == end {
			return Span{}, run(s, end, wordLike), false // goes on as something else
		}
	}
	for _, look := range [...]struct {
		class Class
		find  func(string, int) (Span, bool)
	}{{Card, card}, {SSN, ssn}, {NationalID, cpf}, {Phone, phone}, {IPv4, ipv4}} {
		if r.classes.Has(look.class) {
			if span, ok = look.find(s, i); ok {
				return span, 0, true
			}
		}
	}
	return Span{}, run(s, i, bitDigit), false
}

// isolated reports whether a number ends at i and does not go on as another thing.
func isolated(s string, i int) bool {
	if i == len(s) {
		return true
	}
	if kind[s[i]]&wordLike != 0 {
		return false
	}
	return s[i] != '.' || i+1 == len(s) || kind[s[i+1]]&alnum == 0
}

// card finds the number of a credit card at i: grouped by four, or as American Express and
// Diners do, with one kind of separator, or without any.
func card(s string, i int) (Span, bool) {
	var digits [19]byte
	n, end, groups := 0, i, 0
	var sep byte
	var sizes [5]int
	for end < len(s) {
		c := s[end]
		if kind[c]&bitDigit != 0 {
			if n == len(digits) {
				return Span{}, false
			}
			digits[n] = c - '0'
			n++
			sizes[groups]++
			end++
			continue
		}
		if (c != ' ' && c != '-') || sep != 0 && c != sep || end+1 == len(s) || kind[s[end+1]]&bitDigit == 0 || groups == len(sizes)-1 {
			break
		}
		if n >= 14 && luhn(digits[:n]) && c == ' ' {
			break // another number follows
		}
		sep = c
		groups++
		end++
	}
	if !isolated(s, end) || !issuer(digits[:n]) || !luhn(digits[:n]) {
		return Span{}, false
	}
	switch sizes {
	case [5]int{n}:
		return Span{i, end, Card}, !countedOrTimed(s, i)
	case [5]int{4, 4, 4, 4}, [5]int{4, 6, 5}, [5]int{4, 6, 4}, [5]int{4, 4, 4, 4, 3}, [5]int{6, 13}:
		return Span{i, end, Card}, true
	}
	return Span{}, false
}

// issuer reports whether the beginning and the length are those of an issuer of cards
// (ISO/IEC 7812).
func issuer(d []byte) bool {
	if len(d) < 14 {
		return false
	}
	four := int(d[0])*1000 + int(d[1])*100 + int(d[2])*10 + int(d[3])
	switch n := len(d); {
	case d[0] == 4: // Visa
		return n == 16
	case four >= 5100 && four < 5600, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case four/100 == 34, four/100 == 37: // American Express
		return n == 15
	case four >= 3000 && four < 3060, four/100 == 36, four/100 == 38, four/100 == 39: // Diners Club
		return n == 14
	case four == 6011, four/100 == 65, four >= 6440 && four < 6500: // Discover
		return n == 16
	case four >= 3528 && four <= 3589: // JCB
		return n == 16
	case four/100 == 62: // UnionPay
		return n >= 16
	}
	return false
}

// luhn is the check of ISO/IEC 7812-1.
func luhn(d []byte) bool {
	sum := 0
	for i, c := range d {
		v := int(c)
		if (len(d)-i)%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return len(d) > 0 && sum%10 == 0
}

// countedOrTimed reports whether the key before a number without groups says that it is an
// id, a time or a count: one number in ten has right check digits by chance.
func countedOrTimed(s string, i int) bool {
	end := i
	for end > 0 && i-end < 4 && strings.IndexByte(" =:\"'#", s[end-1]) >= 0 {
		end--
	}
	if end == i {
		return false
	}
	start := end
	for start > 0 && end-start < longestKey && kind[s[start-1]]&wordLike != 0 {
		start--
	}
	return counted(s[start:end])
}

func counted(key string) bool {
	for _, word := range [...]string{
		"id", "ids", "pid", "tid", "uid", "time", "timestamp", "ts", "offset", "seq", "sequence", "order", "trace", "span", "nonce", "version",
		"bytes", "size", "duration", "ns", "us", "count", "key", "hash",
	} {
		if endsWord(key, word) {
			return true
		}
	}
	return false
}

// ssn finds a social security number of the United States: with dashes, and none of those
// that are never given.
func ssn(s string, i int) (Span, bool) {
	if !shape(s, i, "ddd-dd-dddd") || !isolated(s, i+11) {
		return Span{}, false
	}
	area := s[i : i+3]
	return Span{i, i + 11, SSN}, area != "000" && area != "666" && area[0] != '9' && s[i+4:i+6] != "00" && s[i+7:i+11] != "0000"
}

// shape reports whether s has at i digits where the form has d, and else its signs.
func shape(s string, i int, form string) bool {
	if i+len(form) > len(s) {
		return false
	}
	for j := range len(form) {
		if c := s[i+j]; form[j] == 'd' && kind[c]&bitDigit == 0 || form[j] != 'd' && c != form[j] {
			return false
		}
	}
	return true
}

// phone finds +49 30 1234567 and its like (E.164 with separators), and the ways in which
// North America writes numbers: (212) 555-0100 and 212-555-0100.
func phone(s string, i int) (Span, bool) {
	switch {
	case s[i] == '+':
		return international(s, i)
	case s[i] == '(':
		if shape(s, i, "(ddd) ddd-dddd") && area(s[i+1]) && area(s[i+6]) && isolated(s, i+14) {
			return Span{i, i + 14, Phone}, i == 0 || kind[s[i-1]]&wordLike == 0
		}
	case shape(s, i, "ddd-ddd-dddd") && area(s[i]) && area(s[i+4]) && isolated(s, i+12):
		return Span{i, i + 12, Phone}, true
	}
	return Span{}, false
}

func area(c byte) bool { return c >= '2' && c <= '9' }

func international(s string, i int) (Span, bool) {
	if i > 0 && (kind[s[i-1]]&(wordLike|bitBase64) != 0 && s[i-1] != '=' || s[i-1] == '.') || i+1 >= len(s) || s[i+1] < '1' || s[i+1] > '9' {
		return Span{}, false
	}
	n, end, sinceDigit := 0, i+1, 0
	for j := i + 1; j < len(s) && n <= 15 && sinceDigit < 3; j++ {
		switch c := s[j]; {
		case kind[c]&bitDigit != 0:
			n, end, sinceDigit = n+1, j+1, 0
			continue
		case c == ' ' || c == '-' || c == '(' || c == ')' || c == '.' || c == '/':
			sinceDigit++
			continue
		}
		break
	}
	return Span{i, end, Phone}, n >= 9 && n <= 15 && isolated(s, end)
}

// cpf finds the number of a Brazilian taxpayer as it is written, by its two check digits.
func cpf(s string, i int) (Span, bool) {
	if !shape(s, i, "ddd.ddd.ddd-dd") || !isolated(s, i+14) {
		return Span{}, false
	}
	var d []int
	for _, c := range s[i : i+14] {
		if c >= '0' && c <= '9' {
			d = append(d, int(c-'0'))
		}
	}
	same := true
	for n := 9; n <= 10; n++ {
		sum := 0
		for j := range n {
			sum += d[j] * (n + 1 - j)
			same = same && d[j] == d[0]
		}
		if sum*10%11%10 != d[n] {
			return Span{}, false
		}
	}
	return Span{i, i + 14, NationalID}, !same
}

// dni finds the number of a Spanish identity card, by its letter.
func dni(s string, i int) (Span, bool) {
	if !shape(s, i, "dddddddd") || i+8 >= len(s) || !isolated(s, i+9) {
		return Span{}, false
	}
	n := 0
	for _, c := range s[i : i+8] {
		n = n*10 + int(c-'0')
	}
	return Span{i, i + 9, NationalID}, s[i+8] == "TRWAGMYFPDXBNJZSQVHLCKE"[n%23]
}

// ipv4 finds an address with four parts, but for the host's own and what is a version.
func ipv4(s string, i int) (Span, bool) {
	end, dots := i, 0
	for end < len(s) && end-i < 16 && (kind[s[end]]&bitDigit != 0 || s[end] == '.' && end+1 < len(s) && kind[s[end+1]]&bitDigit != 0) {
		if s[end] == '.' {
			dots++
		}
		end++
	}
	if dots != 3 || !isolated(s, end) || strings.HasSuffix(strings.ToLower(s[max(0, i-9):i]), "version ") {
		return Span{}, false
	}
	a, err := netip.ParseAddr(s[i:end])
	return Span{i, end, IPv4}, err == nil && !a.IsLoopback() && !a.IsUnspecified()
}

// ipv6 finds an address whose first colon is at i.
func ipv6(s string, i int) (Span, bool) {
	start, end := i, i
	for start > 0 && i-start < 5 && kind[s[start-1]]&bitHex != 0 {
		start--
	}
	if start > 0 && (kind[s[start-1]]&wordLike != 0 || s[start-1] == ':' || s[start-1] == '.') {
		return Span{}, false
	}
	colons := 0
	for end < len(s) && end-start < 46 && (kind[s[end]]&bitHex != 0 || s[end] == ':' || s[end] == '.') {
		if s[end] == ':' {
			colons++
		}
		end++
	}
	for end > i && (s[end-1] == '.' || s[end-1] == ':' && !strings.HasSuffix(s[:end], "::")) {
		end--
	}
	if colons < 2 || end < len(s) && kind[s[end]]&wordLike != 0 {
		return Span{}, false
	}
	a, err := netip.ParseAddr(s[start:end])
	return Span{start, end, IPv6}, err == nil && a.Is6() && !a.IsLoopback() && !a.IsUnspecified() && end-start >= 6
}
