package logformat

// Alone reports, with few looks, whether a line is a record of its own for sure: a
// JSON object that is closed, or a line that begins with a date or time in front of another
// such line. False says nothing: then a Joiner knows. Next is empty where the line
// behind is not known.
func (p *Profile) Alone(line, next string) bool {
	switch {
	case p.Start != nil || len(line) < 2:
		return false
	case line[0] == '{':
		return line[1] == '"' && line[len(line)-1] == '}'
	}
	return p.starts[headTime] && !p.paragraphs && isDated(line) && isDated(next)
}

// isDated recognises, with few looks, lines that begin with a date, also one of
// syslog, or one behind a key.
func isDated(s string) bool { return startsWithDate(s) || startsWithMonth(s) || startsWithKeyedDate(s) }

// startsWithMonth recognises "Jan _2 15:04:05 ".
func startsWithMonth(s string) bool {
	if len(s) < 24 || s[3] != ' ' || s[6] != ' ' || s[9] != ':' || s[12] != ':' || s[15] != ' ' || s[5]-'0' > 9 || s[4] != ' ' && s[4]-'0' > 2 {
		return false
	}
	h, m, sec := two(s, 7), two(s, 10), two(s, 13)
	return h >= 0 && h < 24 && m >= 0 && m < 60 && sec >= 0 && sec < 60 && s[4:6] != " 0" && s[4:6] != "00" && scanMonthName(s, 0) > 0
}

// startsWithKeyedDate recognises "time=2006-01-02T15:04:05.000Z", also in quotes.
func startsWithKeyedDate(s string) bool {
	n := span(s[:min(len(s), leadingReach-2)], isWord)
	if n == 0 || n == len(s) || s[n] != '=' || s[0]-'0' <= 9 {
		return false
	}
	if n++; n < len(s) && s[n] == '"' {
		n++
	}
	if s = s[n:]; len(s) < 20 || !startsWithDate(s) || s[16] != ':' {
		return false
	}
	mo, d, h, m, sec := two(s, 5), two(s, 8), two(s, 11), two(s, 14), two(s, 17)
	if two(s, 2) < 0 || s[1]-'0' > 9 || mo < 1 || mo > 12 || d < 1 || d > 28 || h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59 {
		return false
	}
	i := 19
	if s[i] == '.' {
		i += 1 + digits(s[i+1:])
	}
	if i < len(s) && s[i] == 'Z' {
		i++
	}
	return i < len(s) && (s[i] == ' ' || s[i] == '"')
}
