package logformat

import "strings"

// trailer takes off what libraries attach to the end of a message: a JSON object,
// key=value pairs behind wide blanks, or behind a colon as hclog does, columns behind bars, and the
// logger in parentheses.
func (r *Record) trailer(h *headerReader) {
	body := trimEnd(r.Body)
	r.Body = body
	if body == "" {
		return
	}
	switch body[len(body)-1] {
	case '}':
		if !h.syslog {
			r.trailingObject(body)
		}
		return
	case ']':
		if !h.whole && (strings.HasSuffix(body, "} []") || strings.HasSuffix(body, " [] []")) { // Monolog's context and extra
			r.Body = strings.TrimSuffix(body[:len(body)-3], " []")
			h.whole = true // once
			r.trailer(h)
			return
		}
	case ')':
		if open := strings.LastIndex(body, " ("); open > 0 {
			if name := body[open+2 : len(body)-1]; !h.syslog && isPackage(name) {
				r.addUnique(attrLogger, name)
				r.Body = strings.TrimRight(body[:open], " ")
				return
			}
		}
	}
	if h.bars {
		r.trailingColumns(body)
		return
	}
	r.trailingPairs(body, h.cut, h.bracketed)
}

func (r *Record) trailingObject(body string) {
	at := strings.Index(body, "\t{")
	if at < 0 {
		if at = strings.Index(body, " {\""); at < 0 {
			return
		}
	}
	j := jsonReader{s: body, i: at + 1, fields: r.Fields}
	start := len(r.Fields)
	ok := j.object("", 1)
	if ok && j.i+1 < len(body) && body[j.i] == ' ' && body[j.i+1] == '{' { // a second one, as Monolog's extra
		j.i++
		ok = j.object("extra", 1)
	}
	if !ok || j.i != len(body) {
		r.Fields = j.fields[:start]
		return
	}
	// The members become fields of the record.
	r.Fields = append(j.fields[:start], j.fields[start+1:]...)
	r.Body = strings.TrimRight(body[:at], " \t")
	for i := start; i < len(r.Fields); i++ {
		r.takeIDs(&r.Fields[i])
		i += r.Fields[i].Len
	}
}

// isPackage reports whether a name is made of dotted words that begin with letters.
func isPackage(name string) bool {
	if !isDotted(name) || wordEnd(name) != len(name) {
		return false
	}
	for part := range strings.SplitSeq(name, ".") {
		if part == "" || part[0]|0x20 < 'a' || part[0]|0x20 > 'z' || strings.IndexByte(part, '/') >= 0 {
			return false
		}
	}
	return true
}

// takeIDs reads trace and span ids; the field stays.
func (r *Record) takeIDs(f *Field) {
	if ro, _ := roleOf(f.Key); ro == roleTrace || ro == roleSpan || ro == roleService {
		r.take(ro, f)
	}
}

// trailingColumns cuts the logger behind a bar, and the thread behind that:
// "message | org.acme.Store | main".
func (r *Record) trailingColumns(body string) {
	for end := len(body); ; {
		at := strings.LastIndex(body[:end], " | ")
		if at <= 0 {
			return
		}
		rest := strings.TrimLeft(body[at+3:], " ")
		logger, thread, _ := strings.Cut(rest, " ")
		if thread = strings.TrimLeft(thread, " "); isPackage(logger) && thread == "" || (isPackage(logger) || logger != "" && logger[0] == '/') && strings.HasPrefix(thread, "| ") {
			r.addUnique(attrLogger, logger)
			if thread = strings.TrimLeft(thread, "| "); thread != "" {
				r.addUnique(attrThread, thread)
			}
			r.Body = strings.TrimRight(body[:at], " ")
			return
		}
		if strings.Count(body[at:], " | ") > 2 {
			return
		}
		end = at
	}
}

// trailingPairs moves key=value pairs at the end to the fields, where the library
// is known to attach them or two blanks part them from the message. Others are
// left where they are: they are part of the text, and twice would be too much.
func (r *Record) trailingPairs(body string, cut, colon bool) {
	if at, logger := loggerBeforePairs(body, colon); at > 0 {
		r.addUnique(attrLogger, logger)
		mark := len(r.Fields)
		r.Fields = appendPairs(r.Fields, strings.TrimLeft(body[at+len(logger)+2:], " "))
		for i := mark; i < len(r.Fields); i++ {
			r.takeIDs(&r.Fields[i])
		}
		r.Body = strings.TrimRight(body[:at], " ")
		return
	}
	start := pairsStart(body, cut, colon)
	if start < 0 {
		r.idsInText(body)
		return
	}
	mark := len(r.Fields)
	r.Fields = appendPairs(r.Fields, body[start:])
	for i := mark; i < len(r.Fields); i++ {
		r.takeIDs(&r.Fields[i])
	}
	r.Body = strings.TrimSuffix(strings.TrimRight(body[:start], " \t"), ":")
}

// loggerBeforePairs finds the logger that structlog writes behind a padded message,
// in front of the pairs: "started       [app.main] port=8000".
func loggerBeforePairs(body string, bracketed bool) (at int, logger string) {
	if !bracketed { // as its levels are
		return 0, ""
	}
	at = strings.Index(body, "  [") + 2
	if at < 2 {
		return 0, ""
	}
	end := strings.IndexByte(body[at:], ']')
	if end < 2 {
		return 0, ""
	}
	logger = body[at+1 : at+end]
	rest := strings.TrimLeft(body[at+end+1:], " ")
	if wordEnd(logger) != len(logger) || rest != "" && !allPairs(rest) || rest == "" && !strings.HasSuffix(body[:at], "    ") {
		return 0, ""
	}
	return at, logger
}

