package logformat

import "strings"

// secondLine reads records of which the level stands at the beginning of the
// second line, as java.util.logging writes them:
//
//	Mar 09, 2026 10:14:58 PM org.acme.Server start
//	INFO: Server started
func (h *headerReader) secondLine(at int, more string) bool {
	where := strings.TrimSpace(h.s[at:])
	second := strings.TrimPrefix(more, "\n")
	end := 0
	for end < len(second) && end <= longestLevel && second[end] >= 'A' && second[end] <= 'Z' {
		end++
	}
	class, method, _ := strings.Cut(where, " ")
	if !isDotted(class) && !isHumped(class) || strings.Contains(method, " ") || !strings.HasPrefix(second[end:], ": ") || !h.namesLevel(second[:end], true) {
		return false
	}
	h.r.addUnique(attrLogger, class)
	if method != "" {
		h.r.addString("code.function.name", method)
	}
	h.r.Body = second[end+2:]
	return true
}

// categoryLine reads the first of two lines that .NET's console logger writes:
//
//	info: Microsoft.Hosting.Lifetime[14]
//	      Now listening on: http://localhost:5000
func (r *Record) categoryLine(first, more string) bool {
	colon := strings.IndexByte(first[:min(len(first), 6)], ':')
	if colon != 4 || !strings.HasSuffix(first, "]") || !strings.HasPrefix(first[colon:], ": ") || more != "" && !strings.HasPrefix(more, "\n      ") {
		return false
	}
	sev, ok := ParseSeverity(first[:colon])
	if first[:colon] == "fail" {
		sev, ok = SeverityError, true
	}
	category, id, found := strings.Cut(first[colon+2:len(first)-1], "[")
	if !ok || !found || id == "" || digits(id) != len(id) || strings.ContainsAny(category, " ") {
		return false
	}
	r.Severity, r.SeverityText = sev, first[:colon]
	r.addString(attrLogger, category)
	r.addString("event.id", id)
	r.Body = strings.TrimSpace(more)
	return true
}

// epochColumn takes the seconds since the epoch that stand in a column behind
// nothing but names and numbers, of which half do not look like prose, as in the flow logs of clouds and clusters. The
// columns stay the body.
func (h *headerReader) epochColumn() bool {
	rest, special := h.s, 0
	for i := range 12 {
		n := strings.IndexByte(rest[:min(len(rest), 64)], ' ')
		if n <= 0 {
			return false
		}
		if word := rest[:n]; n == 10 && i >= 3 && 2*special >= i && digits(word) == n {
			if st, _ := ScanTime(word); st.OK {
				h.r.Time = st
				h.whole = true
				return true
			}
		} else if strings.ContainsAny(word, "0123456789._-/") {
			special++
		} else if span(word, isWord) < n {
			return false
		}
		rest = rest[n+1:]
	}
	return false
}

// levelAtEnd finds "LEVEL: " behind a time with dots between its numbers.
func (h *headerReader) levelAtEnd() int {
	if !h.r.Time.OK || len(h.s) < 30 || h.s[13] != '.' {
		return -1
	}
	return strings.LastIndex(h.s[:min(len(h.s), 120)], " LEVEL: ")
}

// headerAtEnd reads headers that stand elsewhere than at the beginning: the level
// at the end of the first line of db2diag ("LEVEL: Warning"), and syslog behind
// the labels of a cluster's collector ("- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 ...").
func (h *headerReader) headerAtEnd(text string, at int) bool {
	if at := h.levelAtEnd(); at > 20 {
		level, _, _ := strings.Cut(h.s[at+8:], " ")
		if !h.namesLevel(level, false) && level == "Event" {
			h.r.Severity, h.r.SeverityText = SeverityInfo, level
		}
		h.whole = true
		return false
	}
	if h.r.Time.OK || at != 0 || h.s[0] >= 0x80 {
		return false
	}
	if h.epochColumn() {
		return false
	}
	label := strings.IndexByte(h.s[:min(len(h.s), 32)], ' ')
	if label <= 0 || label+12 > len(h.s) || h.s[label+1]-'0' > 9 {
		return false
	}
	epoch, n := ScanTime(h.s[label+1:])
	rest := h.s[label+1+n:]
	if n != 10 || !epoch.Zoned || len(rest) < 32 || rest[0] != ' ' {
		return false
	}
	date, after, _ := strings.Cut(rest[1:], " ")
	host, after, _ := strings.Cut(after, " ")
	st, m := ScanTime(after)
	if m == 0 || !st.Yearless || len(date) != 10 || m >= len(after) || after[m] != ' ' {
		return false
	}
	inner := headerReader{s: after, r: h.r, pos: m + 1, syslog: true}
	node, _, _ := strings.Cut(after[m+1:], " ")
	inner.pos += len(node) + 1
	if inner.pos >= len(after) {
		return false
	}
	name, pid, k := programTag(after[inner.pos:])
	h.r.Time = epoch
	h.r.addString(attrTag, h.s[:label])
	h.r.addString("log.date", date)
	h.r.addString(attrHostname, host)
	h.r.addString("log.node", node)
	if k > 0 {
		h.r.addString(attrProgram, name)
		if pid != "" {
			h.tag(pid)
		}
		inner.pos += k
	}
	h.r.Body = strings.TrimLeft(after[inner.pos:], " ") + text[len(h.s):]
	return true
}
