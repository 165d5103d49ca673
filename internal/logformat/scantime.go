package logformat

// ScanTime reads a time at the beginning of s in any of the usual layouts and
// returns it with the number of bytes it takes, 0 if there is none:
//
//	2006-01-02T15:04:05.000Z  2006/01/02 15:04:05,000 +0200  20060102T150405
//	Jan _2 15:04:05[.000]     Jan _2 2006 15:04:05           Mon Jan _2 15:04:05 2006
//	02/Jan/2006:15:04:05 -0700   02-Jan-2006 15:04:05.000    02 Jan 2006 15:04:05
//	01-02 15:04:05.000  1/2/2006 3:04:05 PM  20060102-15:04:05:000
//	1136214245[.000] and the same in milli-, micro- and nanoseconds, @TAI64N
//
// A number counts as an epoch only if it lies between 2001 and 2100.
func ScanTime(s string) (Stamp, int) {
	if len(s) < 10 {
		return Stamp{}, 0
	}
	c := s[0]
	switch {
	case c >= '0' && c <= '9':
		switch {
		case s[4] == '-' || s[4] == '/' || s[4] == '.':
			return scanISO(s)
		case s[4] == ' ' && s[5] >= 'A':
			return scanYearMonth(s)
		case s[2] == '/' || s[2] == '-' || s[2] == ' ' || s[1] == ' ' || s[1] == '-':
			if s[3]-'0' > 9 {
				return scanDayMonth(s)
			}
			if s[5] == s[2] {
				return scanNumericDay(s)
			}
			return scanShortDate(s)
		case s[2] == '.' && s[5] == '.':
			return scanNumericDay(s)
		case s[1] == '/' || s[2] == '.' && s[5] == ' ':
			return scanShortDate(s)
		case len(s) >= 13 && s[6] == ' ':
			return scanShortYear(s)
		case len(s) >= 15 && (s[8] == 'T' || s[8] == ' ' || s[8] == '-'):
			return scanCompact(s)
		}
		return scanEpoch(s)
	case c >= 'A' && c <= 'Z':
		return scanMonth(s)
	case c == '@':
		return scanTAI64N(s)
	}
	return Stamp{}, 0
}

// two reads two digits, -1 if they are none.
func two(s string, i int) int {
	if uint(i)+1 >= uint(len(s)) {
		return -1
	}
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

func four(s string, i int) int {
	a, b := two(s, i), two(s, i+2)
	if a < 0 || b < 0 {
		return -1
	}
	return a*100 + b
}

// scanUTC is scanISO for the form that most programs write, 2006-01-02T15:04:05.000Z,
// with fewer looks; 0 means that scanISO knows.
func scanUTC(s string) (Stamp, int) {
	if len(s) < 20 || s[7] != s[4] || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return Stamp{}, 0
	}
	head := s[:20]
	y, mo, d := four(head, 0), two(head, 5), two(head, 8)
	wall, ok := wallClock(y, mo, d, two(head, 11), two(head, 14), two(head, 17))
	if !ok {
		return Stamp{}, 0
	}
	i, nanos := 19, int32(0)
	if s[i] == '.' {
		for i++; i < len(s) && i < 29 && s[i]-'0' <= 9; i++ {
			nanos = nanos*10 + int32(s[i]-'0')
		}
		nanos *= tens[i-20]
	}
	if i == 20 || i >= len(s) || s[i] != 'Z' || i+1 < len(s) && letterOrDigit(s[i+1]) {
		return Stamp{}, 0
	}
	return Stamp{Wall: wall, Nanos: nanos, OK: true, Zoned: true}, i + 1
}

func scanISO(s string) (Stamp, int) {
	if st, n := scanUTC(s); n > 0 {
		return st, n
	}
	sep := s[4]
	y, mo, d := four(s, 0), two(s, 5), two(s, 8)
	if len(s) < 16 || s[7] != sep || y < 0 || mo < 0 || d < 0 {
		return Stamp{}, 0
	}
	var i int
	switch s[10] {
	case 'T', 't', '_':
		i = 11
	case ' ', '\t':
		i = 11
		if s[11] == ' ' {
			i = 12
		}
	case '-', ':':
		i = 11
	case ']': // [2006-01-02][15:04:05]
		if s[11] != '[' {
			return Stamp{}, 0
		}
		i = 12
	default:
		return Stamp{}, 0
	}
	return scanClock(s, i, y, mo, d, false)
}

