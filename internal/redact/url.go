package redact

import "strings"

// longestAuthority bounds how far the @ of a URL is looked for.
const longestAuthority = 512

// urlPassword finds the password in the authority of a URL, which begins at i. The last @
// counts, since passwords have some that nobody escaped.
func urlPassword(s string, i int) (Span, bool) {
	end, sep, at := i, -1, -1
	limit := min(len(s), i+longestAuthority)
scan:
	for ; end < limit; end++ {
		switch c := s[end]; c {
		case '/', '?', '#', '"', '\'', '<', '>', '`', '\\', '{', '}':
			break scan
		case ':':
			if sep < 0 {
				sep = end
			}
		case '@':
			at = end
		default:
			if c <= ' ' {
				break scan
			}
		}
	}
	switch {
	case at < 0:
		return Span{}, false
	case sep >= 0 && sep < at: // user:password@
		return Span{sep + 1, at, URLPassword}, !spared(s[sep+1 : at])
	default: // token@
		user := s[i:at]
		return Span{i, at, URLPassword}, len(user) >= 20 && mixed(user) && run(user, 0, wordLike) == len(user)
	}
}

// driverPassword finds the password in user:password@tcp(host), whose @ is at i.
func driverPassword(s string, i int) (Span, bool) {
	if !strings.HasPrefix(s[i+1:], "tcp(") && !strings.HasPrefix(s[i+1:], "unix(") {
		return Span{}, false
	}
	sep := -1
	for j := i - 1; j >= max(0, i-longestAuthority); j-- {
		if c := s[j]; c <= ' ' || c == '"' || c == '\'' || c == '=' {
			break
		} else if c == ':' {
			sep = j
		}
	}
	if sep < 0 {
		return Span{}, false
	}
	return Span{sep + 1, i, URLPassword}, !spared(s[sep+1 : i])
}

// atAt looks at what an @ at i may be.
func (r *Redactor) atAt(s string, i int) (Span, bool) {
	if span, ok := driverPassword(s, i); ok {
		return span, true
	}
	if !r.classes.Has(Email) {
		return Span{}, false
	}
	return email(s, i)
}

// Bounds of RFC 5321.
const (
	longestLocal  = 64
	longestDomain = 255
)

// email finds an address whose @ is at i.
func email(s string, i int) (Span, bool) {
	start := i
	for start > 0 && i-start < longestLocal && (kind[s[start-1]]&wordLike != 0 || strings.IndexByte(".%+", s[start-1]) >= 0) {
		start--
	}
	for start < i && kind[s[start]]&alnum == 0 && s[start] != '_' {
		start++
	}
	if start == i || s[i-1] == '.' || start >= 2 && s[start-1] == '/' && s[start-2] == '/' || s[start:i] == "git" {
		return Span{}, false
	}
	end, dot := i+1, -1
	for end < len(s) && end-i < longestDomain {
		c := s[end]
		if c == '.' {
			if end == i+1 || s[end-1] == '.' || end+1 == len(s) || kind[s[end+1]]&alnum == 0 {
				break
			}
			dot = end
		} else if kind[c]&alnum == 0 && c != '-' {
			break
		}
		end++
	}
	if dot < 0 {
		return Span{}, false
	}
	top := s[dot+1 : end]
	return Span{start, end, Email}, len(top) >= 2 && len(top) <= 24 && run(top, 0, letters) == len(top) && !fileEnding(top)
}

// fileEnding reports whether a name with an @ in it is that of a file or of a systemd
// unit's instance.
func fileEnding(top string) bool {
	switch strings.ToLower(top) {
	case "service", "socket", "timer", "mount", "automount", "target", "slice", "scope", "path", "device", "swap",
		"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "mjs", "ts", "tsx", "json", "yaml", "yml", "log", "txt", "conf",
		"go", "py", "java", "rb", "php", "html", "htm", "xml", "gz", "tgz", "zip", "jar":
		return true
	}
	return false
}
