package logformat

import "strings"

// dialect reads headers that are a program's own through and through, told by
// their first byte. It returns where the message begins, 0 if there is none.
func (h *headerReader) dialect() int {
	s := h.s
	if len(s) < 16 {
		return 0
	}
	switch c := s[0]; {
	case c == '[' && s[1]-'0' <= 9:
		return h.chromium()
	case c == '[' && s[2] == ' ':
		return h.tornado()
	case c == '#' && strings.HasPrefix(s, "####<"):
		return h.webLogic()
	case c == '=':
		return h.erlangReport()
	case s[1] == ',' && c >= 'A' && c <= 'Z':
		return h.rubyLogger()
	case s[1] == '/' && c >= 'A' && c <= 'Z':
		return h.logcatBrief(s)
	case c == ' ' || c-'0' <= 9:
		if at := h.zabbix(); at > 0 {
			return at
		}
		return h.timePrecedes()
	}
	return 0
}

// rubyLogger reads "I, [2026-03-09T22:14:58.123456 #4711]  INFO -- app: ".
func (h *headerReader) rubyLogger() int {
	s := h.s
	if !strings.HasPrefix(s[2:], " [") {
		return 0
	}
	st, n := ScanTime(s[4:])
	end := strings.IndexByte(s[:min(len(s), 80)], ']')
	if n == 0 || end < 4+n {
		return 0
	}
	rest := strings.TrimLeft(s[end+1:], " ")
	m := wordEnd(rest)
	if !strings.HasPrefix(rest[m:], " -- ") {
		return 0
	}
	sev, ok := ParseSeverity(rest[:m])
	if !ok && rest[:m] != "ANY" {
		return 0
	}
	h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, rest[:m]
	if pid := strings.Trim(s[4+n:end], " #"); pid != "" {
		h.tag(pid)
	}
	rest = rest[m+4:]
	if program, after, ok := strings.Cut(rest, ":"); ok && len(program) < 64 && (after == "" || after[0] == ' ') {
		if program != "" {
			h.r.addString(attrProgram, program)
		}
		rest = strings.TrimPrefix(after, " ")
	}
	return len(s) - len(rest)
}

// chromium reads "[4711:4712:0309/221458.123456:ERROR:file.cc(12)] "; process and
// thread may be missing.
func (h *headerReader) chromium() int {
	s := h.s
	end := strings.IndexByte(s[:min(len(s), 160)], ']')
	if end < 0 {
		return 0
	}
	var ids [2]string
	rest := s[1:end]
	for i := range ids {
		d := digits(rest)
		if d == 0 || d >= len(rest) || rest[d] != ':' {
			break
		}
		ids[i], rest = rest[:d], rest[d+1:]
	}
	stamp, rest, _ := strings.Cut(rest, ":")
	level, source, ok := strings.Cut(rest, ":")
	if !ok || len(stamp) < 11 || stamp[4] != '/' {
		return 0
	}
	mo, d, hour, mi, sec := two(stamp, 0), two(stamp, 2), two(stamp, 5), two(stamp, 7), two(stamp, 9)
	if mo < 0 || d < 0 || hour < 0 || mi < 0 || sec < 0 {
		return 0
	}
	st, n := finish(stamp, 11, 2000, mo, d, hour, mi, sec, true)
	if n != len(stamp) {
		return 0
	}
	sev, ok := ParseSeverity(strings.TrimRight(level, "0123456789"))
	if !ok && !strings.HasPrefix(level, "VERBOSE") {
		return 0
	}
	if !ok {
		sev = SeverityTrace
	}
	h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, level
	for _, id := range ids {
		if id != "" {
			h.tag(id)
		}
	}
	if file, line, ok := strings.Cut(strings.TrimSuffix(source, ")"), "("); ok {
		h.source(file, line)
	} else {
		h.r.addString(attrFile, source)
	}
	h.keepStamp(stamp)
	return skipBlanks(s, end+1)
}