// hasID reports whether there is _id=, Id= or ID= in s.
func hasID(s string) bool {
	for at := 0; ; at++ {
		n := strings.IndexByte(s[at:], '=')
		if n < 0 {
			return false
		}
		at += n
		if at >= 2 && s[at-1]|0x20 == 'd' && (s[at-2] == 'I' || at >= 3 && s[at-1] == 'd' && s[at-2] == 'i' && s[at-3] == '_') {
			return true
		}
	}
}

// idsInText finds trace_id= and span_id= in a message.
func (r *Record) idsInText(body string) {
	if !hasID(body) { // which few messages have
		return
	}
	_, rest, ok := strings.Cut(body, "trace")
	if !ok {
		return
	}
	for _, key := range [...]string{"_id=", "Id=", "ID="} {
		if v, ok := strings.CutPrefix(rest, key); ok {
			parseHexID(r.TraceID[:], v[:wordEnd(v)])
		}
	}
	if _, v, ok := strings.Cut(rest, "span_id="); ok {
		parseHexID(r.SpanID[:], v[:wordEnd(v)])
	}
}

// pairsStart returns where an unbroken row of key=value pairs begins that reaches
// to the end, or -1. The row is the longest there is. Without cut it must be
// parted from the message by two blanks or, with colon, by a colon.
func pairsStart(body string, cut, colon bool) int {
	if !cut && !colon && !endsInParted(body) {
		return -1
	}
	last := body[strings.LastIndexByte(body, ' ')+1:]
	last = last[strings.LastIndexByte(last, '\t')+1:]
	if keyLength(last) == 0 && last[len(last)-1] != '"' {
		return -1
	}
	if !cut && !strings.Contains(body, "  ") && strings.IndexByte(body, '\t') < 0 && !(colon && strings.Contains(body, ": ")) {
		return -1
	}
	before, _, ok := strings.Cut(body, "=")
	if !ok {
		return -1
	}
	for i := strings.LastIndexAny(before, " \t") + 1; ; {
		paired := 0
		if keyLength(body[i:]) > 0 {
			if paired = pairsLength(body[i:]); i+paired == len(body) {
				if cut || i >= 2 && (body[i-2] == ' ' || body[i-2] == '\t' || colon && body[i-2] == ':') {
					return i
				}
				return -1
			}
		}
		next := strings.IndexByte(body[i+paired:], ' ')
		if next < 0 {
			return -1
		}
		i += paired + next + 1
	}
}

// endsInParted goes back from the end of s over words that are pairs and reports
// whether two blanks or a tab may stand in front of them. It gives up, with true,
// at a quote.
func endsInParted(s string) bool {
	if s[len(s)-1] == '"' {
		return true
	}
	for {
		i := lastMark(s) + 1
		if i > 0 && s[i-1] == '"' {
			return true
		}
		if keyLength(s[i:]) == 0 || i == 0 {
			return false
		}
		if s[i-1] == '\t' || i > 1 && (s[i-2] == ' ' || s[i-2] == '\t') {
			return true
		}
		s = s[:i-1]
	}
}

// allPairs reports whether s is a row of pairs and nothing else.
func allPairs(s string) bool { return pairsLength(s) == len(s) }

// pairsLength returns how long the row of pairs is that s begins with.
func pairsLength(s string) int {
	rest := s
	for rest != "" {
		_, _, n, ok := pair(rest)
		if !ok {
			break
		}
		rest = nextPair(rest, n)
	}
	return len(s) - len(rest)
}

func appendPairs(fields []Field, s string) []Field {
	for s != "" {
		key, value, n, ok := pair(s)
		if !ok {
			break
		}
		fields = appendField(fields, key, value, KindString)
		s = nextPair(s, n)
	}
	return fields
}

// nextPair returns s from where the pair begins that follows the one that ends at n.
func nextPair(s string, n int) string {
	for n < len(s) && (s[n] == ' ' || s[n] == '\t' || s[n] == ',') {
		n++
	}
	return s[n:]
}

// pair reads key=value at the beginning of s; the value may be quoted.
func pair(s string) (key, value string, n int, ok bool) {
	k := keyLength(s)
	if k == 0 {
		return "", "", 0, false
	}
	key, n = s[:k], k+1
	if n < len(s) && s[n] == '"' {
		j := jsonReader{s: s, i: n}
		v, good := j.str()
		if !good || j.i < len(s) && s[j.i] != ' ' && s[j.i] != '\t' && s[j.i] != ',' {
			// Quotes that are not escaped: up to the next quote before a blank.
			end := strings.Index(s[n+1:], "\" ")
			if end < 0 {
				if len(s) < n+2 || s[len(s)-1] != '"' {
					return "", "", 0, false
				}
				return key, s[n+1 : len(s)-1], len(s), true
			}
			return key, s[n+1 : n+1+end], n + 1 + end + 1, true
		}
		return key, v, j.i, true
	}
	if n+1 < len(s) && s[n] == '\'' { // as auditd quotes
		if end := strings.IndexByte(s[n+1:], '\''); end > 0 && (n+2+end == len(s) || s[n+2+end] == ' ') {
			return key, s[n+1 : n+1+end], n + end + 2, true
		}
	}
	end := blankAt(s[n:])
	if end < 0 {
		end = len(s) - n
	}
	return key, strings.TrimSuffix(s[n:n+end], ","), n + end, true
}
