package logpattern

import "strings"

// messageOf returns the part of a JSON or logfmt line that a person would call
// the message, and ok. The result is a part of line; escapes are left as they
// are.
func messageOf(line string) (msg string, ok bool) {
	i := 0
	for i < len(line) && isSpace(line[i]) {
		i++
	}
	if i == len(line) {
		return "", false
	}
	if line[i] == '{' {
		return jsonMessage(line[i:])
	}
	// logfmt begins with key=
	for j := i; j < len(line) && j < i+24; j++ {
		switch c := line[j]; {
		case c == '=' && j > i:
			return logfmtMessage(line[i:])
		case !isLetter(c) && c != '_' && c != '.':
			return "", false
		}
	}
	return "", false
}

// messageRank orders the keys that may hold the message; zero is none.
func messageRank(key string) int {
	switch key {
	case "message", "msg", "@message":
		return 3
	case "log", "body", "text":
		return 2
	case "event", "error", "err":
		return 1
	}
	return 0
}

func jsonMessage(s string) (string, bool) {
	best, rank := "", 0
	depth, wantKey := 0, false
	key := ""
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
			wantKey = s[i] == '{' && depth == 1
		case '}', ']':
			depth--
			if depth == 0 {
				return best, rank > 0
			}
		case ',':
			wantKey = depth == 1
		case ':':
			wantKey = false
		case '"':
			end := closingQuote(s, i)
			str := s[i+1 : end]
			if depth == 1 {
				if wantKey {
					key = str
				} else if r := messageRank(key); r > rank && str != "" {
					best, rank = str, r
				}
			}
			i = end
		}
	}
	return best, rank > 0 // cut short: what was found is still the message
}

// closingQuote is the index of the quote that closes the one at i, len(s) if
// there is none.
func closingQuote(s string, i int) int {
	q := s[i]
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '\\':
			j++
		case q:
			return j
		}
	}
	return len(s)
}

func logfmtMessage(s string) (string, bool) {
	best, rank := "", 0
	for i := 0; i < len(s); {
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		eq := i
		for eq < len(s) && s[eq] != '=' && !isSpace(s[eq]) {
			eq++
		}
		if eq >= len(s) || s[eq] != '=' {
			if rank < 3 {
				return "", false // bare words: not logfmt
			}
			break
		}
		key, v := s[i:eq], eq+1
		var val string
		if v < len(s) && s[v] == '"' {
			end := closingQuote(s, v)
			val, i = s[v+1:end], min(end+1, len(s))
		} else {
			end := strings.IndexByte(s[v:], ' ')
			if end < 0 {
				end = len(s) - v
			}
			val, i = s[v:v+end], v+end
		}
		if r := messageRank(key); r > rank && val != "" {
			best, rank = val, r
			if val[len(val)-1] == ':' {
				return "", false // what follows belongs to it
			}
		}
	}
	return best, rank >= 2
}
