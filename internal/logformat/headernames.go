package logformat

import (
	"strconv"
	"strings"
)

// inBrackets keeps what stands in brackets: a level, a level with a name, as in
// [core:error] or [INFO  app::server], or a tag.
func (h *headerReader) inBrackets(v string) {
	if h.r.Severity == 0 {
		if sev, word, rest, ok := levelWithName(v); ok {
			h.r.Severity, h.r.SeverityText, h.bracketed = sev, word, true
			if rest != "" {
				h.tag(rest)
			}
			return
		}
	}
	h.tag(v)
}

// levelWithName splits "core:error", "ERROR/MainProcess" and "INFO app::server".
// Parted by a blank, a level must be in capitals.
func levelWithName(v string) (sev Severity, word, rest string, ok bool) {
	for _, c := range []byte{'/', ':', ' '} {
		at := strings.IndexByte(v, c)
		if at < 0 {
			continue
		}
		last := strings.LastIndexByte(v, c)
		tail := v[last+1:]
		if sev, ok = ParseSeverity(tail); ok && (c != ' ' || inCapitals(tail)) {
			return sev, tail, strings.TrimRight(v[:last], " "), true
		}
		if sev, ok = ParseSeverity(v[:at]); ok && (c != ' ' || inCapitals(v[:at])) {
			return sev, v[:at], strings.TrimLeft(v[at+1:], " "), true
		}
	}
	sev, ok = ParseSeverity(v)
	return sev, v, "", ok
}

// closingBracket returns where the bracket that s begins with is closed, -1 if
// that is not within the length of a header.
func closingBracket(s string) int {
	depth := 0
	for i := range min(len(s), 200) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// bracketPairs reads a line that is groups in brackets to its end, as TiDB's
// unified log format has it: [server.go:77] ["message"] [key=value].
func (h *headerReader) bracketPairs() bool {
	s := h.s[h.pos:]
	if len(s) > 1<<16 || s[len(s)-1] != ']' || !strings.Contains(s, "] [") {
		return false
	}
	mark := len(h.r.Fields)
	file, message, pairs := "", "", 0
	for rest := s; rest != ""; {
		group, n := quotedGroup(rest)
		if n == 0 {
			h.r.Fields = h.r.Fields[:mark]
			return false
		}
		rest = strings.TrimLeft(rest[n:], " ")
		key, value, ok := strings.Cut(group, "=")
		switch {
		case file == "" && message == "" && isSource(group):
			file = group
		case message == "" && pairs == 0:
			message = unquote(group)
		case ok && group[0] != '=':
			pairs++
			h.r.addString(unquote(key), unquote(value))
		default:
			h.r.Fields = h.r.Fields[:mark]
			return false
		}
	}
	if file == "" || message == "" {
		h.r.Fields = h.r.Fields[:mark]
		return false
	}
	colon := strings.LastIndexByte(file, ':')
	h.source(file[:colon], file[colon+1:])
	h.message, h.pos, h.done = message, len(h.s), true
	return true
}

// quotedGroup returns what stands in the brackets that s begins with, and the
// length with them; brackets in quotes do not count.
func quotedGroup(s string) (string, int) {
	if s == "" || s[0] != '[' {
		return "", 0
	}
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ']':
			if i == 1 {
				return "", 0
			}
			return s[1:i], i + 1
		}
	}
	return "", 0
}

// unquote takes quotes off, and the escapes of JSON inside of them.
func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	if v, ok := unescape(s[1 : len(s)-1]); ok {
		return v
	}
	return s[1 : len(s)-1]
}

// isSource reports whether s is the position of a source: "server.go:77".
func isSource(s string) bool {
	colon := strings.LastIndexByte(s, ':')
	if colon <= 0 || colon == len(s)-1 || digits(s[colon+1:]) != len(s)-colon-1 {
		return false
	}
	dot := strings.LastIndexByte(s[:colon], '.')
	return dot > 0 && dot < colon-1 && colon-dot <= 5 && strings.IndexByte(s[:colon], ' ') < 0 && s[dot+1]-'0' > 9
}

// lineOfSource takes the position of a source in front of a message without a
// level, as Go's standard logger writes it: "main.go:12: ".
func (h *headerReader) lineOfSource() bool {
	s := h.s[h.pos:]
	n := strings.Index(s[:min(len(s), 120)], ": ")
	if n < 0 || h.tags > 0 || !isSource(s[:n]) {
		return false
	}
	colon := strings.LastIndexByte(s[:n], ':')
	h.source(s[:colon], s[colon+1:n])
	h.pos += n + 1
	h.done = true
	return true
}

