package logformat

import (
	"strconv"
	"strings"
)

// headerReader reads what a line of text says before its message: times, levels,
// hosts, programs, threads and loggers, in the orders and with the delimiters that
// logging libraries use. Everything that it takes off becomes a part of the record.
type headerReader struct {
	s   string // the first line
	pos int
	r   *Record
	// syslog is true behind a time without year, or a priority, as syslog writes them.
	syslog bool
	// rfc5424 is true if the priority has the version of RFC 5424.
	rfc5424 bool
	// bars is true if columns are parted by bars.
	bars bool
	tags int
	// done is true where the message begins for sure.
	done bool
	// cut is true if pairs behind the message are no part of it.
	cut bool
	// bracketed is true if the level was in brackets.
	bracketed bool
	// whole is true if the header is part of the message too.
	whole bool
}

// maxElements bounds the parts of a header; what comes then is the message.
const maxElements = 8

// Attributes for the parts of a header.
const (
	attrThread   = "thread.name"
	attrLogger   = "log.logger"
	attrPID      = "process.pid"
	attrFile     = "code.file.path"
	attrLine     = "code.line.number"
	attrTag      = "log.tag"
	attrProgram  = "syslog.identifier"
	attrHostname = "syslog.hostname"
)

// read consumes header elements and returns where the message begins.
func (h *headerReader) read() int {
	h.priority()
	for range maxElements {
		h.separators()
		at := h.pos
		if at >= len(h.s) || !h.element() || h.pos == at || h.done {
			break
		}
	}
	h.separators()
	if h.syslog || h.r.Severity == 0 {
		h.mnemonic()
	}
	return h.pos
}

// element takes one part; false means that the message begins.
func (h *headerReader) element() bool {
	switch {
	case !h.r.Time.OK && h.time():
		return h.afterTime()
	case h.r.Severity == 0 && h.level():
		return true
	case h.s[h.pos] == '[' || h.s[h.pos] == '(':
		return h.bracket()
	}
	if !h.r.Time.OK && h.r.Severity == 0 {
		return h.leadingToken()
	}
	if h.r.Severity == 0 && h.tokensBeforeLevel() {
		return true
	}
	if h.r.Severity != 0 && h.r.Time.OK || h.tags > 0 {
		return h.logger()
	}
	if h.r.Severity != 0 && !h.r.Time.OK {
		return h.laterTime()
	}
	return false
}

// separators skips what parts columns. A dash counts only between blanks.
func (h *headerReader) separators() {
	for h.pos < len(h.s) {
		switch c := h.s[h.pos]; c {
		case ' ', '\t':
		case '|':
			h.bars = true
		case '-', ':', ',', ';':
			if h.pos+1 < len(h.s) && h.s[h.pos+1] != ' ' && h.s[h.pos+1] != '\t' && !(c == ',' && h.s[h.pos+1] == '[') {
				return
			}
			if h.pos == 0 || c == '-' && h.redisMark() {
				return
			}
		default:
			return
		}
		h.pos++
	}
}

// priority reads the <34> of syslog.
// time reads a time at the position, bare, quoted or in brackets.
func (h *headerReader) time() bool {
	s := h.s[h.pos:]
	open := byte(0)
	if s[0] == '[' || s[0] == '"' || s[0] == '(' {
		open = s[0]
		s = s[1:]
	}
	st, n := ScanTime(s)
	if n == 0 || n < len(s) && letterOrDigit(s[n]) {
		return false
	}
	if open == 0 {
		h.pos += n
	} else {
		// What else is in the brackets, such as a thread, is short.
		closing := open
		switch open {
		case '[':
			closing = ']'
		case '(':
			closing = ')'
		}
		end := strings.IndexByte(s[n:], closing)
		if end < 0 || end > 24 {
			return false
		}
		if rest := strings.Trim(s[n:n+end], " :,-#"); rest != "" {
			h.tag(rest)
		}
		h.pos += 1 + n + end + 1
	}
	h.r.Time = st
	return true
}

