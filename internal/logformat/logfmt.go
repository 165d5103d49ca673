package logformat

import (
	"strconv"
	"strings"
)

// parseLogfmt reads a line of key=value pairs. It returns false, and leaves the
// record alone, if the line is not pairs from end to end.
func parseLogfmt(line string, r *Record) bool {
	fields := r.Fields
	mark := len(fields)
	s := line
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	for s != "" {
		key, value, n, ok := pair(s)
		if !ok {
			// A bare word is a flag; more of them, or one that would be the message, are prose.
			word := wordEnd(s)
			if ro, _ := roleOf(s[:word]); word == 0 || word < len(s) && s[word] != ' ' || len(fields)-mark < 2 || ro == roleMessage {
				r.Fields = fields[:mark]
				return false
			}
			key, value, n = s[:word], "", word
		}
		fields = appendField(fields, key, value, KindString)
		s = nextPair(s, n)
	}
	if len(fields)-mark < 2 {
		r.Fields = fields[:mark]
		return false
	}
	r.Fields = fields
	r.Format = FormatLogfmt
	if r.audit(mark) {
		r.Body = line
		return true
	}
	if !r.takeRoles(mark) {
		r.Body = line
	}
	r.dateAndTime(mark)
	return true
}

// audit reads the time of the Linux audit log, msg=audit(1773094498.123:4711):, of
// which the pairs are fields and no message.
func (r *Record) audit(mark int) bool {
	for i := mark; i < min(mark+3, len(r.Fields)); i++ {
		if f := &r.Fields[i]; f.Key == "msg" && strings.HasPrefix(f.Str, "audit(") {
			st, n := ScanTime(f.Str[6:])
			if n > 0 { // other members are named msg too
				r.Time, f.Key, f.Str = st, "audit.id", strings.TrimRight(f.Str[6:], "):")
			}
			return n > 0
		}
	}
	return false
}

// takeRoles gives the well-known fields from mark on to the record and removes
// them. It returns whether there is a message among them.
func (r *Record) takeRoles(mark int) bool {
	var ranks [roleCount]uint8
	var at [roleCount]int
	for i := mark; i < len(r.Fields); i += 1 + r.Fields[i].Len {
		ro, rank := roleOf(r.Fields[i].Key)
		if ro == roleNone || ranks[ro] != 0 && ranks[ro] <= rank {
			continue
		}
		if r.take(ro, &r.Fields[i]) {
			ranks[ro], at[ro] = rank, i
		}
	}
	kept := mark
	for from := mark; from < len(r.Fields); { // what lies between those that are taken moves at once
		end := len(r.Fields)
		for _, ro := range [...]role{roleTime, roleLevel, roleMessage} {
			if ranks[ro] != 0 && at[ro] >= from {
				end = min(end, at[ro])
			}
		}
		kept += copy(r.Fields[kept:], r.Fields[from:end])
		from = end + 1
	}
	r.Fields = r.Fields[:kept]
	return ranks[roleMessage] != 0
}

// dateAndTime reads a date and a time in fields of their own, as firewalls write them.
func (r *Record) dateAndTime(mark int) {
	if r.Time.OK {
		return
	}
	date, clock := "", ""
	for _, f := range r.Fields[mark:] {
		switch f.Key {
		case "date", "Date":
			date = f.Str
		case "time", "Time":
			clock = f.Str
		}
	}
	if st, n := ScanTime(date + " " + clock); date != "" && n > 0 {
		r.Time = st
	}
}

// parseParagraph reads a block of "Key: value" or "KEY=value" lines.
func parseParagraph(text string, r *Record) bool {
	mark := len(r.Fields)
	lines := strings.Split(text, "\n")
	pairs := 0
	for _, line := range lines {
		key, value, ok := pairLine(strings.TrimSuffix(line, "\r"))
		if ok {
			pairs++
			r.addString(key, value)
		}
	}
	if pairs < 3 || pairs*10 < len(lines)*9 {
		r.Fields = r.Fields[:mark]
		return false
	}
	if !r.takeRoles(mark) {
		r.Body = text
	}
	if !r.Time.OK {
		for _, f := range r.Fields[mark:] {
			if st, n := ScanTime(f.Str); n > 0 && n == len(f.Str) && len(f.Str) > 12 {
				r.Time = st
				break
			}
		}
	}
	return true
}

