package logformat

import "strings"

// hint remembers the day of the line before, which most often is that of the next
// line too. It saves work and changes no result.
type hint struct {
	date [10]byte
	wall int64 // midnight of date
	// month is a date without a year, monthWall its midnight in the year 2000.
	month     [6]byte
	monthWall int64
}

// day returns midnight of the date 2006-01-02 at the beginning of s.
func (m *hint) day(s string) (wall int64, ok bool) {
	if s[:10] == string(m.date[:]) {
		return m.wall, true
	}
	y, mo, d := four(s, 0), two(s, 5), two(s, 8)
	if y < 0 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	if wall, ok = wallClock(y, mo, d, 0, 0, 0); ok {
		copy(m.date[:], s)
		m.wall = wall
	}
	return wall, ok
}

// timeAndLevel reads the head that most libraries write, with fewer looks than
// headerReader.read needs for any other: 2006-01-02T15:04:05.000Z LEVEL. It leaves
// everything else, and all that is doubtful, to it.
func (m *hint) timeAndLevel(h *headerReader) bool {
	s := h.s
	if len(s) < 26 || s[10] != 'T' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return false
	}
	wall, ok := m.day(s)
	hour, mi, sec := two(s, 11), two(s, 14), two(s, 17)
	if !ok || hour < 0 || hour > 24 || mi < 0 || mi > 59 || sec < 0 || sec > 60 {
		return false
	}
	st := Stamp{Wall: wall + int64(hour*3600+mi*60+sec), OK: true}
	i := 19
	if s[i] == '.' || s[i] == ',' {
		i++
		start, nanos := i, int32(0)
		for i < len(s) && i < start+9 && s[i]-'0' <= 9 {
			nanos = nanos*10 + int32(s[i]-'0')
			i++
		}
		if i == start {
			return false
		}
		st.Nanos = nanos * tens[i-start]
	}
	if i < len(s) && s[i] == 'Z' {
		st.Zoned = true
		i++
	}
	after := i
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	n := i
	for n < len(s) && s[n] >= 'A' && s[n] <= 'Z' {
		n++
	}
	if i == after || n == len(s) || s[n] != ' ' && s[n] != '\t' {
		return false
	}
	sev := capitalLevel(s[i:n])
	if sev == 0 {
		return false
	}
	h.r.Time, h.timed, h.after = st, true, after
	h.r.Severity, h.r.SeverityText = sev, s[i:n]
	h.pos = n
	return true
}

// syslogTime reads "Jan _2 15:04:05 " in front of a small letter, which no zone or
// half of a day begins with that ScanTime would read, and what follows such a time.
// It returns how many elements may follow. No dialect begins so.
func (m *hint) syslogTime(h *headerReader) (most int, ok bool) {
	s := h.s
	if !startsWithMonth(s) || s[16] < 'a' || s[16] > 'z' || s[17]|0x20 == 'm' {
		return 0, false
	}
	if s[:6] != string(m.month[:]) {
		d := int(s[5] - '0')
		if s[4] != ' ' {
			d += 10 * int(s[4]-'0')
		}
		wall, ok := wallClock(2000, scanMonthName(s, 0), d, 0, 0, 0)
		if !ok {
			return 0, false
		}
		copy(m.month[:], s)
		m.monthWall = wall
	}
	wall := m.monthWall + int64(two(s, 7)*3600+two(s, 10)*60+two(s, 13))
	h.r.Time, h.timed, h.pos, h.after = Stamp{Wall: wall, OK: true, Yearless: true}, true, 15, 15
	if h.afterTime(); h.done {
		return 0, true
	}
	return maxElements - 1, true
}

// threadAndLogger reads what most often follows a level, " [thread] package.Logger - "
// and " package.Logger: ", either of which may be missing, as headerReader.element
// does, with fewer looks. It returns how many elements it took.
func (h *headerReader) threadAndLogger() (elements int) {
	s, i := h.s, skipBlanks(h.s, h.pos)
	if i == h.pos {
		return 0
	}
	if i < len(s) && s[i] == '[' && s[len(s)-1] != ']' {
		end := i + 1 + span(s[i+1:min(len(s), i+48)], inName)
		if end+1 >= len(s) || s[end] != ']' || s[end+1] != ' ' || !isLetter(s[i+1]) {
			return 0
		}
		key := attrThread
		if strings.IndexByte(s[i+1:end], '.') > 0 {
			key = attrLogger
		}
		h.r.addUnique(key, s[i+1:end])
		h.tags++
		h.pos, elements = end+1, 1
		i = skipBlanks(s, h.pos)
	}
	if i >= len(s) || !isLetter(s[i]) {
		return elements
	}
	end, deep := i, uint8(0)
	for end < len(s) && classes[s[end]]&inClass != 0 && s[end] != '/' {
		deep |= classes[s[end]] & isDeep
		end++
	}
	if deep == 0 || end-i >= 120 || end+3 > len(s) {
		return elements
	}
	switch {
	case s[end] == ':' && s[end+1] == ' ':
	case s[end] == ' ' && s[end+1] == '-' && s[end+2] == ' ':
	default:
		return elements
	}
	h.r.addUnique(attrLogger, s[i:end])
	h.tags += maxElements
	h.pos = end + 1
	return elements + 1
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// tens scale fractions of as many digits as the index to nanoseconds.
var tens = [...]int32{0, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1}

// capitalLevel is ParseSeverity for the levels of four letters and more that are
// usual in capitals.
func capitalLevel(word string) Severity {
	switch word {
	case "INFO":
		return SeverityInfo
	case "DEBUG":
		return SeverityDebug
	case "WARN", "WARNING":
		return SeverityWarn
	case "ERROR":
		return SeverityError
	case "TRACE":
		return SeverityTrace
	case "FATAL", "CRITICAL":
		return SeverityFatal
	}
	return 0
}