// threadInParens reports whether the parentheses behind a level hold a thread or
// process: behind a logger in brackets, as JBoss writes it, or with a number and
// a colon behind, as pino-pretty does: "INFO (4711 on web-1): ".
func (h *headerReader) threadInParens(s string) bool {
	if h.pos > 1 && h.tags > 0 && h.tags < maxElements && h.s[h.pos-2] == ']' && h.r.has(attrLogger) {
		return true
	}
	end := strings.IndexByte(s[:min(len(s), 80)], ')')
	if end < 2 || h.tags > 0 {
		return false
	}
	if s[1]-'0' <= 9 && strings.HasPrefix(s[end+1:], ": ") {
		return true
	}
	// Home Assistant: "(MainThread) [homeassistant.core] ".
	logger, _, ok := strings.Cut(s[end+1:min(len(s), end+100)], "] ")
	return ok && h.timed && span(s[1:end], inName) == end-1 && strings.HasPrefix(logger, " [") && wordEnd(logger[2:]) == len(logger)-2
}

// spans takes the spans of Rust's tracing, "request{id=7}: ", in front of a target.
func (h *headerReader) spans() bool {
	s := h.s[h.pos:]
	n := wordEnd(s)
	if n == 0 || n == len(s) || s[n] != '{' {
		return false
	}
	end := strings.Index(s[:min(len(s), 400)], "}:")
	if end < 0 {
		return false
	}
	h.r.addUnique("log.span", s[:end+1])
	h.pos += end + 2
	return true
}

// namedLevel reads levels that are joined to a name: "app.ERROR: ", "queries: info: ",
// "unbound[7:0] info: ", "util.py[WARNING]: ", "712: error : ".
func (h *headerReader) namedLevel(s string) bool {
	if !h.timed || h.syslog {
		return false
	}
	n := wordEnd(s)
	if n == 0 || n > 48 || n >= len(s) {
		return false
	}
	name := s[:n]
	rest := s[n:]
	if strings.HasPrefix(rest, ": ") {
		if dot := strings.LastIndexByte(name, '.'); dot > 0 && h.namesLevel(name[dot+1:], true) { // Monolog
			h.r.addUnique(attrLogger, name[:dot])
			h.pos += n + 1
			h.done = true
			return true
		}
		rest = rest[2:]
		m := wordEnd(rest)
		after := strings.TrimLeft(rest[m:], " ")
		if m > 0 && strings.HasPrefix(after, ": ") && h.namesLevel(rest[:m], false) { // BIND, libvirt
			h.tag(name)
			h.pos = len(h.s) - len(after) + 1
			h.done = true
			return true
		}
		return false
	}
	if rest[0] != '[' {
		return false
	}
	end := strings.IndexByte(rest[:min(len(rest), 24)], ']')
	if end < 2 {
		return false
	}
	inside, after := rest[1:end], rest[end+1:]
	if strings.HasPrefix(after, ": ") && h.namesLevel(inside, true) { // cloud-init
		h.r.addUnique(attrLogger, name)
		h.pos = len(h.s) - len(after) + 1
		return true
	}
	after = strings.TrimLeft(after, " ")
	m := wordEnd(after)
	if inside[0]-'0' <= 9 && m > 0 && strings.HasPrefix(after[m:], ": ") && h.namesLevel(after[:m], false) { // Unbound
		h.r.addString(attrProgram, name)
		pid, thread, _ := strings.Cut(inside, ":")
		h.tag(pid)
		if thread != "" {
			h.tag(thread)
		}
		h.pos = len(h.s) - len(after) + m + 1
		h.done = true
		return true
	}
	return false
}

// namesLevel takes a word for the level if it is one.
func (h *headerReader) namesLevel(word string, capitals bool) bool {
	sev, ok := ParseSeverity(word)
	if !ok || capitals && !inCapitals(word) {
		return false
	}
	h.r.Severity, h.r.SeverityText = sev, word
	return true
}

// levelAndName reads "WARNING:app.db:message", the basic format of Python's logging,
// at the beginning or behind a time and a colon.
func (h *headerReader) levelAndName(s string) bool {
	if s[0] == ':' && h.timed {
		s = s[1:]
	}
	n := 0
	for n < len(s) && n <= longestLevel && s[n] >= 'A' && s[n] <= 'Z' {
		n++
	}
	if n < 4 || n+2 >= len(s) || s[n] != ':' {
		return false
	}
	m := n + 1
	for m < len(s) && m-n < 80 && (letterOrDigit(s[m]) || s[m] == '.') {
		m++
	}
	if m == n+1 || m+1 >= len(s) || s[m] != ':' || s[m+1] == ':' || s[m+1] == '/' || s[n+1]-'0' <= 9 || !h.namesLevel(s[:n], true) {
		return false
	}
	h.r.addUnique(attrLogger, s[n+1:m])
	h.pos = len(h.s) - len(s) + m + 1
	h.done = true
	return true
}