// endsWithPair reports whether the last word is a pair or ends a quoted one.
func endsWithPair(s string) bool {
	s = trimEnd(s)
	return s != "" && (s[len(s)-1] == '"' || keyLength(s[strings.LastIndexByte(s, ' ')+1:]) > 0)
}

// nested reads a message that is itself JSON or logfmt, behind the header of
// syslog or of a container. What the header says of time and level stays unless
// the message says it better.
func (p *Parser) nested(message string, r *Record) bool {
	if message == "" || message[0] != '{' && (!twoPairs(message) || !endsWithPair(message)) {
		return false
	}
	inner := &p.inner
	inner.Reset()
	if message[0] == '{' && !p.parseJSON(message, inner) || message[0] != '{' && !parseLogfmt(message, inner) {
		return false
	}
	p.adopt(r)
	return true
}

// adopt gives the record what was read of a message in it, and keeps what its
// header says better.
func (p *Parser) adopt(r *Record) {
	inner := &p.inner
	if !inner.Time.OK || r.Time.OK && !r.Time.Yearless && !inner.Time.Zoned {
		inner.Time = r.Time
	}
	if inner.Severity == 0 {
		inner.Severity, inner.SeverityText = r.Severity, r.SeverityText
	}
	for i := 0; i < len(r.Fields); i += 1 + r.Fields[i].Len {
		if f := &r.Fields[i]; f.Len > 0 || !inner.has(f.Key) {
			inner.Fields = append(inner.Fields, r.Fields[i:i+1+f.Len]...)
		} else if text := f.text(); !inner.holds(text) {
			inner.addUnique(attrTag, text)
		}
	}
	*r, *inner = *inner, *r
}

// innerHeader reads a message that has a time and a level of its own, behind the
// header of syslog.
func (p *Parser) innerHeader(message, more string, r *Record) bool {
	c := message[0]
	if c-'0' > 9 && (c != '[' || len(message) < 2 || message[1]-'0' > 9) && !isKlog(message) {
		return false
	}
	inner := &p.inner
	inner.Reset()
	h := headerReader{s: message, r: inner}
	switch {
	case parseKlog(message, inner):
		inner.structuredTail()
	case p.hint.timeAndLevel(&h):
		inner.Body = message[h.elements(maxElements-1-h.threadAndLogger()):]
		inner.trailer(&h)
	default:
		at := h.read()
		if !inner.Time.OK || inner.Severity == 0 {
			return false
		}
		inner.Body = message[at:]
		inner.trailer(&h)
	}
	inner.Format = FormatSyslog
	inner.Body += more
	p.adopt(r)
	return true
}

// structuredTail reads what klog's structured calls write: a quoted message and pairs.
func (r *Record) structuredTail() {
	body := r.Body
	if len(body) < 2 || body[0] != '"' {
		return
	}
	j := jsonReader{s: body}
	message, ok := j.str()
	rest := strings.TrimLeft(body[j.i:], " ")
	if !ok || rest != "" && !allPairs(rest) {
		return
	}
	mark := len(r.Fields)
	r.Fields = appendPairs(r.Fields, rest)
	for i := mark; i < len(r.Fields); i++ {
		r.takeIDs(&r.Fields[i])
	}
	r.Body = message
}

// text returns a scalar as text.
func (f *Field) text() string {
	if f.Kind == KindInt && f.Str == "" {
		return strconv.FormatInt(f.Int, 10)
	}
	return f.Str
}

// holds reports whether a field has the text as its value.
func (r *Record) holds(text string) bool {
	for i := range r.Fields {
		if r.Fields[i].text() == text {
			return true
		}
	}
	return false
}
