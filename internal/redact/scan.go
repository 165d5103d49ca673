package redact

import "strings"

// trigger is what a byte can be part of.
type trigger uint8

const (
	none      trigger = iota
	colon             // key: value, scheme://user:password@host, IPv6
	equals            // key=value
	angle             // <password>value</password>
	joint             // _ - . ~ and others: the end of a token's prefix, --password value
	scheme            // Bearer, Basic
	upperJ            // eyJ: JWT
	upperI            // AKIA, ASIA, AIza
	at                // email, user:password@tcp(host)
	digit             // numbers of persons
	plus              // +49 ...
	openParen         // (555) ...
)

func (r *Redactor) setTriggers() {
	set := func(t trigger, list string) {
		for i := range len(list) {
			r.triggers[list[i]] = t
		}
	}
	secret := r.classes.Has(Password) || r.classes.Has(Authorization)
	if secret || r.classes.Has(URLPassword) || r.classes.Has(IPv6) {
		set(colon, ":")
	}
	if secret || r.classes.Has(URLPassword) {
		set(equals, "=")
	}
	if secret {
		set(angle, ">")
	}
	if r.classes.Has(Authorization) {
		set(scheme, "Bb")
	}
	for _, p := range prefixes {
		if r.classes.Has(p.class) {
			set(joint, p.text[len(p.text)-1:])
		}
	}
	if r.classes.Has(AzureKey) {
		set(joint, "~")
	}
	if secret || r.classes.Has(PrivateKey) {
		set(joint, "-")
	}
	if r.classes.Has(JWT) {
		set(upperJ, "J")
	}
	if r.classes.Has(AWSKey) || r.classes.Has(GoogleKey) {
		set(upperI, "I")
	}
	if r.classes.Has(Email) || r.classes.Has(URLPassword) {
		set(at, "@")
	}
	if r.classes.Has(Phone) {
		set(plus, "+")
		set(openParen, "(")
	}
	for _, c := range [...]Class{Card, IBAN, SSN, Phone, NationalID, IPv4} {
		if r.classes.Has(c) {
			set(digit, "0123456789")
		}
	}
}

// scan appends what is found in s. Each step goes on behind what it has looked at, so that
// the work is in proportion to the length.
func (r *Redactor) scan(dst []Span, s string) []Span {
	last := 0 // the end of the last span: none begins before
	triggers := &r.triggers
	for i := 0; i < len(s); i++ {
		for triggers[s[i]] == none {
			if i++; i == len(s) {
				return dst
			}
		}
		var span Span
		var ok bool
		switch t := triggers[s[i]]; t {
		case colon:
			span, ok = r.atColon(s, i)
		case equals:
			span, ok = r.keyValue(s, i)
		case angle:
			span, ok = r.element(s, i)
		case joint:
			span, ok = r.atJoint(s, i)
		case scheme:
			span, ok = bareScheme(s, i)
		case upperJ:
			span, ok = jwt(s, i)
		case upperI:
			span, ok = r.upper(s, i)
		case at:
			span, ok = r.atAt(s, i)
		case digit, plus, openParen:
			var next int
			span, next, ok = r.number(s, i, t)
			if !ok {
				i = max(i, next-1)
			}
		}
		if !ok {
			continue
		}
		if !r.classes.Has(span.Class) || span.Start < last || span.Start >= span.End {
			continue
		}
		dst = append(dst, span)
		last = span.End
		i = max(i, last-1)
	}
	return dst
}

func (r *Redactor) atColon(s string, i int) (Span, bool) {
	if i+2 < len(s) && s[i+1] == '/' && s[i+2] == '/' {
		return urlPassword(s, i+3)
	}
	if span, ok := r.keyValue(s, i); ok {
		return span, true
	}
	if r.classes.Has(IPv6) {
		return ipv6(s, i)
	}
	return Span{}, false
}

func (r *Redactor) atJoint(s string, i int) (Span, bool) {
	if s[i] == '-' && i > 0 && s[i-1] == '-' {
		if strings.HasPrefix(s[i+1:], "---BEGIN ") {
			return privateKey(s, i-1)
		}
		return r.flag(s, i+1)
	}
	return issued(s, i)
}

// Sets of bytes, as bits.
const (
	bitLower uint8 = 1 << iota
	bitUpper
	bitDigit
	bitHex     // a-f A-F 0-9
	bitURLSafe // - and _
	bitBase64  // + / =
	bitSpace
)

const (
	letters  = bitLower | bitUpper
	alnum    = letters | bitDigit
	wordLike = alnum | bitURLSafe // of base64url and most tokens
)

var kind = kinds()

func kinds() (k [256]uint8) {
	for c := range k {
		switch b := byte(c); {
		case b >= 'a' && b <= 'z':
			k[c] = bitLower
		case b >= 'A' && b <= 'Z':
			k[c] = bitUpper
		case b >= '0' && b <= '9':
			k[c] = bitDigit | bitHex
		case b == '-' || b == '_':
			k[c] = bitURLSafe
		case b == '+' || b == '/' || b == '=':
			k[c] = bitBase64
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			k[c] = bitSpace
		}
		if b := byte(c) | 0x20; b >= 'a' && b <= 'f' && k[c]&letters != 0 {
			k[c] |= bitHex
		}
	}
	return k
}

// run returns the end of the bytes of a set from i on.
func run(s string, i int, set uint8) int {
	for i < len(s) && kind[s[i]]&set != 0 {
		i++
	}
	return i
}

// begins reports whether a word can begin at i: what is before it is of no word.
func begins(s string, i int) bool { return i == 0 || kind[s[i-1]]&wordLike == 0 }