func scanCompact(s string) (Stamp, int) {
	y, mo, d := four(s, 0), two(s, 4), two(s, 6)
	if y < 1970 || y > 2100 || mo < 0 || d < 0 {
		return Stamp{}, 0
	}
	if s[10] == ':' || s[11] == ':' {
		return scanLooseClock(s, 9, y, mo, d)
	}
	if s[8] == '-' {
		return Stamp{}, 0
	}
	h, mi, sec := two(s, 9), two(s, 11), two(s, 13)
	if h < 0 || mi < 0 || sec < 0 {
		return Stamp{}, 0
	}
	return finish(s, 15, y, mo, d, h, mi, sec, false)
}

// scanClock reads hh:mm[:ss] at i and what may follow.
func scanClock(s string, i, y, mo, d int, yearless bool) (Stamp, int) {
	h := two(s, i)
	w := i + 2
	if h < 0 { // one-digit hours exist
		if i >= len(s) || s[i]-'0' > 9 {
			return Stamp{}, 0
		}
		h, w = int(s[i]-'0'), i+1
	}
	mi := two(s, w+1)
	if mi < 0 || s[w] != ':' && (s[w] != '.' || w+5 >= len(s) || s[w+3] != '.' || i < 11 || s[i-1] != '-') {
		return Stamp{}, 0 // dots between hours, minutes and seconds are DB2's
	}
	i = w + 3
	sec := 0
	if i < len(s) && s[i] == s[w] {
		if sec = two(s, i+1); sec < 0 {
			return Stamp{}, 0
		}
		i += 3
	}
	return finish(s, i, y, mo, d, h, mi, sec, yearless)
}

// finish reads a fraction and a zone at i.
func finish(s string, i, y, mo, d, h, mi, sec int, yearless bool) (Stamp, int) {
	if i < len(s) && s[i]-'0' <= 9 {
		return Stamp{}, 0
	}
	wall, ok := wallClock(y, mo, d, h, mi, sec)
	if !ok {
		return Stamp{}, 0
	}
	st := Stamp{Wall: wall, OK: true, Yearless: yearless}
	if i+1 < len(s) && (s[i] == '.' || s[i] == ',' && !isColumn(s[i+1:])) && s[i+1]-'0' <= 9 {
		i++
		scale := int32(100_000_000)
		for ; i < len(s) && s[i]-'0' <= 9; i++ {
			st.Nanos += int32(s[i]-'0') * scale
			scale /= 10
		}
	}
	if i+3 < len(s) && s[i] == ':' { // milliseconds behind a third colon
		if ms := digits(s[i+1 : min(i+5, len(s))]); ms == 3 && (i+4 == len(s) || s[i+4] != ':' && !letterOrDigit(s[i+4])) {
			st.Nanos = int32(two(s, i+1)*10+int(s[i+3]-'0')) * 1_000_000
			i += 4
		}
	}
	if noon, n := halfOfDay(s[i:]); n > 0 && h >= 1 && h <= 12 {
		if noon && h < 12 {
			st.Wall += 12 * 3600
		} else if !noon && h == 12 {
			st.Wall -= 12 * 3600
		}
		i += n
	}
	if i+4 <= len(s) && (s[i] == '+' || s[i] == '-') && i > 10 && s[i-7] == '.' && s[i-10] == '.' && digits(s[i+1:min(i+5, len(s))]) == 3 {
		minutes := int32(two(s, i+1)*10 + int(s[i+3]-'0')) // DB2 states minutes
		if s[i] == '-' {
			minutes = -minutes
		}
		st.Zoned, st.Offset = true, minutes*60
		return st, i + 4
	}
	off, n := scanZone(s[i:])
	if n > 0 {
		st.Zoned, st.Offset = true, off
	}
	return st, i + n
}

// isColumn reports whether the digits behind a comma are the next column of
// comma-separated values and not a fraction.
func isColumn(s string) bool {
	d := digits(s[:min(len(s), 11)])
	return d > 9 || d+1 < len(s) && s[d] == ',' && s[d+1] != ' '
}

