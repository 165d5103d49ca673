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
	// message is set where it is no part of the line as it stands.
	message string
	// after is where the time ended.
	after int
	// timed is true behind a time, also one that lacks the date.
	timed bool
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
	attrTime     = "log.time"
	attrProgram  = "syslog.identifier"
	attrHostname = "syslog.hostname"
)

// read consumes header elements and returns where the message begins.
func (h *headerReader) read() int {
	h.priority()
	return h.elements(maxElements)
}

// elements consumes up to most elements.
func (h *headerReader) elements(most int) int {
	for range most {
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
	case !h.timed && h.time():
		return h.afterTime()
	case h.r.Severity == 0 && h.level():
		return true
	case h.r.Severity != 0 && h.s[h.pos] == '[' && h.bracketPairs():
		return true
	case h.s[h.pos] == '[' || h.s[h.pos] == '(' || h.s[h.pos] == '{':
		return h.bracket()
	}
	if !h.timed && h.r.Severity == 0 {
		return h.leadingToken()
	}
	if h.r.Severity == 0 && (h.tokensBeforeLevel() || h.lineOfSource() || h.barColumn()) {
		return true
	}
	if h.r.Severity != 0 && h.timed || h.tags > 0 {
		return h.numbered() || h.tabColumn() || h.barColumn() || h.logger()
	}
	if h.r.Severity != 0 && !h.timed {
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

// time reads a time at the position, bare, quoted or in brackets. One without a
// date becomes a field: it is no instant.
func (h *headerReader) time() bool {
	s := h.s[h.pos:]
	closing := byte(0)
	switch s[0] {
	case '[':
		closing = ']'
	case '(':
		closing = ')'
	case '"':
		closing = '"'
	case '<':
		closing = '>'
	}
	start := 0
	if closing != 0 {
		for start = 1; start < len(s) && s[start] == ' '; start++ {
		}
		s = s[start:]
	}
	st, n := ScanTime(s)
	if n == 0 {
		if h.pos > 0 && h.s[0] != '[' && h.tags == 0 {
			return false
		}
		n = scanClockOnly(s)
	}
	if n == 0 || n < len(s) && letterOrDigit(s[n]) {
		return false
	}
	if closing == 0 {
		if !st.OK && n == len(s) {
			return false
		}
		h.pos += n
	} else {
		// What else is in the brackets, such as a thread or a level, is short.
		end := strings.IndexByte(s[n:min(len(s), n+80)], closing)
		if end < 0 {
			return false
		}
		if rest := strings.Trim(s[n:n+end], " :,-#"); rest != "" {
			h.inBrackets(rest)
		}
		h.pos += start + n + end + 1
	}
	if !st.OK {
		h.r.addString(attrTime, s[:n])
	}
	h.r.Time, h.timed, h.after = st, true, h.pos
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
		if sev := redisSeverity(rest[1]); sev != 0 && h.dayFirst() && (len(rest) == 2 || rest[2] == ' ') && (rest[1] != '-' || h.redisMark()) {
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
	if !st.Yearless && h.innerSyslog() || h.webSphere() || h.column() {
		return true
	}
	h.hostAndProgram()
	if !h.done && h.r.Severity == 0 {
		h.levelAhead()
	}
	return true
}

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

// bracket takes a group in brackets behind a time or level, or in front of one.
func (h *headerReader) bracket() bool {
	s := h.s[h.pos:]
	closing := byte(']')
	switch s[0] {
	case '(':
		if closing = ')'; h.r.Severity != 0 && !h.threadInParens(s) {
			return false
		}
	case '{':
		if closing = '}'; h.r.Severity != 0 || !h.timed {
			return false
		}
	}
	end := strings.IndexByte(s[:min(len(s), 200)], closing)
	if end < 0 {
		return false
	}
	inside := trimBlanks(s[1:end])
	if strings.IndexByte(inside, '[') >= 0 { // [QuorumPeer[myid=1]/0.0.0.0:2181] -
		if end = closingBracket(s); end < 0 || !strings.HasPrefix(s[end+1:], " - ") {
			return false
		}
		inside = s[1:end]
	}
	if strings.IndexByte(inside, ':') >= 0 && strings.Contains(inside, ": ") || strings.HasPrefix(inside, "*") {
		return false
	}
	n := end + 1
	if n < len(s) && s[n] != ' ' && s[n] != '[' && s[n] != ':' && s[n] != '\t' && s[n] != '|' && s[n] != '-' || strings.HasPrefix(s[n:], ":") && n+1 < len(s) && s[n+1]-'0' <= 9 {
		return false
	}
	if s[0] == '{' { // only where the level follows
		if _, _, m := leadingLevel(strings.TrimLeft(s[n:], " "), true); m == 0 {
			return false
		}
	}
	if !h.timed && h.r.Severity == 0 {
		if h.uptime(s, inside, n) {
			return true
		}
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
		h.inBrackets(inside)
	}
	h.pos += n
	return true
}

// tag keeps a part of the header under the name that fits its looks.
func (h *headerReader) tag(v string) {
	h.tags++
	h.r.ids(v)
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
	if colon := digits(s); colon > 0 && s[colon] == ':' && rest[0] == '(' && n > colon+2 { // Redis: "4711:signal-handler (1773094498) "
		if st, m := ScanTime(rest[1:]); m > 0 && strings.HasPrefix(rest[1+m:], ") ") {
			h.r.Time, h.timed = st, true
			h.r.addString("redis.role", s[colon+1:n])
			h.tag(s[:colon])
			h.pos = len(h.s) - len(rest) + m + 3
			h.done = true
			return true
		}
	}
	if rest[0] == '[' && digits(s) == n { // log4j: "1234 [main] INFO "
		if end := closingBracket(rest); end > 1 {
			if _, word, m := leadingLevel(strings.TrimLeft(rest[end+1:], " "), true); m > 0 && inCapitals(word) {
				h.r.addString("uptime", s[:n])
				h.timed, h.tags = true, 1
				h.pos += n
				return true
			}
		}
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
	if !bar && h.namesLevel(word, false) {
		h.pos += n
		return true
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
		if sev, word, m := leadingLevel(rest, true); m > 0 && st.OK && inCapitals(word) {
			h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, word
			for _, p := range parts[:words] {
				h.tag(p)
			}
			h.pos = pos + m
			h.separators()
			return h.pos
		}
		end := strings.IndexAny(rest, " \t")
		if end < 0 || !headerWord(rest[:end]) || !inCapitals(rest[:end]) && !strings.ContainsAny(rest[:end], "-_.:/0123456789") {
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
