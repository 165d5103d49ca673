package logformat

import "strings"

// component takes the column behind a one-letter level, as MongoDB writes it:
// "I CONTROL  [initandlisten] ".
func (h *headerReader) component() {
	rest := strings.TrimLeft(h.s[h.pos:], " ")
	n := 0
	for n < len(rest) && (rest[n] >= 'A' && rest[n] <= 'Z' || rest[n] == '_' || rest[n] == '-') {
		n++
	}
	if n == 0 || n >= len(rest)-1 || rest[n] != ' ' || rest[n+1] != ' ' && rest[n+1] != '[' {
		return
	}
	if rest[:n] != "-" {
		h.r.addUnique(attrLogger, rest[:n])
	}
	h.pos = len(h.s) - len(rest) + n
}

// levelAhead looks for the level of PostgreSQL, a word in capitals with a colon
// and two blanks, behind users, databases and sessions. Its DETAIL, HINT and the
// like say more about the record before and have no level.
func (h *headerReader) levelAhead() {
	rest := h.s[h.pos:]
	head := rest[:min(len(rest), 160)]
	colon := strings.Index(head, ":  ")
	if colon < 0 {
		return
	}
	at := strings.LastIndexAny(head[:colon], " \t:") + 1
	word := head[at:colon]
	switch word {
	case "DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY", "LOCATION":
		h.r.addUnique(attrTag, word)
	default:
		sev, ok := ParseSeverity(word)
		if !ok || !inCapitals(word) {
			return
		}
		h.r.Severity, h.r.SeverityText = sev, word
	}
	for part := range strings.FieldsSeq(head[:at]) {
		if part = strings.Trim(part, "-:,"); part != "" {
			if part[0] == '[' {
				h.tag(strings.Trim(part, "[]"))
			} else {
				h.r.addUnique(attrTag, part)
			}
		}
	}
	h.pos += colon + 1
	h.done = true
	if code := h.s[h.pos:]; len(code) > 8 && code[7] == ':' && code[8] == ' ' && isSQLState(code[2:7]) { // log_error_verbosity = verbose
		h.r.addString("sql_state_code", code[2:7])
		h.pos += 8
	}
}

func isSQLState(s string) bool {
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return s[2]-'0' <= 9 || s[0]-'0' <= 9
}

// redisMark reports whether a dash behind the time is the level of Redis, whose
// times begin with the day and the month's name.
func (h *headerReader) redisMark() bool {
	return h.r.Time.OK && h.r.Time.Yearless && h.pos > 6 && h.r.Severity == 0 && strings.IndexByte("0123456789[", h.s[0]) >= 0
}

func redisSeverity(c byte) Severity {
	switch c {
	case '.', '-':
		return SeverityDebug
	case '*':
		return SeverityNotice
	case '#':
		return SeverityWarn
	}
	return 0
}

// level reads a level at the position.
func (h *headerReader) level() bool {
	s := h.s[h.pos:]
	if h.levelAndName(s) {
		return true
	}
	if sev, word, n := leadingLevel(s, h.timed || h.tags > 0); n > 0 {
		h.r.Severity, h.r.SeverityText = sev, word
		h.pos += n
		h.bracketed = s[0] == '['
		h.whole = !h.timed && !h.bracketed && h.tags == 0 && !inCapitals(word) && s[n-1] == ':'
		h.cut = len(word) == 3 && inCapitals(word) && word != "LOG" // as short as consoles write them
		return true
	}
	if h.levelWithClock(s) || h.namedLevel(s) || h.timed && h.plainLevel(s) {
		return true
	}
	// Icinga and others: "warning/Component: ".
	slash := strings.IndexByte(s[:min(len(s), longestLevel+1)], '/')
	if slash <= 0 {
		return false
	}
	sev, ok := ParseSeverity(s[:slash])
	n := slash + 1 + wordEnd(s[slash+1:])
	if !ok || n >= len(s) || s[n] != ':' || n == slash+1 {
		return false
	}
	h.r.Severity, h.r.SeverityText = sev, s[:slash]
	h.r.addString(attrLogger, s[slash+1:n])
	h.pos += n + 1
	return true
}

// levelWithClock reads "INFO[0012] " and "WARN[2026-03-09T22:14:58Z] ", as logrus
// writes them to terminals.
func (h *headerReader) levelWithClock(s string) bool {
	open := strings.IndexByte(s[:min(len(s), longestLevel+1)], '[')
	if open < 3 {
		return false
	}
	sev, ok := ParseSeverity(s[:open])
	end := strings.IndexByte(s, ']')
	if !ok || end < open {
		return false
	}
	inside := s[open+1 : end]
	if st, n := ScanTime(inside); n > 0 && n == len(inside) {
		h.r.Time = st
	} else if digits(inside) != len(inside) {
		return false
	} else {
		h.r.addString("uptime", inside)
	}
	h.r.Severity, h.r.SeverityText = sev, s[:open]
	h.pos += end + 1
	h.cut, h.done = true, true
	return true
}

// tokensBeforeLevel takes threads, processes, loggers and pairs that stand between
// the time and the level: "25746 INFO", "- app.module - INFO", "pid=7 tid=b INFO".
func (h *headerReader) tokensBeforeLevel() bool {
	s := h.s[h.pos:]
	at, words := 0, 0
	var parts [4]string
	for words < len(parts) {
		n := strings.IndexAny(s[at:], " \t")
		if n <= 0 || n > 80 {
			return false
		}
		parts[words] = s[at : at+n]
		if keyLength(parts[words]) == 0 && !headerWord(parts[words]) {
			return false
		}
		words++
		at += n
		for at < len(s) && strings.IndexByte(" \t-|:", s[at]) >= 0 {
			at++
		}
		if at == len(s) {
			return false
		}
		if sev, word, m := leadingLevel(s[at:], true); m > 0 && (s[at] == '[' || s[at] == '<' || inCapitals(word) || words == 1 && s[at+m-1] == ':' && strings.ContainsAny(parts[0], "/-.0123456789")) {
			if word == "ALERT" && s[at+m-1] == ':' && words == 1 {
				return false // SERVICE ALERT: of Nagios is a kind of event
			}
			for _, p := range parts[:words] {
				if !h.r.pairField(p) && !h.programAndPID(p) {
					h.tag(strings.Trim(p, "[]():,"))
				}
			}
			h.r.Severity, h.r.SeverityText = sev, word
			h.pos += at + m
			return true
		}
	}
	return false
}

// headerWord reports whether a word looks like the name of a thread, process,
// user or logger, and not like prose.
func headerWord(w string) bool {
	special := false
	for i := range len(w) {
		c := w[i]
		switch {
		case c-'0' <= 9 || strings.IndexByte("._-/:[]@#$()*%", c) >= 0:
			special = true
		case c|0x20 >= 'a' && c|0x20 <= 'z':
		default:
			return false
		}
	}
	return special || inCapitals(w) || len(w) <= 12
}

// programAndPID keeps "app[4711]" as what it is.
func (h *headerReader) programAndPID(v string) bool {
	name, pid, ok := strings.Cut(strings.TrimSuffix(v, ":"), "[")
	if !ok || name == "" || !strings.HasSuffix(pid, "]") || digits(pid) != len(pid)-1 || h.r.has(attrProgram) {
		return false
	}
	h.r.addString(attrProgram, name)
	h.tag(pid[:len(pid)-1])
	return true
}
