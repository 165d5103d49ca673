package logformat

import (
	"strconv"
	"strings"
)

// parsePlain reads a record of text: a header, the message, and what is attached
// to its end. A text without a header is its own body. Lines behind the first
// belong to the body.
func (p *Parser) parsePlain(text string, r *Record) {
	r.Format = FormatPlain
	if strings.IndexByte(text, 0x1b) >= 0 {
		text = stripANSI(text)
	}
	r.Body = text
	first, more := text, ""
	if end := strings.IndexByte(text, '\n'); end >= 0 {
		first, more = strings.TrimSuffix(text[:end], "\r"), text[end:]
	}
	h := headerReader{s: first, r: r}
	if p.hint.timeAndLevel(&h) {
		p.message(&h, h.elements(maxElements-1-h.threadAndLogger()), text, more)
		return
	}
	if isBlank(first) {
		return
	}
	if more == "" {
		if most, ok := p.hint.syslogTime(&h); ok {
			p.message(&h, h.elements(most), text, more)
			return
		}
	}
	if parseKlog(first, r) {
		r.structuredTail()
		setRest(r, more)
		return
	}
	if first[0] == '#' && (strings.HasPrefix(first, slowTime) || strings.HasPrefix(first, slowUser)) {
		r.slowQuery(text)
		return
	}
	if more != "" && parseParagraph(text, r) || r.categoryLine(first, more) {
		return
	}
	if twoPairs(first) && parseLogfmt(first, r) && setRest(r, more) {
		return
	}
	if parsePostgresCSV(text, r) {
		return
	}
	if at := composePrefix(first); at > 0 && p.nested(text[at:], r) {
		r.addUnique("container.name", strings.TrimRight(text[:strings.IndexByte(text, '|')], " "))
		return
	}
	at := h.dialect()
	if at == 0 {
		at = h.read()
	}
	p.message(&h, at, text, more)
}

// message makes a record of what stands behind the header, which ends at the
// position; more are the lines behind the first.
func (p *Parser) message(h *headerReader, at int, text, more string) {
	first, r := h.s, h.r
	if h.timed && !r.Time.OK && r.Severity == 0 { // a time of day alone is no header
		r.Fields, at = r.Fields[:0], 0
	}
	if at == 0 && len(r.Fields) == 0 {
		at = h.columns()
	}
	if at < len(first) && h.done && r.Format == FormatSyslog && p.innerHeader(first[at:], more, r) {
		return
	}
	if at < len(first) && r.Severity == 0 && r.Format == FormatSyslog {
		if sev, word, n := leadingLevel(first[at:], true); n > len(word) && (inCapitals(word) || first[at] == '[') {
			r.Severity, r.SeverityText = sev, word // which stays in the message
		}
	}
	if at < len(first) && (h.done || h.tags > 0 || h.syslog) && p.nested(first[at:], r) {
		return
	}
	if (!r.Time.OK || r.Severity == 0) && h.headerAtEnd(text, at) {
		return
	}
	if !r.Time.OK && (r.Severity == 0 && len(r.Fields) == 0 || at == 0) {
		if st, ok := accessTime(first); ok {
			r.Time = st
		} else if st, at, _ := findTime(first); at >= 0 {
			r.Time = st
		}
		return
	}
	if h.whole {
		return
	}
	if r.Severity == 0 && more != "" && h.secondLine(at, more) {
		return
	}
	if h.message != "" {
		r.Body = h.message + more
		return
	}
	r.Body = first[at:]
	if r.trailer(h); more != "" {
		if len(r.Body) == len(first)-at {
			r.Body = strings.TrimLeft(text[at:], "\r\n")
		} else {
			r.Body += more
		}
	}
}

// composePrefix returns where the line of a program begins behind the name of its
// container, as docker compose prints it: "web-1  | ".
func composePrefix(line string) int {
	n := wordLength(line)
	bar := n
	for bar < len(line) && line[bar] == ' ' {
		bar++
	}
	if n == 0 || bar == n || bar+2 >= len(line) || line[bar] != '|' || line[bar+1] != ' ' {
		return 0
	}
	return bar + 2
}

func setRest(r *Record, more string) bool {
	if more != "" {
		r.Body += more
	}
	return true
}

// accessTime finds the bracketed time of an access log: 127.0.0.1 - - [02/Jan/...].
func accessTime(line string) (Stamp, bool) {
	head := line
	if len(head) > 256 {
		head = head[:256]
	}
	i := strings.IndexByte(head, '[')
	if i < 0 || i+21 > len(line) || line[i+3] != '/' {
		return Stamp{}, false
	}
	st, n := ScanTime(line[i+1:])
	return st, n > 0 && i+1+n < len(line) && line[i+1+n] == ']'
}