// tornado reads "[E 2026-03-09 22:14:58.123 ServerApp] " of Jupyter and
// "[W 260309 22:14:58 web:77] " of Tornado.
func (h *headerReader) tornado() int {
	s := h.s
	sev, ok := severityLetter(s[1])
	end := strings.IndexByte(s[:min(len(s), 120)], ']')
	if !ok || end < 0 {
		return 0
	}
	inside := s[3:end]
	st, n := ScanTime(inside)
	if n == 0 {
		if n = scanClockOnly(inside); n == 0 {
			return 0
		}
		h.keepStamp(inside[:n])
	}
	h.r.Time, h.timed = st, true
	h.r.Severity, h.r.SeverityText = sev, s[1:2]
	if name := trimBlanks(inside[n:]); name != "" {
		h.r.addUnique(attrLogger, name)
	}
	return skipBlanks(s, end+1)
}

// keepStamp keeps the text of a time that is unlike any other.
func (h *headerReader) keepStamp(text string) { h.r.addString(attrTime, text) }

func skipBlanks(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// webLogic reads the groups of "####<time> <Notice> <subsystem> ... <message>".
func (h *headerReader) webLogic() int {
	rest := h.s[4:]
	var st Stamp
	var sev Severity
	text := ""
	mark := len(h.r.Fields)
	for i := 0; i < 16 && rest != "" && rest[0] == '<'; i++ {
		end := strings.Index(rest, "> <")
		if end < 0 { // the last group is the message
			break
		}
		group := strings.Trim(rest[1:end], "<>")
		rest = rest[end+2:]
		switch {
		case i == 0:
			n := 0
			if st, n = ScanTime(group); n == 0 {
				return 0
			}
		case i == 1:
			sev, _ = ParseSeverity(group)
			text = group
		case group != "":
			h.r.addUnique(attrTag, group)
		}
	}
	if !st.OK || rest == "" || sev == 0 {
		h.r.Fields = h.r.Fields[:mark]
		return 0
	}
	h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, text
	h.message = strings.TrimRight(strings.TrimPrefix(rest, "<"), "> ")
	return len(h.s)
}

// erlangReport reads the head of Erlang's reports, "=ERROR REPORT==== 9-Mar-2026::22:14:58 ===".
func (h *headerReader) erlangReport() int {
	kind, rest, ok := strings.Cut(h.s[1:], " REPORT==== ")
	if !ok {
		return 0
	}
	st, n := ScanTime(rest)
	if n == 0 {
		return 0
	}
	sev, ok := ParseSeverity(kind)
	if !ok {
		sev = SeverityInfo // PROGRESS, SUPERVISOR and CRASH state none
		if kind == "CRASH" || kind == "SUPERVISOR" {
			sev = SeverityError
		}
	}
	h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, kind
	h.r.addString(attrTag, strings.TrimRight(h.s[1:len(h.s)-len(rest)], " ="))
	return len(h.s)
}

// logcatBrief reads "E/Tag( 1234): ".
func (h *headerReader) logcatBrief(s string) int {
	sev, ok := severityLetter(s[0])
	open := strings.IndexByte(s[:min(len(s), 80)], '(')
	if !ok || open < 3 || wordEnd(s[2:]) != len(strings.TrimRight(s[2:open], " ")) {
		return 0
	}
	end := strings.IndexByte(s[open:min(len(s), open+12)], ')')
	if end < 0 || !strings.HasPrefix(s[open+end:], "): ") {
		return 0
	}
	pid := trimBlanks(s[open+1 : open+end])
	if pid == "" || digits(pid) != len(pid) {
		return 0
	}
	h.r.Severity, h.r.SeverityText = sev, s[:1]
	h.r.addUnique(attrLogger, strings.TrimRight(s[2:open], " "))
	h.tag(pid)
	return len(h.s) - len(s) + open + end + 3
}

// zabbix reads "  4711:20260309:221458.123 ".
func (h *headerReader) zabbix() int {
	s := strings.TrimLeft(h.s, " ")
	pid := digits(s)
	if pid == 0 || pid > 10 || pid+20 > len(s) || s[pid] != ':' || s[pid+9] != ':' {
		return 0
	}
	t := s[pid+1:]
	y, mo, d, hour, mi, sec := four(t, 0), two(t, 4), two(t, 6), two(t, 9), two(t, 11), two(t, 13)
	if y < 1970 || mo < 0 || d < 0 || hour < 0 || mi < 0 || sec < 0 {
		return 0
	}
	st, n := finish(t, 15, y, mo, d, hour, mi, sec, false)
	if n == 0 || n >= len(t) || t[n] != ' ' {
		return 0
	}
	h.r.Time = st
	h.tag(s[:pid])
	return len(h.s) - len(t) + n + 1
}

// timePrecedes reads what TensorFlow and Android write behind the time:
// "2026-03-09 22:14:58.123456: I file.cc:12] " and "03-09 22:14:58.123  4711  4712 E Tag: ".
func (h *headerReader) timePrecedes() int {
	s := h.s
	if len(s) < 24 || s[2] != '-' && s[4] != '-' {
		return 0
	}
	st, n := ScanTime(s)
	if n == 0 || n+4 >= len(s) {
		return 0
	}
	if rest := s[n:]; strings.HasPrefix(rest, ": ") && rest[3] == ' ' {
		sev, ok := severityLetter(rest[2])
		end := strings.Index(rest[:min(len(rest), 160)], "] ")
		if !ok || end < 5 || !isSource(rest[4:end]) {
			return 0
		}
		h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, rest[2:3]
		colon := strings.LastIndexByte(rest[:end], ':')
		h.source(rest[4:colon], rest[colon+1:end])
		return n + end + 2
	}
	if !st.Yearless {
		return 0
	}
	at := skipBlanks(s, n)
	if at+2 < len(s) && s[at+1] == '/' {
		m := h.logcatBrief(s[at:])
		if m > 0 {
			h.r.Time = st
		}
		return m
	}
	var ids [2]string
	for i := range ids {
		d := digits(s[at:])
		if d == 0 {
			return 0
		}
		ids[i] = s[at : at+d]
		at = skipBlanks(s, at+d)
	}
	if at+3 >= len(s) || s[at+1] != ' ' {
		return 0
	}
	sev, ok := severityLetter(s[at])
	colon := strings.IndexByte(s[at:min(len(s), at+100)], ':')
	if !ok || colon < 2 {
		return 0
	}
	h.r.Time, h.r.Severity, h.r.SeverityText = st, sev, s[at:at+1]
	h.tag(ids[0])
	h.r.addString("thread.id", ids[1])
	if tag := trimBlanks(s[at+2 : at+colon]); tag != "" {
		h.r.addUnique(attrLogger, tag)
	}
	return skipBlanks(s, at+colon+1)
}

// webSphere reads "0000004a SystemOut     O ", a thread, a component and the kind of
// an event behind the time.
func (h *headerReader) webSphere() bool {
	s := h.s[h.pos:]
	if len(s) < 24 || s[8] != ' ' {
		return false
	}
	for i := range 8 {
		if unhex(s[i]) > 15 {
			return false
		}
	}
	n := wordEnd(s[9:])
	at := skipBlanks(s, 9+n)
	if n == 0 || at < 23 || at+2 >= len(s) || s[at+1] != ' ' {
		return false
	}
	sev := SeverityInfo
	switch s[at] {
	case 'F':
		sev = SeverityFatal
	case 'E':
		sev = SeverityError
	case 'W':
		sev = SeverityWarn
	case 'A', 'I', 'C', 'O', 'R':
	case 'D', '1', '2', '3':
		sev = SeverityDebug
	default:
		return false
	}
	h.r.Severity, h.r.SeverityText = sev, s[at:at+1]
	h.tag(s[:8])
	h.r.addUnique(attrLogger, s[9:9+n])
	h.pos += skipBlanks(s, at+1)
	h.done = true
	return true
}
