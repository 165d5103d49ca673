package redact

import "strings"

// lettered finds numbers that begin with letters, whose first digit is at i.
func (r *Redactor) lettered(s string, i int) (Span, bool) {
	if r.classes.Has(IBAN) {
		if span, ok := iban(s, i); ok {
			return span, true
		}
	}
	if r.classes.Has(NationalID) {
		if span, ok := nie(s, i); ok {
			return span, true
		}
		return codiceFiscale(s, i)
	}
	return Span{}, false
}

// ibanLengths are countries and the length of their account numbers, by the IBAN registry.
const ibanLengths = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20"

// iban finds an account number whose two letters are before i: by its country's length and
// its check digits (ISO 13616, mod 97), with or without spaces by four.
func iban(s string, i int) (Span, bool) {
	start := i - 2
	if start < 0 || kind[s[start]]&bitUpper == 0 || kind[s[start+1]]&bitUpper == 0 || start > 0 && kind[s[start-1]]&wordLike != 0 || i+2 > len(s) || kind[s[i+1]]&bitDigit == 0 {
		return Span{}, false
	}
	want := 0
	for at := 0; at < len(ibanLengths); at += 4 {
		if ibanLengths[at:at+2] == s[start:i] {
			want = int(ibanLengths[at+2]-'0')*10 + int(ibanLengths[at+3]-'0')
		}
	}
	var text [34]byte
	n, end := 0, start
	for ; end < len(s) && n < want; end++ {
		switch c := s[end]; {
		case kind[c]&(bitUpper|bitDigit) != 0:
			text[n] = c
			n++
		case c == ' ' && n%4 == 0:
		default:
			return Span{}, false
		}
	}
	if want == 0 || n != want || !isolated(s, end) {
		return Span{}, false
	}
	rest := 0
	for j := range want {
		c := int(text[(j+4)%want])
		if c <= '9' {
			rest = (rest*10 + c - '0') % 97
		} else {
			rest = (rest*100 + c - 'A' + 10) % 97
		}
	}
	return Span{start, end, IBAN}, rest == 1
}

// nie finds the number of a foreigner in Spain: X, Y or Z before a dni's last seven digits.
func nie(s string, i int) (Span, bool) {
	first := strings.IndexByte("XYZ", s[i-1])
	if first < 0 || i >= 2 && kind[s[i-2]]&wordLike != 0 || !shape(s, i, "ddddddd") || i+7 >= len(s) || !isolated(s, i+8) {
		return Span{}, false
	}
	n := first
	for _, c := range s[i : i+7] {
		n = n*10 + int(c-'0')
	}
	return Span{i - 1, i + 8, NationalID}, s[i+7] == "TRWAGMYFPDXBNJZSQVHLCKE"[n%23]
}

// oddValues are what the letters and digits at odd places of a codice fiscale count, 0 to 9
// as A to J.
var oddValues = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// codiceFiscale finds an Italian tax code, whose six letters are before i, by its form and
// its last letter.
func codiceFiscale(s string, i int) (Span, bool) {
	const form = "AAAAAA00A00A000A"
	start := i - 6
	if start < 0 || start+len(form) > len(s) || start > 0 && kind[s[start-1]]&wordLike != 0 || !isolated(s, start+len(form)) {
		return Span{}, false
	}
	sum := 0
	for j := range len(form) {
		c := s[start+j]
		if form[j] == 'A' && kind[c]&bitUpper == 0 || form[j] == '0' && kind[c]&bitDigit == 0 {
			return Span{}, false
		}
		v := int(c - 'A')
		if form[j] == '0' {
			v = int(c - '0')
		}
		switch {
		case j == len(form)-1:
			return Span{start, start + len(form), NationalID}, v == sum%26
		case j%2 == 0:
			sum += oddValues[v]
		default:
			sum += v
		}
	}
	return Span{}, false
}