// leadingLevel reads a level at the beginning of s: "ERROR ", "[error] ", "<warn>",
// "INFO:". Lower-case words need a delimiter; without a time in front every word
// needs one, because prose begins with "Error" and "Note" too.
func leadingLevel(s string, afterTime bool) (Severity, string, int) {
	if len(s) == 0 {
		return 0, "", 0
	}
	i := 0
	closing := byte(0)
	switch s[0] {
	case '[':
		closing = ']'
	case '<':
		closing = '>'
	case '(':
		closing = ')'
	}
	if closing != 0 {
		i = 1
		for i < len(s) && s[i] == ' ' {
			i++
		}
	}
	end := i
	upper := true
	for end < len(s) && end-i <= longestLevel {
		c := s[end]
		if c >= 'a' && c <= 'z' {
			upper = false
		} else if c < 'A' || c > 'Z' {
			break
		}
		end++
	}
	sev, ok := ParseSeverity(s[i:end])
	if !ok && closing == ']' && s[i:end] == "System" { // MySQL's, which is neither note nor warning
		sev, ok = SeverityInfo, true
	}
	if !ok {
		return 0, "", 0
	}
	word, n := s[i:end], end
	if closing != 0 {
		for n < len(s) && s[n] == ' ' {
			n++
		}
		if n == len(s) || s[n] != closing {
			return 0, "", 0
		}
		n++
		if n < len(s) && s[n] == ':' {
			n++
		}
		return sev, word, n
	}
	if n == len(s) {
		return sev, word, n
	}
	switch s[n] {
	case ':':
		return sev, word, n + 1
	case '\t', '|', ']':
		return sev, word, n
	case ' ':
		if upper && (afterTime || len(word) > 3 && word != "LOG" && word != "NOTE") {
			return sev, word, n
		}
		rest := strings.TrimLeft(s[n:], " ")
		if afterTime && rest != "" && (rest[0] == '-' || rest[0] == '|' || rest[0] == ':') {
			return sev, word, n
		}
		if !upper && word[0] >= 'a' && len(word) < 6 && word != "note" && word != "log" && word != "fine" && strings.HasPrefix(rest, "- ") {
			return sev, word, len(s) - len(rest) + 1
		}
	}
	return 0, "", 0
}

// isKlog tells the header of klog and glog, and those that state the year.
func isKlog(line string) bool {
	if len(line) < 30 || strings.IndexByte("IWEF", line[0]) < 0 {
		return false
	}
	date := klogDate(line)
	return date > 0 && line[date+3] == ':' && line[date+6] == ':' && line[date+9] == '.'
}

// klogDate returns where the date of klog's header ends: mmdd, yymmdd or yyyymmdd
// behind a letter.
func klogDate(line string) int {
	switch n := digits(line[1:10]); n {
	case 4, 6, 8:
		if line[1+n] == ' ' {
			return 1 + n
		}
	}
	return 0
}

// position keeps the position of a source, "controller.go:116".
func (r *Record) position(s string) {
	if c := strings.LastIndexByte(s, ':'); c > 0 {
		if n, err := strconv.ParseInt(s[c+1:], 10, 64); err == nil {
			r.addString(attrFile, s[:c])
			r.addInt(attrLine, n)
			return
		}
	}
	r.addString(attrFile, s)
}

// tagsAndCounter takes what CockroachDB writes in front of a message: "[n1,s1] 77 ".
func (r *Record) tagsAndCounter() {
	s := strings.TrimPrefix(r.Body, "⋮ ")
	if end := strings.Index(s, "] "); end > 0 && s[0] == '[' {
		r.addString(attrThread, s[1:end])
		s = s[end+2:]
	}
	if d := digits(s); d > 0 && d < len(s) && s[d] == ' ' {
		r.addString("log.record.number", s[:d])
		s = s[d+1:]
	}
	r.Body = strings.TrimLeft(s, " ")
}

// parseKlog reads the header of klog and glog:
// Lmmdd hh:mm:ss.uuuuuu threadid file:line] message. CockroachDB, with a year of
// two digits, has tags and a counter behind the source instead of the bracket.
func parseKlog(line string, r *Record) bool {
	if !isKlog(line) {
		return false
	}
	date := klogDate(line)
	y, mo, d := 2000, two(line, date-4), two(line, date-2)
	switch date {
	case 7:
		y += two(line, 1)
	case 9:
		y = four(line, 1)
	}
	st, n := scanClock(line, date+1, y, mo, d, date == 5)
	if n == 0 {
		return false
	}
	end := strings.IndexByte(line[:min(len(line), 256)], ']')
	if date == 7 {
		end = n + strings.Index(line[n:], ".go:")
		for end += 4; end < len(line) && line[end] != ' '; end++ {
		}
		end = min(end, len(line)-1)
	}
	if end < n {
		return false
	}
	head := strings.TrimLeft(line[n:end], " ")
	sp := strings.IndexByte(head, ' ')
	if sp <= 0 || sp > 18 || digits(head) != sp || line[n] != ' ' {
		return false
	}
	r.Time = st
	if date == 5 { // the year is a guess: what the line says stays
		r.addString(attrTag, line[:date])
	}
	r.Severity, _ = severityLetter(line[0])
	r.SeverityText = line[:1]
	if r.Body = strings.TrimPrefix(line[end+1:], " "); date == 7 {
		r.tagsAndCounter()
	}
	if pid, err := strconv.ParseInt(head[:sp], 10, 64); err == nil {
		r.addInt(attrPID, pid)
	}
	r.position(head[sp+1:])
	return true
}
