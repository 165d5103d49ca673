package logformat

import "strings"

// Parser reads lines into records. It keeps scratch memory, so it serves one
// goroutine at a time; it remembers nothing from line to line.
type Parser struct {
	json  jsonReader
	env   Envelope
	inner Record
}

// Parse reads one complete line, unwrapping a container runtime's envelope. With
// FormatAuto it decides by the line itself. r is reset first; its strings are
// parts of line, its Fields are valid until the next call.
func (p *Parser) Parse(line string, format Format, r *Record) {
	switch format {
	case FormatAuto, FormatCRI, FormatDocker:
		if Unwrap(line, &p.env) {
			p.ParseContent(&p.env, p.env.Content, r)
			return
		}
	}
	p.ParseText(line, format, r)
}

// ParseContent reads the text that came in an envelope; content may be joined
// from several. A time with a zone inside the text wins over the runtime's, a
// time without one does not: the runtime's is an instant.
func (p *Parser) ParseContent(env *Envelope, content string, r *Record) {
	p.ParseText(content, FormatAuto, r)
	if !r.Time.OK || !r.Time.Zoned {
		r.Own, r.Time = r.Time, env.Time
	}
	r.Format = env.Format
	r.addString("log.iostream", env.Stream)
}

// ParseText reads a line that has no envelope.
func (p *Parser) ParseText(line string, format Format, r *Record) {
	r.Reset()
	line = strings.TrimPrefix(line, "\ufeff")
	if format != FormatPlain && p.parseJSON(line, r) {
		r.Format = FormatJSON
		return
	}
	p.parsePlain(line, r)
}

// parseJSON reads a line that is one JSON object.
func (p *Parser) parseJSON(line string, r *Record) bool {
	start := 0
	for start < len(line) && (line[start] == ' ' || line[start] == '\t') {
		start++
	}
	if start >= len(line) || line[start] != '{' {
		return false
	}
	p.json = jsonReader{s: line, i: start + 1, fields: r.Fields}
	j := &p.json
	var ranks [roleCount]uint8
	var taken [roleCount]Field
	ok := false
	for first := true; ; first = false {
		key, more, good := j.member(first)
		if !good {
			break
		}
		if !more {
			ok = true
			break
		}
		at := len(j.fields)
		if !j.value(key, 1) {
			break
		}
		ro, rank := roleOf(key)
		if ro == roleNone || ranks[ro] != 0 && ranks[ro] <= rank {
			continue
		}
		if f := j.fields[at]; r.take(ro, &f) {
			if ranks[ro] != 0 { // a better one: the earlier becomes a field again
				j.fields[at] = taken[ro]
			} else {
				j.fields = j.fields[:at]
			}
			ranks[ro], taken[ro] = rank, f
		}
	}
	if ok {
		j.space()
		ok = j.i == len(line)
	}
	r.Fields = j.fields
	if !ok {
		r.Reset()
		return false
	}
	r.deepen(&ranks)
	if ranks[roleMessage] == 0 {
		r.Body = strings.TrimRight(line[start:], " \t\r")
	}
	if r.Severity == 0 && ranks[roleMessage] != 0 {
		r.levelOfMessage()
	}
	return true
}
