package logformat

import (
	"strconv"
	"strings"
)

// priority reads the <34> of syslog.
func (h *headerReader) priority() {
	if len(h.s) < 4 || h.s[0] != '<' {
		return
	}
	end := strings.IndexByte(h.s[:min(len(h.s), 6)], '>')
	if end < 2 {
		return
	}
	n, err := strconv.Atoi(h.s[1:end])
	if err != nil || n > 191 {
		return
	}
	h.r.Severity, _ = SyslogSeverity(n & 7)
	h.r.addInt("syslog.facility.code", int64(n>>3))
	h.pos = end + 1
	h.syslog = true
	if strings.HasPrefix(h.s[h.pos:], "1 ") { // the version of RFC 5424
		h.pos += 2
		h.rfc5424 = true
	}
}

// structured reads what follows the time of RFC 5424: host, program, process, kind
// of message and structured data, each "-" if it is not known.
func (h *headerReader) structured() {
	var parts [4]string
	rest := h.s[h.pos:]
	for i := range parts {
		word, after, ok := strings.Cut(rest, " ")
		if !ok {
			return
		}
		parts[i], rest = word, after
	}
	for i, key := range [...]string{attrHostname, attrProgram, attrPID, "syslog.msg_id"} {
		if v := parts[i]; v == "-" {
			continue
		} else if key == attrPID {
			h.pid(v)
		} else {
			h.r.addString(key, v)
		}
	}
	if data, after, ok := strings.Cut(rest, " "); ok && data == "-" {
		rest = after
	} else if end := structuredEnd(rest); end > 0 && isElement(rest) {
		h.r.addString("syslog.structured_data", rest[:end])
		rest = strings.TrimPrefix(rest[end:], " ")
	}
	rest = strings.TrimPrefix(rest, "\ufeff")
	h.pos = len(h.s) - len(rest)
	h.done = true
	h.r.Format = FormatSyslog
}

// isElement reports whether s begins as an element of structured data does, with a
// name in brackets.
func isElement(s string) bool {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case ' ', ']':
			return i > 1
		case '"', '=', ':':
			return false
		}
	}
	return false
}

// structuredEnd returns the length of the structured data at the beginning of s.
func structuredEnd(s string) int {
	end, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ']':
			end = i + 1
		case i == end && c != '[':
			return end
		}
	}
	return end
}

// hostAndProgram reads "web-1 sshd[812]: " and "sshd[812]: ".
func (h *headerReader) hostAndProgram() {
	rest := h.s[h.pos:]
	name, pid, n := programTag(rest)
	if n == 0 || pid == "" && !h.syslog {
		host := wordLength(rest)
		if host > 0 && host < len(rest) && rest[host] == ' ' && h.levelOfProgram(rest, host) {
			return
		}
		if event := rest[min(host+1, len(rest)):]; h.syslog && (strings.HasPrefix(event, "CEF:") || strings.HasPrefix(event, "LEEF:")) {
			h.r.addString(attrHostname, rest[:host])
			h.pos += host + 1
			h.done = true
			h.r.Format = FormatSyslog
			return
		}
		if host == 0 || host == len(rest) || rest[host] != ' ' {
			return
		}
		var m int
		name, pid, m = programTag(rest[host+1:])
		if m == 0 && h.syslog {
			name, pid, m = spacedProgram(rest[host+1:])
		}
		if m == 0 || pid == "" && !h.syslog && !hostLike(rest[:host]) {
			return
		}
		h.r.addString(attrHostname, rest[:host])
		n = host + 1 + m
	}
	h.program(name, pid, rest[:n])
	h.pos += n
}

// pid keeps what stands in the place of a process, most often its number.
func (h *headerReader) pid(v string) {
	if v != "" && digits(v) == len(v) {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			h.r.addInt(attrPID, n)
			return
		}
	}
	if v != "" {
		h.r.addString(attrPID, v)
	}
}

// program keeps the name and the process of a syslog tag. Behind the process
// macOS may state on whose behalf it speaks, in parentheses.
func (h *headerReader) program(name, pid, tag string) {
	h.r.addString(attrProgram, name)
	h.pid(pid)
	if strings.HasSuffix(tag, "):") {
		if _, behalf, ok := strings.Cut(tag, "] ("); ok {
			h.r.addUnique(attrTag, strings.TrimSuffix(behalf, "):"))
		}
	}
	h.done = true
	h.r.Format = FormatSyslog
}

// mnemonic reads the tag of Cisco's devices, %FACILITY-SEVERITY-MNEMONIC:, at the
// beginning of the message or a few words behind.
func (h *headerReader) mnemonic() {
	rest := h.s[h.pos:]
	at := strings.IndexByte(rest[:min(len(rest), 80)], '%')
	if at < 0 || at > 0 && rest[at-1] != ' ' {
		return
	}
	end := strings.IndexByte(rest[at:], ':')
	if end < 6 || end > 60 {
		return
	}
	tag := rest[at+1 : at+end]
	n := 0
	for n < len(tag) && (tag[n] >= 'A' && tag[n] <= 'Z' || tag[n]-'0' <= 9 || tag[n] == '_' || tag[n] == '-' && (n+2 >= len(tag) || tag[n+1]-'0' > 7 || tag[n+2] != '-')) {
		n++
	}
	if n < 2 || n+3 >= len(tag) || tag[n] != '-' {
		return
	}
	for _, c := range []byte(tag[n+3:]) {
		if !letterOrDigit(c) {
			return
		}
	}
	h.r.Severity, _ = SyslogSeverity(int(tag[n+1] - '0'))
	h.r.SeverityText = tag[n+1 : n+2]
	if before := strings.Trim(rest[:at], " :*."); before != "" {
		if host := wordLength(before); host == len(before) && !h.r.has(attrHostname) {
			h.r.addString(attrHostname, before)
		} else {
			h.r.addUnique(attrTag, before)
		}
	}
	h.r.addString("event.name", tag)
	h.pos += at + end + 1
	h.separators()
}

