package logformat

// Alone reports, with few looks, whether a line is a record of its own for sure: a
// JSON object that is closed, or a line that begins with a date in front of another
// such line. False says nothing: then a Joiner knows. Next is empty where the line
// behind is not known.
func (p *Profile) Alone(line, next string) bool {
	switch {
	case p.Start != nil || len(line) < 2:
		return false
	case line[0] == '{':
		return line[1] == '"' && line[len(line)-1] == '}'
	}
	return p.starts[headTime] && !p.paragraphs && startsWithDate(line) && startsWithDate(next)
}
