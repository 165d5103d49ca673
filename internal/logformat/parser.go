package logformat

import "strings"

// Parser reads lines into records. It keeps scratch memory, so it serves one
// goroutine at a time; what it remembers of the lines before makes the next ones
// cheaper to read, but not different.
type Parser struct {
	json  jsonReader
	keys  knownKeys
	taken [roleCount]Field // of the JSON line at hand
	env   Envelope
	hint  hint
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