// afterTime looks at what only follows a time: the names of zones that ScanTime
// leaves, the marks of Redis and the host and program of syslog.
func (h *headerReader) afterTime() bool {
	st := &h.r.Time
	if st.Yearless {
		h.syslog = true
	}
	rest := h.s[h.pos:]
	if h.pos+2 < len(h.s) && rest[0] == ' ' {
		if sev := redisSeverity(rest[1]); sev != 0 && (len(rest) == 2 || rest[2] == ' ') && (rest[1] != '-' || h.redisMark()) {
			h.r.Severity, h.r.SeverityText = sev, rest[1:2]
			h.pos += 2
			return true
		}
		if sev, ok := severityLetter(rest[1]); ok && h.r.Severity == 0 && len(rest) > 3 && rest[2] == ' ' && rest[1] != 'A' && rest[1] != 'C' {
			h.r.Severity, h.r.SeverityText = sev, rest[1:2]
			h.pos += 2
			h.component()
			return true
		}
	}
	h.separators()
	if h.rfc5424 {
		h.structured()
		return true
	}
	if h.pos == len(h.s) || h.r.Severity == 0 && h.level() {
		return true
	}
	h.hostAndProgram()
	if !h.done && h.r.Severity == 0 {
		h.levelAhead()
	}
	return true
}

// component takes the column behind a one-letter level, as MongoDB writes it:
// "I CONTROL  [initandlisten] ".
// levelAhead looks for the level of PostgreSQL, a word in capitals with a colon
// and two blanks, behind users, databases and sessions. Its DETAIL, HINT and the
// like say more about the record before and have no level.
// redisMark reports whether a dash behind the time is the level of Redis, whose
// times begin with the day and the month's name.
// hostAndProgram reads "web-1 sshd[812]: " and "sshd[812]: ".
// mnemonic reads the tag of Cisco's devices, %FACILITY-SEVERITY-MNEMONIC:, at the
// beginning of the message or a few words behind.
// programTag reads "sshd[812]:", "kernel:", "/usr/sbin/cron[3]:" or "su(pam_unix)[9]:".
// spacedProgram reads "Google Chrome[85294]:".
// hostLike reports whether a word can hardly be anything but a host's name.
// trimBlanks is strings.TrimSpace for the blanks of logs.
func trimBlanks(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return trimEnd(s)
}

// trimEnd cuts blanks and carriage returns off the end.
func trimEnd(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t' || s[len(s)-1] == '\r') {
		s = s[:len(s)-1]
	}
	return s
}

func wordLength(s string) int {
	n := 0
	for n < len(s) && (letterOrDigit(s[n]) || s[n] == '.' || s[n] == '-' || s[n] == ':' || s[n] == '%') {
		n++
	}
	return n
}

// level reads a level at the position.
// levelWithClock reads "INFO[0012] " and "WARN[2026-03-09T22:14:58Z] ", as logrus
// writes them to terminals.
func wordEnd(s string) int {
	n := 0
	for n < len(s) && (letterOrDigit(s[n]) || strings.IndexByte("./-$#@", s[n]) >= 0) {
		n++
	}
	return n
}

// bracket takes a group in brackets behind a time or level, or in front of one.
func (h *headerReader) bracket() bool {
	s := h.s[h.pos:]
	closing := byte(']')
	if s[0] == '(' {
		closing = ')'
		if h.r.Severity != 0 {
			return false
		}
	}
	end := strings.IndexByte(s, closing)
	if end < 0 || end > 200 {
		return false
	}
	inside := trimBlanks(s[1:end])
	if strings.IndexByte(inside, '[') >= 0 || strings.Contains(inside, ": ") {
		return false
	}
	n := end + 1
	if n < len(s) && s[n] != ' ' && s[n] != '[' && s[n] != ':' && s[n] != '\t' && s[n] != '|' && s[n] != '-' || strings.HasPrefix(s[n:], ":") && n+1 < len(s) && s[n+1]-'0' <= 9 {
		return false
	}
	if !h.r.Time.OK && h.r.Severity == 0 {
		// In front of everything: only a number or a name, and only before a time.
		_, at, _ := findTime(s[n:])
		if at < 0 || at > 24 || strings.IndexByte(inside, ' ') >= 0 {
			return false
		}
	}
	if n == len(s) {
		return false
	}
	if inside != "" {
		h.tag(inside)
	}
	h.pos += n
	return true
}

// tag keeps a part of the header under the name that fits its looks.
func (h *headerReader) tag(v string) {
	h.tags++
	if digits(v) == len(v) && !h.r.has(attrPID) {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			h.r.addInt(attrPID, n)
			return
		}
	}
	key := attrThread
	if strings.IndexByte(v, ' ') < 0 && strings.IndexByte(v, '.') > 0 {
		key = attrLogger
	}
	h.r.addUnique(key, v)
}

