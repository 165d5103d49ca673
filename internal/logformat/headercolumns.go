package logformat

import (
	"strings"
)

// numbered reads what begins with a process.
func (h *headerReader) numbered() bool {
	return h.s[h.pos]-'0' <= 9 && (h.nginxProcess() || h.springColumns())
}

// springColumns reads what Spring Boot writes between level and message:
// "4711 --- [app] [main] c.e.App    : ".
func (h *headerReader) springColumns() bool {
	s := h.s[h.pos:]
	pid := digits(s)
	if pid == 0 || !strings.HasPrefix(s[pid:], " --- [") {
		return false
	}
	h.tag(s[:pid])
	rest := s[pid+5:]
	for rest != "" && rest[0] == '[' {
		end := closingBracket(rest)
		if end < 0 {
			return false
		}
		if v := trimBlanks(rest[1:end]); v != "" {
			h.tag(v)
		}
		rest = strings.TrimLeft(rest[end+1:], " ")
	}
	name := wordEnd(rest)
	after := strings.TrimLeft(rest[name:], " ")
	if name > 0 && strings.HasPrefix(after, ": ") {
		h.r.addUnique(attrLogger, rest[:name])
		rest = after[2:]
	}
	h.pos = len(h.s) - len(rest)
	h.done = true
	return true
}

// nginxProcess reads "54053#0: *1 ", the process, thread and connection of nginx.
func (h *headerReader) nginxProcess() bool {
	s := h.s[h.pos:]
	pid := digits(s)
	if pid == 0 || pid >= len(s) || s[pid] != '#' || !h.bracketed {
		return false
	}
	tid := digits(s[pid+1:])
	end := pid + 1 + tid
	if tid == 0 || !strings.HasPrefix(s[end:], ": ") {
		return false
	}
	h.tag(s[:pid])
	h.r.addString("thread.id", s[pid+1:end])
	end += 2
	if end < len(s) && s[end] == '*' {
		if d := digits(s[end+1:]); d > 0 && end+1+d < len(s) && s[end+1+d] == ' ' {
			h.r.addString("connection.id", s[end+1:end+1+d])
			end += 2 + d
		}
	}
	h.pos += end
	h.done = true
	return true
}

// tabColumn takes a column between tabs that ends in the position of a source:
// "envoy config source/grpc_stream.h:152".
func (h *headerReader) tabColumn() bool {
	s := h.s[h.pos:]
	if h.pos == 0 || h.s[h.pos-1] != '\t' {
		return false
	}
	n := strings.IndexByte(s[:min(len(s), 160)], '\t')
	if n <= 0 || n+1 >= len(s) {
		return false
	}
	word := strings.LastIndexByte(s[:n], ' ') + 1
	if word == 0 || !isSource(s[word:n]) {
		return false
	}
	h.r.addUnique(attrLogger, s[:word-1])
	colon := strings.LastIndexByte(s[:n], ':')
	h.source(s[word:colon], s[colon+1:n])
	h.pos += n
	return true
}

// barColumn takes a word between bars: "|Step_LSC|30002312|message".
func (h *headerReader) barColumn() bool {
	s := h.s[h.pos:]
	if !h.bars || h.tags >= maxElements || h.pos == 0 || h.s[h.pos-1] != '|' {
		return false
	}
	n := wordEnd(s)
	if n == 0 || n+1 >= len(s) || s[n] != '|' || s[n+1] == '|' {
		return false
	}
	if n == 1 && s[0]-'0' <= 9 { // the number of an event
		h.r.addUnique("event.id", s[:n])
	} else {
		h.tag(s[:n])
	}
	h.pos += n
	return true
}

// column takes a word that four blanks or more part from the message, as SQL
// Server's and Windows' logs have it: "spid7s      Recovery is complete".
func (h *headerReader) column() bool {
	s := h.s[h.pos:]
	if h.syslog || h.tags > 0 || !h.padded(s) {
		return false
	}
	n := wordEnd(s)
	rest := strings.TrimLeft(s[n:], " ")
	if rest == "" || rest[0] == '[' || rest[0] == '{' || keyLength(rest) > 0 || s[0]-'0' <= 9 {
		return false
	}
	h.r.addUnique(attrLogger, s[:n])
	h.pos = len(h.s) - len(rest)
	h.done = true
	return true
}

// padded reports whether s begins with a word in a column of its own.
func (h *headerReader) padded(s string) bool {
	n := wordEnd(s)
	return n > 0 && n < 24 && strings.HasPrefix(s[n:], "    ")
}

// uptime reads "[1.234s]" in front of more brackets, as the logs of a Java machine
// begin.
func (h *headerReader) uptime(s, inside string, n int) bool {
	number := strings.TrimRight(inside, "ms")
	if number == inside || number == "" || n >= len(s) || s[n] != '[' {
		return false
	}
	for i := range len(number) {
		if c := number[i]; c-'0' > 9 && c != '.' && c != ',' {
			return false
		}
	}
	h.r.addString("uptime", inside)
	h.timed = true
	h.pos += n
	return true
}
