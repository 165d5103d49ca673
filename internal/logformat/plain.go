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
	if isBlank(first) {
		return
	}
	if parseKlog(first, r) {
		r.structuredTail()
		setRest(r, more)
		return
	}
	if more != "" && parseParagraph(text, r) {
		return
	}
	if k := keyLength(first); k > 0 && parseLogfmt(first, r) && setRest(r, more) {
		return
	}
	if parsePostgresCSV(text, r) {
		return
	}
	if at := composePrefix(first); at > 0 && p.nested(text[at:], r) {
		r.addUnique("container.name", strings.TrimRight(text[:strings.IndexByte(text, '|')], " "))
		return
	}
	h := headerReader{s: first, r: r}
	at := h.dialect()
	if at == 0 {
		at = h.read()
	}
	if h.timed && !r.Time.OK && r.Severity == 0 { // a time of day alone is no header
		r.Fields, at = r.Fields[:0], 0
	}
	if at == 0 && len(r.Fields) == 0 {
		at = h.columns()
	}
	if at < len(first) && (h.done || h.tags > 0 || h.syslog) && p.nested(first[at:], r) {
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
	if h.message != "" {
		r.Body = h.message + more
		return
	}
	r.Body = first[at:]
	if r.trailer(&h); more != "" {
		if len(r.Body) == len(first)-at {
			r.Body = text[at:]
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
		if rest := strings.TrimLeft(s[n:], " "); afterTime && rest != "" && (rest[0] == '-' || rest[0] == '|' || rest[0] == ':') {
			return sev, word, n
		}
	}
	return 0, "", 0
}

func isKlog(line string) bool {
	if len(line) < 30 || line[5] != ' ' || line[8] != ':' || line[11] != ':' || line[14] != '.' {
		return false
	}
	return strings.IndexByte("IWEF", line[0]) >= 0
}

// parseKlog reads the header of klog and glog:
// Lmmdd hh:mm:ss.uuuuuu threadid file:line] message.
func parseKlog(line string, r *Record) bool {
	if !isKlog(line) {
		return false
	}
	mo, d := two(line, 1), two(line, 3)
	if mo < 0 || d < 0 {
		return false
	}
	st, n := scanClock(line, 6, 2000, mo, d, true)
	end := strings.IndexByte(line, ']')
	if n == 0 || end < n {
		return false
	}
	head := strings.TrimLeft(line[n:end], " ")
	sp := strings.IndexByte(head, ' ')
	if sp <= 0 {
		return false
	}
	r.Time = st
	r.Severity, _ = severityLetter(line[0])
	r.SeverityText = line[:1]
	r.Body = strings.TrimPrefix(line[end+1:], " ")
	if pid, err := strconv.ParseInt(head[:sp], 10, 64); err == nil {
		r.addInt(attrPID, pid)
	}
	if c := strings.LastIndexByte(head, ':'); c > sp {
		r.addString(attrFile, head[sp+1:c])
		if n, err := strconv.ParseInt(head[c+1:], 10, 64); err == nil {
			r.addInt(attrLine, n)
		}
	} else {
		r.addString(attrFile, head[sp+1:])
	}
	return true
}