// halfOfDay reads AM or PM with at most one blank in front.
func halfOfDay(s string) (noon bool, n int) {
	if len(s) > 0 && s[0] == ' ' {
		n = 1
	}
	if n+2 > len(s) || s[n+1]|0x20 != 'm' || s[n]|0x20 != 'a' && s[n]|0x20 != 'p' || n+2 < len(s) && letterOrDigit(s[n+2]) {
		return false, 0
	}
	return s[n]|0x20 == 'p', n + 2
}

// scanZone reads Z, +hh:mm, +hhmm, +hh, UTC or GMT, with at most one space in front.
func scanZone(s string) (offset int32, n int) {
	if len(s) == 0 {
		return 0, 0
	}
	if s[0] == 'Z' && (len(s) == 1 || !letterOrDigit(s[1])) {
		return 0, 1
	}
	i := 0
	if s[0] == ' ' {
		i = 1
		if len(s) < 4 {
			return 0, 0
		}
	}
	if len(s) < i+3 {
		return 0, 0
	}
	switch s[i] {
	case '+', '-':
		h := two(s, i+1)
		if h < 0 || h > 14 {
			return 0, 0
		}
		end := i + 3
		m := 0
		switch {
		case end < len(s) && s[end] == ':' && two(s, end+1) >= 0:
			m, end = two(s, end+1), end+3
		case two(s, end) >= 0:
			m, end = two(s, end), end+2
		case i == 1:
			return 0, 0 // "15:04:05 -07" is more often a dash and a number
		}
		if m > 59 || end < len(s) && letterOrDigit(s[end]) {
			return 0, 0
		}
		off := int32(h*3600 + m*60)
		if s[i] == '-' {
			off = -off
		}
		return off, end
	}
	n = i
	for n < len(s) && n < i+5 && s[n] >= 'A' && s[n] <= 'Z' {
		n++
	}
	if n < len(s) && letterOrDigit(s[n]) {
		return 0, 0
	}
	hours, ok := zoneHours(s[i:n])
	if !ok {
		return 0, 0
	}
	if hours == 0 && n+4 < len(s) && (s[n] == '+' || s[n] == '-') { // JavaScript writes GMT+0200
		if off, m := scanZone(s[n:]); m > 0 {
			return off, n + m
		}
	}
	return int32(hours * 3600), n
}

// zoneHours knows the abbreviations of zones that are in common use and mean one
// zone only, or by far most often.
func zoneHours(abbreviation string) (hours int, ok bool) {
	switch abbreviation {
	case "UTC", "GMT", "WET":
		return 0, true
	case "CET", "BST", "WEST":
		return 1, true
	case "CEST", "EET", "SAST":
		return 2, true
	case "EEST", "MSK":
		return 3, true
	case "JST", "KST":
		return 9, true
	case "AEST":
		return 10, true
	case "AEDT":
		return 11, true
	case "EDT":
		return -4, true
	case "EST", "CDT":
		return -5, true
	case "CST", "MDT":
		return -6, true
	case "MST", "PDT":
		return -7, true
	case "PST":
		return -8, true
	}
	return 0, false
}

// scanYearMonth reads 2006 Jan 02 15:04:05, as switches write it.
func scanYearMonth(s string) (Stamp, int) {
	y := four(s, 0)
	st, n := scanMonth(s[5:])
	if n == 0 || !st.Yearless || y < 1970 || y > 2100 {
		return Stamp{}, 0
	}
	day := st.Wall/secondsPerDay - daysFromCivil(2000, 1, 1)
	if day >= 60 && !leap(y) { // behind 29 February of the leap year that stood in
		day--
	}
	st.Wall = (daysFromCivil(y, 1, 1)+day)*secondsPerDay + st.Wall%secondsPerDay
	st.Yearless = false
	return st, 5 + n
}

func leap(y int) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