// ids reads the trace and span ids that stand in a part of the header: "app,TRACE,SPAN".
func (r *Record) ids(v string) {
	if len(v) < 49 || r.TraceID != [16]byte{} {
		return
	}
	for part := range strings.FieldsFuncSeq(v, func(c rune) bool { return c == ',' || c == '-' || c == ' ' || c == '=' }) {
		switch len(part) {
		case 32:
			parseHexID(r.TraceID[:], part)
		case 16:
			parseHexID(r.SpanID[:], part)
		}
	}
}

// pairField adds "key=value" as a field.
func (r *Record) pairField(v string) bool {
	k := keyLength(v)
	if k == 0 {
		return false
	}
	key, value := v[:k], v[k+1:]
	if n, err := strconv.ParseInt(value, 10, 64); err == nil && key == "pid" {
		r.addInt(attrPID, n)
		return true
	}
	if r.has(key) {
		r.addUnique(attrTag, v)
		return true
	}
	r.addString(key, value)
	return true
}

// plainLevel reads levels that only their surroundings tell from prose: "E! " of
// Telegraf, "PHP Warning:  ", a word right-aligned or padded with blanks, and one in
// front of a program: " info hostd[712] ".
func (h *headerReader) plainLevel(s string) bool {
	if len(s) > 2 && s[1] == '!' && s[2] == ' ' {
		sev, ok := severityLetter(s[0])
		if ok {
			h.r.Severity, h.r.SeverityText = sev, s[:1]
			h.pos += 2
		}
		return ok
	}
	if rest, ok := strings.CutPrefix(s, "PHP "); ok {
		return h.levelOfPHP(rest)
	}
	n := 0
	for n < len(s) && n <= longestLevel && s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' {
		n++
	}
	if n < 4 || n+2 >= len(s) || s[n] != ' ' || h.syslog {
		return false
	}
	rest := s[n+1:]
	switch {
	case h.pos > 2 && n == 4 && h.s[h.pos-1] == ' ' && h.s[h.pos-2] == ' ': // right-aligned in five columns
	case rest[0] == ' ' && s[0] <= 'Z' && strings.HasPrefix(rest, "      ") && h.padded(strings.TrimLeft(rest, " ")): // Windows' CBS
	default:
		name := wordEnd(rest)
		end := strings.IndexByte(rest[:min(len(rest), 80)], ']')
		if name == 0 || name+1 >= len(rest) || rest[name] != '[' || end < name || digits(rest[name+1:]) != end-name-1 || s[0] < 'a' {
			return false
		}
		if !h.namesLevel(s[:n], false) {
			return false
		}
		h.r.addString(attrProgram, rest[:name])
		h.tag(rest[name+1 : end])
		h.pos += n + 1 + end + 1
		return true
	}
	if !h.namesLevel(s[:n], false) {
		return false
	}
	h.pos += n
	if rest[0] == ' ' {
		h.pos = len(h.s) - len(strings.TrimLeft(rest, " "))
		h.column()
	}
	return true
}

// levelOfPHP reads the kinds of errors that PHP prefixes its messages with, which
// stay in the message.
func (h *headerReader) levelOfPHP(rest string) bool {
	kind, _, ok := strings.Cut(rest[:min(len(rest), 40)], ":")
	if !ok {
		return false
	}
	switch kind {
	case "Fatal error", "Parse error", "Core error", "Compile error", "Recoverable fatal error", "Catchable fatal error":
		h.r.Severity = SeverityError
		if kind[0] == 'F' {
			h.r.Severity = SeverityFatal
		}
	case "Warning", "Core Warning", "Compile Warning", "Deprecated", "User Deprecated":
		h.r.Severity = SeverityWarn
	case "Notice", "User Notice", "Strict Standards":
		h.r.Severity = SeverityNotice
	default:
		return false
	}
	h.r.SeverityText = kind
	h.done = true
	return true
}

// dayFirst reports whether the time before the position begins with the day and
// the name of a month, as Redis writes it.
func (h *headerReader) dayFirst() bool {
	head := h.s[:h.pos]
	colon := strings.LastIndexByte(head, ':') // between minutes and seconds
	if colon < 5 {
		return false
	}
	clock := colon - 5
	if clock > 5 && head[clock-1] == ' ' && head[clock-2]-'0' <= 9 { // a year
		clock -= 5
	}
	return clock >= 6 && scanMonthName(head, clock-4) > 0 && head[clock-5] == ' ' && head[clock-6]-'0' <= 9
}
