package redact

import (
	"encoding/base64"
	"strings"
)

// manner is how a value was written.
type manner uint8

const (
	prose   manner = iota // behind a colon and a space, without quotes
	machine               // behind =, or in quotes
)

// keyValue finds the value of a key whose name is before the : or = at i.
func (r *Redactor) keyValue(s string, i int) (Span, bool) {
	end := i
	for end > 0 && i-end < 3 && (s[end-1] == ' ' || s[end-1] == '\t') {
		end--
	}
	if end > 0 && (s[end-1] == '"' || s[end-1] == '\'' || s[end-1] == '`') {
		for end--; end > 0 && i-end < 8 && s[end-1] == '\\'; end-- {
		}
	}
	if !mayEnd(s[:end]) || s[i] == ':' && kind[s[end-1]]&bitDigit != 0 {
		return Span{}, false
	}
	start := end
	for start > 0 && end-start < longestKey && (kind[s[start-1]]&wordLike != 0 || s[start-1] == '.') {
		start--
	}
	what := secrecyOf(s[start:end])
	if what == plain {
		return Span{}, false
	}
	if what == signature && !(s[i] == '=' && start > 0 && (s[start-1] == '?' || s[start-1] == '&' || s[start-1] == ';')) {
		return Span{}, false
	}
	how := prose
	if s[i] == '=' {
		how = machine
		if i+1 < len(s) && s[i+1] == '>' { // Ruby
			i++
		} else if i+2 < len(s) && s[i+1] == '=' && (end < i || s[i+2] == ' ') { // a comparison
			return Span{}, false
		}
	} else if i+1 < len(s) && s[i+1] == '=' { // :=
		i++
		how = machine
	}
	return value(s, i+1, what, how)
}

// value finds a value of a secret that begins at i or behind the white space there.
func value(s string, i int, what secrecy, how manner) (Span, bool) {
	spaced := false
	for n := 0; i < len(s) && n < 8 && (s[i] == ' ' || s[i] == '\t'); n++ {
		i++
		spaced = true
	}
	if i < len(s) && s[i] == '[' && i+1 < len(s) { // headers as lists
		i++
	}
	start, end, slashes := i, 0, 0
	for start < len(s) && s[start] == '\\' && slashes < 7 {
		start++
		slashes++
	}
	switch {
	case start < len(s) && (s[start] == '"' || s[start] == '\''):
		start++
		end = quoted(s, start, s[start-1], slashes)
		how = machine
	case what == header || what == cookie:
		start = i
		end = start
		for end < len(s) && s[end] != '\n' && s[end] != '\r' && s[end] != '"' && s[end] != '\'' && s[end] != ']' {
			end++
		}
	default:
		start = i
		end = bare(s, start)
		if spaced && how == prose && goesOn(s, end) && !mixed(s[start:end]) {
			return Span{}, false
		}
		if !spaced && s[i-1] == ':' {
			how = machine
		}
	}
	if what == header || what == cookie {
		return credentials(s, start, end, what)
	}
	if what == signature {
		return Span{start, end, URLPassword}, end-start >= 16
	}
	return Span{start, end, Password}, believable(s[start:end], what, how)
}

// quoted returns where a value in quotes ends, which may itself be within a quoted text.
func quoted(s string, i int, quote byte, slashes int) int {
	before := 0 // backslashes
	for ; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			before++
			continue
		case s[i] == quote && (slashes == 0 && before%2 == 0 || slashes > 0 && before <= slashes):
			if slashes > 0 {
				return i - before
			}
			return i
		}
		before = 0
	}
	return i
}

// bare returns where a value without quotes ends. Signs that end it elsewhere can be part
// of a password: they end it only where another key follows, or nothing.
func bare(s string, i int) int {
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ', c == '"', c == '\'', c == '`', c == '<':
			return i
		case c == '&', c == ';', c == ',':
			if another(s, i+1) {
				return i
			}
		case c == ')', c == ']', c == '}', c == '>', c == '\\', c == '|':
			if i+1 == len(s) || c == '\\' || strings.IndexByte(" \t\r\n,;)]}>\"'|.:", s[i+1]) >= 0 {
				return i
			}
		}
	}
	return i
}

