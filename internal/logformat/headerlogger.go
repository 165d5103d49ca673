package logformat

import (
	"strconv"
	"strings"
)

// logger takes the name of a logger, a source position or a function behind the
// level: "dfs.DataNode: ", "app.module - ", "main.go:102\t", "sync.go 356: ".
func (h *headerReader) logger() bool {
	s := h.s[h.pos:]
	if h.r.Severity != 0 && strings.HasPrefix(s, "in ") { // Flask: "INFO in module: "
		if n := 3 + wordEnd(s[3:]); n > 3 && strings.HasPrefix(s[n:], ": ") {
			h.r.addUnique(attrLogger, s[3:n])
			h.pos += n + 1
			h.done = true
			return true
		}
	}
	if s[0] == '<' { // Erlang: "<0.8.0> "
		if end := strings.IndexByte(s, '>'); end > 1 && end < 24 && wordEnd(s[1:end]) == end-1 && h.tags < maxElements {
			h.tag(s[1:end])
			h.pos += end + 1
			return true
		}
	}
	n := 0
	dots := false
scan:
	for n < len(s) && n < 120 {
		switch class := classes[s[n]]; {
		case class&inClass != 0:
			dots = dots || class&isDeep != 0
		case s[n] == ':' && n > 0 && n+2 < len(s) && s[n+1] == ':' && letterOrDigit(s[n+2]):
			dots = true
			n++
		default:
			break scan
		}
		n++
	}
	if n == 0 || n >= len(s) {
		return false
	}
	if s[n] == '{' {
		return h.spans()
	}
	if !dots && s[n] == ' ' && n+1 < len(s) && isLetter(s[n+1]) {
		return false // prose
	}
	name := s[:n]
	if s[n] == ':' && h.bars && h.function(s, n) {
		return true
	}
	if s[n] == ':' && dots && hasLetter(name) { // a line number may follow
		if d := digits(s[n+1:]); d > 0 && strings.Contains(name, ".") {
			end := n + 1 + d
			if end < len(s) && (s[end] == ' ' || s[end] == '\t' || s[end] == ':' || s[end] == ']' || s[end] == '>') {
				h.source(name, s[n+1:end])
				h.pos += end
				if s[end] == '>' || s[end] == ':' {
					h.pos++
				}
				if strings.HasPrefix(s[end:], " > ") { // zerolog's console
					h.pos += 2
				}
				return true
			}
		}
	}
	if s[n] == ' ' && dots && n+1 < len(s) && s[n+1]-'0' <= 9 && strings.Contains(name, ".") {
		if d := digits(s[n+1:]); n+1+d < len(s) && s[n+1+d] == ':' {
			h.source(name, s[n+1:n+1+d])
			h.pos += n + 1 + d + 1
			return true
		}
	}
	end := n
	for end < len(s) && s[end] == ' ' {
		end++
	}
	switch {
	case s[n] == ':' && n+1 < len(s) && s[n+1] == ' ' && (dots && !strings.HasSuffix(name, "/") || h.plainName(name)):
		end = n + 1
	case s[n] == '\t' && h.s[h.pos-1] == '\t' && n+1 < len(s) && s[n+1] != '{':
		end = n
	case s[n] == ' ' && end+1 < len(s) && (s[end] == '-' || s[end] == '|') && s[end+1] == ' ' && end > n:
		if s[end] == '|' && !isPackage(name) {
			return false // the other columns are cut at the end
		}
		if !dots && h.tags > 0 && strings.HasSuffix(strings.TrimRight(h.s[:h.pos], " "), "-") {
			return false // "[main:Foo@12] - this - that"
		}
	case s[n] == '[' && dots:
		end = n
	case s[n] == ' ' && end == n+1 && h.tags > 0 && isClass(name):
		end = n
	case s[n] == '|' && h.bars && dots:
		end = n
	case s[n] == ' ' && dots && isDotted(name) && n+1 < len(s) && s[n+1] == '[':
		end = n
	default:
		return false
	}
	if strings.Contains(name, "//") || name[0]-'0' <= 9 && !dots {
		return false
	}
	h.r.addUnique(attrLogger, name)
	h.tags += maxElements
	h.bars = h.bars && s[n] != ' '
	h.pos += end
	return true
}

// function reads "module:function:12 - ", as loguru writes it between bars.
func (h *headerReader) function(s string, n int) bool {
	m := n + 1
	for m < len(s) && (letterOrDigit(s[m]) || s[m] == '<' || s[m] == '>' || s[m] == '.') {
		m++
	}
	if m == n+1 || m >= len(s) || s[m] != ':' {
		return false
	}
	d := digits(s[m+1:])
	end := m + 1 + d
	if d == 0 || !strings.HasPrefix(s[end:], " - ") {
		return false
	}
	h.r.addUnique(attrLogger, s[:n])
	h.r.addString("code.function.name", s[n+1:m])
	if v, err := strconv.ParseInt(s[m+1:end], 10, 64); err == nil {
		h.r.addInt(attrLine, v)
	}
	h.pos += end + 2
	h.done, h.bars = true, false
	return true
}

// isClass reports whether a name is that of a Java class in packages, and perhaps
// a method of it: org.acme.Server.start.
func isClass(name string) bool {
	if name[0] < 'a' || name[0] > 'z' || strings.Count(name, ".") < 2 || strings.Contains(name, "..") {
		return false
	}
	for part := range strings.SplitSeq(name, ".") {
		if part != "" && part[0] >= 'A' && part[0] <= 'Z' {
			return true
		}
	}
	return false
}

// isHumped reports whether a word is in camel case, as classes are: SparkContext.
func isHumped(s string) bool {
	humps := 0
	for i := 1; i < len(s); i++ {
		if !letterOrDigit(s[i]) {
			return false
		}
		if s[i] >= 'A' && s[i] <= 'Z' && s[i-1] >= 'a' && s[i-1] <= 'z' {
			humps++
		}
	}
	return humps > 0 && !strings.HasSuffix(s, "Exception") && !strings.HasSuffix(s, "Error")
}

// plainName reports whether "name: " in front of the message is a logger's: only
// directly behind a level in brackets, where libraries put it.
func (h *headerReader) plainName(name string) bool {
	if h.tags > 0 || len(name) > 40 {
		return false
	}
	if name[0] >= 'A' && name[0] <= 'Z' {
		return !h.bracketed && h.timed && inCapitals(h.r.SeverityText) && isHumped(name)
	}
	if name[0] < 'a' || name[0] > 'z' {
		return false
	}
	before := strings.TrimRight(h.s[:h.pos], " \t")
	return strings.HasSuffix(before, "]") || strings.HasSuffix(before, "INFO") && h.bars
}

// isDotted reports whether a name has dots between letters, as packages have.
func isDotted(s string) bool {
	i := strings.IndexByte(s, '.')
	return i > 0 && i < len(s)-1 && letterOrDigit(s[i+1])
}

func (h *headerReader) source(file, line string) {
	h.r.addString(attrFile, file)
	if n, err := strconv.ParseInt(line, 10, 64); err == nil {
		h.r.addInt(attrLine, n)
	} else {
		h.r.addString(attrLine, line)
	}
	h.tags += maxElements
}