// leadingToken takes a number or a short name in front of a time: the process of
// Redis ("4961:M 30 May ..."), a host, a container of compose ("web_1  | ...").
func (h *headerReader) leadingToken() bool {
	s := h.s[h.pos:]
	n := wordLength(s)
	if n == 0 || n >= len(s) || n > 40 {
		return false
	}
	rest := strings.TrimLeft(s[n:], " ")
	if rest == "" || len(rest) == len(s)-n && rest[0] != '|' {
		return false
	}
	bar := rest[0] == '|'
	if bar {
		rest = strings.TrimLeft(rest[1:], " ")
	}
	st, m := ScanTime(strings.TrimPrefix(rest, "["))
	if m == 0 || !st.OK || isBareEpoch(rest[:m]) && !bar {
		return false
	}
	word := s[:n]
	if pid, role, ok := strings.Cut(word, ":"); ok && pid != "" && len(role) == 1 {
		word = pid
		h.r.addString("redis.role", role)
	}
	if !bar && strings.IndexByte("0123456789", word[0]) < 0 {
		h.r.addString(attrHostname, word)
		h.tags++
	} else {
		h.tag(word)
	}
	h.pos += n
	return true
}

// tokensBeforeLevel takes threads, processes and loggers that stand between the
// time and the level: "25746 INFO", "- app.module - INFO", "[main] ERROR".
// headerWord reports whether a word looks like the name of a thread, process,
// user or logger, and not like prose.
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
	for n < len(s) && n < 120 && (letterOrDigit(s[n]) || strings.IndexByte("./-$#@*<>", s[n]) >= 0) {
		dots = dots || s[n] == '.' || s[n] == '$' || s[n] == '/'
		n++
	}
	if n == 0 || n >= len(s) {
		return false
	}
	name := s[:n]
	if s[n] == ':' && dots && strings.ToUpper(name) != strings.ToLower(name) { // a line number may follow
		if d := digits(s[n+1:]); d > 0 && strings.Contains(name, ".") {
			end := n + 1 + d
			if end < len(s) && (s[end] == ' ' || s[end] == '\t' || s[end] == ':' || s[end] == ']' || s[end] == '>') {
				h.source(name, s[n+1:end])
				h.pos += end
				if s[end] == '>' || s[end] == ':' {
					h.pos++
				}
				return true
			}
		}
	}
	if s[n] == ' ' && dots && strings.Contains(name, ".") {
		if d := digits(s[n+1:]); d > 0 && n+1+d < len(s) && s[n+1+d] == ':' {
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
		if s[end] == '|' {
			return false // columns are cut at the end
		}
	case s[n] == '[' && dots:
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
	h.pos += end
	return true
}

// plainName reports whether "name: " in front of the message is a logger's: only
// directly behind a level in brackets, where libraries put it.
func (h *headerReader) plainName(name string) bool {
	if h.tags > 0 || len(name) > 40 || name[0] < 'a' || name[0] > 'z' {
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
	}
	h.tags += maxElements
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' <= 9 {
		n++
	}
	return n
}

// columns reads a header of columns with a time and a level in capitals somewhere
// among them, where every column looks like a name or a number. It returns where
// the message begins, 0 if there is no such header.
func (h *headerReader) columns() int {
	var st Stamp
	pos, words := 0, 0
	var parts [12]string
	for range len(parts) {
		for pos < len(h.s) && (h.s[pos] == ' ' || h.s[pos] == '\t') {
			pos++
		}
		rest := h.s[pos:]
		if rest == "" {
			return 0
		}
		if t, m := ScanTime(rest); m > 0 && !st.OK && (m == len(rest) || rest[m] == ' ') {
			st = t
			pos += m
			continue
		}
		if sev, word, m := leadingLevel(rest, true); m > 0 && st.OK && word == strings.ToUpper(word) {
			h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, word
			for _, p := range parts[:words] {
				h.tag(p)
			}
			h.pos = pos + m
			h.separators()
			return h.pos
		}
		end := strings.IndexAny(rest, " \t")
		if end < 0 || !headerWord(rest[:end]) || strings.ToUpper(rest[:end]) != rest[:end] && !strings.ContainsAny(rest[:end], "-_.:/0123456789") {
			return 0
		}
		if rest[:end] != "-" {
			parts[words] = rest[:end]
			words++
		}
		pos += end
	}
	return 0
}

// laterTime takes a time that stands a few words behind the level: its place is
// not the header, so the words stay in the message.
func (h *headerReader) laterTime() bool {
	if st, at, _ := findTime(h.s[h.pos:]); at >= 0 {
		h.r.Time = st
	}
	return false
}