// programTag reads "sshd[812]:", "kernel:", "/usr/sbin/cron[3]:" or "su(pam_unix)[9]:".
func programTag(s string) (name, pid string, n int) {
	for n < len(s) && n < 64 && classes[s[n]]&inProgram != 0 {
		n++
	}
	if n == 0 || n == len(s) || s[0] == '-' || s[0] == '(' || s[0] == '%' {
		return "", "", 0
	}
	name = s[:n]
	if s[n] == '[' {
		end := strings.IndexByte(s[n:], ']')
		if end < 2 || end > 24 {
			return "", "", 0
		}
		pid = s[n+1 : n+end]
		n += end + 1
		if n < len(s) && s[n] == ' ' { // "kernel[0] (Warning):" and the like
			if k := strings.Index(s[n:min(len(s), n+160)], "):"); k > 0 && n+1 < len(s) && s[n+1] == '(' {
				n += k + 1
			}
		}
	}
	if n >= len(s) || s[n] != ':' {
		return "", "", 0
	}
	if n+1 < len(s) && s[n+1] != ' ' && pid == "" {
		return "", "", 0
	}
	return name, pid, n + 1
}

// spacedProgram reads "Google Chrome[85294]:" and "syslogd 1.4.1:".
func spacedProgram(s string) (name, pid string, n int) {
	if w := wordEnd(s); w > 0 && w+1 < len(s) && s[w] == ' ' && s[w+1]-'0' <= 9 { // with its version
		v := w + 1
		for v < len(s) && (s[v]-'0' <= 9 || s[v] == '.') {
			v++
		}
		if strings.HasPrefix(s[v:], ": ") && strings.IndexByte(s[w+1:v], '.') > 0 {
			return s[:v], "", v + 1
		}
	}
	open := strings.IndexByte(s[:min(len(s), 40)], '[')
	if open <= 0 {
		return "", "", 0
	}
	d := digits(s[open+1:])
	end := open + 1 + d
	if d == 0 || end+1 >= len(s) || s[end] != ']' || s[end+1] != ':' || strings.IndexByte(s[:open], ':') >= 0 {
		return "", "", 0
	}
	return s[:open], s[open+1 : end], end + 2
}

// hostLike reports whether a word can hardly be anything but a host's name.
func hostLike(w string) bool {
	return w == "localhost" || strings.ContainsAny(w, "-.0123456789") && !strings.ContainsAny(w, ":%")
}

// levelOfProgram reads a host, a level and a program: "web-1 err tmm[712]: " of
// BIG-IP, "web-1 daemon.info dnsmasq[712]: " of BusyBox, of which the host may be missing.
func (h *headerReader) levelOfProgram(rest string, host int) bool {
	level, at := rest[:host], host+1
	hostname, name, pid, n := "", "", "", 0
	if facilityLevel(level) != 0 {
		name, pid, n = programTag(rest[at:])
	}
	if n == 0 {
		word := wordLength(rest[at:])
		if word == 0 || at+word >= len(rest) || rest[at+word] != ' ' {
			return false
		}
		hostname, level = rest[:host], rest[at:at+word]
		at += word + 1
		name, pid, n = programTag(rest[at:])
	}
	sev := facilityLevel(level)
	if sev == 0 || n == 0 || pid == "" && strings.IndexByte(level, '.') < 0 {
		return false
	}
	h.r.Severity, h.r.SeverityText = sev, level
	if hostname != "" {
		h.r.addString(attrHostname, hostname)
	}
	h.program(name, pid, rest[at:at+n])
	h.pos += at + n
	return true
}

// facilityLevel reads "err" and "daemon.err", in lower case as syslog writes them.
func facilityLevel(w string) Severity {
	if dot := strings.IndexByte(w, '.'); dot > 0 {
		switch w[:dot] {
		case "kern", "user", "mail", "daemon", "auth", "authpriv", "syslog", "lpr", "news", "uucp", "cron", "ftp":
		default:
			if dot != 6 || !strings.HasPrefix(w, "local") {
				return 0
			}
		}
		w = w[dot+1:]
	}
	if w == "" || w[0] < 'a' || w[0] > 'z' || w == "log" || w == "config" {
		return 0
	}
	sev, _ := ParseSeverity(w)
	return sev
}

// innerSyslog reads a header of syslog behind another time: CloudWatch and others
// put theirs in front. The inner time is kept as a field, for it has no year.
func (h *headerReader) innerSyslog() bool {
	s := h.s[h.pos:]
	if s[0] < 'A' || s[0] > 'Z' || len(s) < 20 {
		return false
	}
	st, n := ScanTime(s)
	if n == 0 || !st.Yearless || n >= len(s) || s[n] != ' ' {
		return false
	}
	inner := headerReader{s: h.s, r: h.r, pos: h.pos + n + 1, syslog: true}
	inner.hostAndProgram()
	if !inner.done {
		return false
	}
	h.r.addString(attrTime, s[:n])
	h.pos, h.done, h.syslog = inner.pos, true, true
	return true
}
