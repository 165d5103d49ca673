package redact

import "strings"

// secrecy is what the name of a value says of it.
type secrecy uint8

const (
	plain    secrecy = iota
	password         // whatever it is, it is one
	pass             // pass, pwd and pw: words with other meanings too
	token            // token, secret, api_key: a value that can be one
	header           // authorization
	cookie
	signature // of a signed URL
)

// longestKey bounds how far back a key is read.
const longestKey = 64

// tails are the last two letters of the names of secrets: a bit for the one before the
// last by the last.
var tails = lastTwo("rd", "wd", "se", "ie", "re", "ig", "al", "on", "en", "ss", "et", "pw", "ey")

func lastTwo(list ...string) (t [32]uint32) {
	for _, s := range list {
		t[s[1]&31] |= 1 << (s[0] & 31)
	}
	return t
}

// mayEnd reports whether a text can end with the name of a secret; most cannot. A digit may
// follow it: password2.
func mayEnd(s string) bool {
	if len(s) < 2 {
		return false
	}
	last := s[len(s)-1]
	return tails[last&31]>>(s[len(s)-2]&31)&1 != 0 && kind[last]&letters != 0 || kind[last]&bitDigit != 0
}

// secrecyOf says what a key is, by its last word. It must be cheap for keys that are
// nothing: most are told by their last byte.
func secrecyOf(key string) secrecy {
	for len(key) > 0 && kind[key[len(key)-1]]&bitDigit != 0 {
		key = key[:len(key)-1]
	}
	if len(key) < 2 {
		return plain
	}
	switch key[len(key)-1] | 0x20 {
	case 'd':
		if ends(key, "password") || ends(key, "passwd") {
			return password
		}
		if ends(key, "pwd") {
			return pass
		}
	case 'e':
		if ends(key, "passphrase") {
			return password
		}
		if endsWord(key, "cookie") {
			return cookie
		}
		if ends(key, "x-amz-signature") || ends(key, "x-goog-signature") {
			return signature
		}
	case 'g':
		if strings.EqualFold(key, "sig") {
			return signature
		}
	case 'l':
		if ends(key, "passwordcredential") || ends(key, "client_credential") {
			return token
		}
	case 'n':
		return secrecyN(key)
	case 's':
		if endsWord(key, "pass") {
			return pass
		}
	case 't':
		if endsWord(key, "secret") || ends(key, "clientsecret") || ends(key, "appsecret") || ends(key, "sharedsecret") {
			return token
		}
	case 'w':
		if endsWord(key, "pw") {
			return pass
		}
	case 'y':
		return secrecyKey(key)
	}
	return plain
}

func secrecyN(key string) secrecy {
	switch {
	case endsWord(key, "authorization"):
		return header
	case ends(key, "password_confirmation"), ends(key, "passwordconfirmation"):
		return password
	case !ends(key, "token"):
		return plain
	}
	before := key[:len(key)-len("token")]
	for _, other := range [...]string{"page", "next", "continuation", "sync", "cursor", "unexpected", "cancellation", "invalid"} {
		if ends(strings.TrimRight(before, "_-. "), other) {
			return plain // of paging and of parsers
		}
	}
	for _, known := range [...]string{"access", "auth", "refresh", "csrf", "bearer", "id", "session", "api", "user"} {
		if ends(before, known) {
			return token
		}
	}
	if endsWord(key, "token") {
		return token
	}
	return plain
}

// secrecyKey tells api_key from primary_key.
func secrecyKey(key string) secrecy {
	if !ends(key, "key") {
		return plain
	}
	before := strings.TrimRight(key[:len(key)-len("key")], "_-. ")
	for _, known := range [...]string{
		"api", "access", "secret", "private", "account", "auth", "encryption", "signing", "master", "subscription", "storage", "app", "license", "hmac", "webhook",
	} {
		if ends(before, known) && (known != "app" || endsWord(before, "app")) {
			return token
		}
	}
	return plain
}

// ends reports whether a key ends with a word that is given in lower case.
func ends(key, word string) bool {
	if len(key) < len(word) {
		return false
	}
	tail := key[len(key)-len(word):]
	for i := range len(word) {
		c := tail[i]
		if kind[c]&bitUpper != 0 {
			c |= 0x20
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// endsWord is ends where a new word must begin: behind another sign, or as a capital behind
// a small letter (userPass, but not bypass).
func endsWord(key, word string) bool {
	if !ends(key, word) {
		return false
	}
	i := len(key) - len(word)
	return i == 0 || kind[key[i-1]]&letters == 0 || kind[key[i]]&bitUpper != 0 && kind[key[i-1]]&bitLower != 0
}

// untouched is the class of values that are not looked at.
const untouched = Class(255)

// keyed says whether a key alone decides over its value, and as what.
func (r *Redactor) keyed(key, value string) (c Class, whole bool) {
	if matchesFold(r.allowKeys, key) {
		return untouched, false
	}
	if matchesFold(r.denyKeys, key) {
		return Key, value != "" && value != mask && !strings.HasPrefix(value, "<KEY")
	}
	if !mayEnd(key) {
		return 0, false
	}
	what := secrecyOf(key)
	if what == plain || what == header && !r.classes.Has(Authorization) || what != header && !r.classes.Has(Password) {
		return 0, false
	}
	if what == header || what == cookie {
		if span, ok := credentials(value, 0, len(value), what); ok && span.Start == 0 {
			return span.Class, true
		}
		return 0, false // a scheme stays: the text is looked at as one
	}
	return Password, believable(value, what, machine)
}

// Secret reports whether a key names a secret whatever its value is: the value may be no
// text, as a password of digits.
func (r *Redactor) Secret(key string) (Class, bool) {
	if matchesFold(r.allowKeys, key) {
		return 0, false
	}
	if matchesFold(r.denyKeys, key) {
		return Key, true
	}
	return Password, r.classes.Has(Password) && mayEnd(key) && secrecyOf(key) == password
}

func matchesFold(globs []string, key string) bool {
	if len(globs) == 0 {
		return false
	}
	key = strings.ToLower(key) // allocates only where there are capitals
	for _, g := range globs {
		if match(g, key) {
			return true
		}
	}
	return false
}