// scanNumericDay reads 31-12-2006 15:04:05, 31.12.2006 15:04:05, 12/31/2006 15:04:05
// and 06/12/31 15:04:05. With slashes the month is taken to come first where both
// numbers could be one.
func scanNumericDay(s string) (Stamp, int) {
	sep := s[2]
	a, b := two(s, 0), two(s, 3)
	if len(s) < 14 || s[5] != sep || a < 0 || b < 0 {
		return Stamp{}, 0
	}
	y, i := four(s, 6), 10
	d, mo := a, b
	switch {
	case y < 1970 || y > 2100:
		last := two(s, 6)
		if last < 0 || s[8]-'0' <= 9 {
			return Stamp{}, 0
		}
		i = 8
		if sep == '/' && a >= 15 && a < 70 && b <= 12 { // year first, as Spark writes it
			y, mo, d = 2000+a, b, last
			break
		}
		y = 2000 + last
		if sep == '/' && a <= 12 {
			mo, d = a, b
		}
	case sep == '/' && a <= 12 || b > 12:
		mo, d = a, b
	}
	if i >= len(s) || s[i] != ' ' && s[i] != ':' && s[i] != ',' && s[i] != 'T' && s[i] != '-' {
		return Stamp{}, 0
	}
	i++
	if i < len(s) && s[i] == ' ' {
		i++
	}
	return scanClock(s, i, y, mo, d, false)
}

// scanShortYear reads 060102 150405 and 060102 15:04:05.
func scanShortYear(s string) (Stamp, int) {
	y, mo, d := two(s, 0), two(s, 2), two(s, 4)
	if y < 0 || mo < 0 || d < 0 || y >= 70 {
		return Stamp{}, 0
	}
	if s[9] == ':' {
		return scanClock(s, 7, 2000+y, mo, d, false)
	}
	h, mi, sec := two(s, 7), two(s, 9), two(s, 11)
	if h < 0 || mi < 0 || sec < 0 || len(s) > 13 && s[13] != ' ' {
		return Stamp{}, 0
	}
	wall, ok := wallClock(2000+y, mo, d, h, mi, sec)
	return Stamp{Wall: wall, OK: ok}, 13 * b2i(ok)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// scanDayMonth reads 02/Jan/2006:15:04:05, 02-Jan-2006 15:04:05, 02 Jan [2006] 15:04:05.
func scanDayMonth(s string) (Stamp, int) {
	d := two(s, 0)
	i := 2
	if d < 0 {
		if s[0]-'0' > 9 {
			return Stamp{}, 0
		}
		d, i = int(s[0]-'0'), 1
	}
	if i+4 >= len(s) {
		return Stamp{}, 0
	}
	sep := s[i]
	mo := scanMonthName(s, i+1)
	if mo < 0 || sep != '/' && sep != '-' && sep != ' ' {
		return Stamp{}, 0
	}
	if i = restOfName(s, i+4, months[:]); i >= len(s) || s[i] != sep {
		return Stamp{}, 0
	}
	i++
	y, yearless := four(s, i), false
	if y >= 1970 && i+5 < len(s) {
		i += 4
		if s[i] != ':' && s[i] != ' ' && s[i] != 'T' {
			return Stamp{}, 0
		}
		if i++; s[i] == ':' { // Erlang doubles the colon
			i++
		}
	} else {
		y, yearless = 2000, true
	}
	return scanClock(s, i, y, mo, d, yearless)
}

// scanEpoch reads seconds with a fraction, or whole milli-, micro- or nanoseconds.
func scanEpoch(s string) (Stamp, int) {
	n := 0
	var v int64
	for n < len(s) && n < 20 && s[n]-'0' <= 9 {
		v = v*10 + int64(s[n]-'0')
		n++
	}
	if n < len(s) && n != 10 && letterOrDigit(s[n]) {
		return Stamp{}, 0
	}
	st := Stamp{OK: true, Zoned: true}
	switch n {
	case 10:
		st.Wall = v
		if n+1 < len(s) && (s[n] == '.' || s[n] == ',') && s[n+1]-'0' <= 9 {
			scale := int32(100_000_000)
			for n++; n < len(s) && s[n]-'0' <= 9; n++ {
				st.Nanos += int32(s[n]-'0') * scale
				scale /= 10
			}
		}
		if n < len(s) && letterOrDigit(s[n]) {
			return Stamp{}, 0
		}
	case 13:
		st.Wall, st.Nanos = v/1e3, int32(v%1e3*1e6)
	case 16:
		st.Wall, st.Nanos = v/1e6, int32(v%1e6*1e3)
	case 19:
		st.Wall, st.Nanos = v/1e9, int32(v%1e9)
	default:
		return Stamp{}, 0
	}
	if st.Wall < 1_000_000_000 || st.Wall > 4_102_444_800 {
		return Stamp{}, 0
	}
	return st, n
}