// another reports whether at i there is the end, white space, or a further key.
func another(s string, i int) bool {
	if i == len(s) || kind[s[i]]&bitSpace != 0 || s[i] == '"' || s[i] == '\'' {
		return true
	}
	end := i
	for end < len(s) && end-i < longestKey && (kind[s[end]]&wordLike != 0 || s[end] == ' ' || s[end] == '.') {
		end++
	}
	return end < len(s) && (s[end] == '=' || s[end] == ':') && end > i
}

// goesOn reports whether behind a word there are more on the same line: a sentence.
func goesOn(s string, i int) bool {
	return i+1 < len(s) && s[i] == ' ' && kind[s[i+1]]&letters != 0
}

// believable reports whether a value can be the secret that its key speaks of.
func believable(v string, what secrecy, how manner) bool {
	if v == "" || spared(v) {
		return false
	}
	if how == prose {
		v = strings.TrimRight(v, ".,;:!")
	}
	digits := run(v, 0, bitDigit) == len(v)
	switch what {
	case password:
		return how == machine || len(v) >= 3
	case pass:
		return !digits && len(v) >= 3 && v[0] != '/' && v[0] != '~' && v[0] != '$' && !(len(v) > 2 && v[1] == ':' && v[2] == '\\')
	case token:
		if len(v) < 6 || digits && len(v) < 10 {
			return false
		}
		if namesAnother(v) {
			return false
		}
		return how == machine || len(v) >= 8 && mixed(v)
	}
	return false
}

// namesAnother reports whether a value is namespace/name of an object, or a path: it says
// where a secret is.
func namesAnother(v string) bool {
	slash := strings.IndexByte(v, '/')
	if slash < 0 {
		return false
	}
	for i := range len(v) {
		if c := v[i]; kind[c]&(bitLower|bitDigit) == 0 && c != '/' && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return slash == 0 || strings.Count(v, "/") == 1 && len(v) < 100 && !mixed(v[slash+1:]) || strings.Contains(v, ".")
}

// spared reports whether a value says that there is none, or is hidden already.
func spared(v string) bool {
	if v == "" {
		return true
	}
	switch v[0] {
	case '*', '<', '[':
		if strings.Trim(v, "*") == "" || v[0] == '<' && v[len(v)-1] == '>' || v[0] == '[' && v[len(v)-1] == ']' {
			return true
		}
	case '{', '(':
		return len(v) < 3 || v == "{}" || v[0] == '{' && v[1] == '{' || v[0] == '{' && v[1] == '"'
	case '$':
		return len(v) > 1 && (v[1] == '{' || v[1] == '(')
	case '%':
		return len(v) == 2
	case 'x', 'X', '.', '-':
		return len(v) > 2 && strings.Trim(v, v[:1]) == ""
	}
	if len(v) > 16 || kind[v[0]]&letters == 0 {
		return false
	}
	return says(v)
}

// saying are words that stand behind "password:" and "token=" and are neither.
var saying = [...]string{
	"null", "nil", "none", "undefined", "true", "false", "yes", "no", "empty", "unset", "set", "missing", "invalid", "incorrect", "wrong", "required",
	"expired", "changed", "reset", "failed", "failure", "denied", "accepted", "ok", "not", "is", "was", "for", "must", "should", "cannot", "unknown",
	"redacted", "hidden", "masked", "filtered", "enabled", "disabled", "mismatch", "updated", "authentication", "string", "optional", "default", "prompt", "unauthorized", "found",
	"amd64", "arm64", "i386", // Debian has a package passwd
}

func says(v string) bool {
	v = strings.TrimRight(v, ".,;:!")
	for _, word := range saying {
		if strings.EqualFold(v, word) {
			return true
		}
	}
	return false
}

// schemes of RFC 7235 and of services that made up their own.
var schemes = [...]string{"bearer", "basic", "digest", "token", "negotiate", "ntlm", "apikey", "aws4-hmac-sha256", "sharedkey", "sharedkeylite", "sharedaccesssignature", "hawk", "splunk", "key", "signature", "gcsfuse"}

// credentials finds what is secret in the value of an Authorization or Cookie header,
// which is s[start:end]: all but the scheme.
func credentials(s string, start, end int, what secrecy) (Span, bool) {
	v := s[start:end]
	if what == cookie {
		eq := strings.IndexByte(v, '=')
		return Span{start, end, Authorization}, eq > 0 && eq+1 < len(v) && !spared(v)
	}
	word := v
	if i := strings.IndexByte(v, ' '); i >= 0 {
		word = v[:i]
		for _, scheme := range schemes {
			if strings.EqualFold(word, scheme) {
				rest := strings.TrimLeft(v[i:], " ")
				if scheme != "digest" && scheme != "aws4-hmac-sha256" && scheme != "hawk" && scheme != "signature" {
					rest = strings.TrimRight(rest[:bare(rest, 0)], ",")
				}
				from := end - len(strings.TrimLeft(v[i:], " "))
				return Span{from, from + len(rest), Authorization}, len(rest) > 0 && !spared(rest) && (len(rest) >= 8 || scheme != "token" && scheme != "key")
			}
		}
	}
	word = strings.TrimRight(word, ",;")
	return Span{start, start + len(word), Authorization}, len(word) >= 12 && mixed(word) && !spared(word)
}

// bareScheme finds Bearer and Basic, whose B is at i, without a header's name before them.
func bareScheme(s string, i int) (Span, bool) {
	basic := hasFold(s, i+1, "asic ")
	if !begins(s, i) || !basic && !hasFold(s, i+1, "earer ") {
		return Span{}, false
	}
	start := i + len("bearer ")
	if basic {
		start = i + len("basic ")
	}
	end := start
	for end < len(s) && (kind[s[end]]&(wordLike|bitBase64) != 0 || s[end] == '.' || s[end] == '~') {
		end++
	}
	v := s[start:end]
	if basic {
		plain, err := base64.StdEncoding.DecodeString(v[:min(len(v), 1024)])
		return Span{start, end, Authorization}, err == nil && strings.IndexByte(string(plain), ':') > 0
	}
	return Span{start, end, Authorization}, len(v) >= 12 && mixed(v) && strings.IndexByte(v, '=') < 0 || len(v) >= 20 && strings.TrimRight(v, "=") != v
}

// hasFold reports whether s has a text, given in lower case, at i.
func hasFold(s string, i int, word string) bool {
	return i+len(word) <= len(s) && ends(s[:i+len(word)], word)
}

// element finds the text of <password>...</password>, whose > is at i.
func (r *Redactor) element(s string, i int) (Span, bool) {
	if i < 3 || !mayEnd(s[:i]) {
		return Span{}, false
	}
	start := i
	for start > 0 && i-start < longestKey && (kind[s[start-1]]&wordLike != 0 || s[start-1] == '.' || s[start-1] == ':') {
		start--
	}
	if start == 0 || s[start-1] != '<' {
		return Span{}, false
	}
	what := secrecyOf(s[start:i])
	if what != password && what != token && what != pass {
		return Span{}, false
	}
	length := strings.IndexByte(s[i+1:min(len(s), i+1+4096)], '<')
	if length < 0 {
		return Span{}, false
	}
	return Span{i + 1, i + 1 + length, Password}, believable(s[i+1:i+1+length], what, machine)
}

// flag finds the value of --password value, whose name begins at i.
func (r *Redactor) flag(s string, i int) (Span, bool) {
	end := run(s, i, wordLike)
	if end == i || end-i > longestKey || end+1 >= len(s) || s[end] != ' ' || s[end+1] == '-' || !mayEnd(s[:end]) {
		return Span{}, false
	}
	what := secrecyOf(s[i:end])
	if what != password && what != token && what != pass {
		return Span{}, false
	}
	return value(s, end+1, what, machine)
}
