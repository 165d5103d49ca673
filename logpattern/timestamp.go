package logpattern

// timeLen is the length of the date, clock or both with which s begins, 0 if it
// begins with neither. It knows the usual notations, not the calendar.
func timeLen(s string) int {
	if n := dateLen(s); n > 0 {
		if m := clockAfterDate(s[n:]); m > 0 {
			return n + m
		}
		if ends(s, n) {
			return n
		}
		return 0
	}
	if n := clockLen(s); n > 0 && ends(s, n) {
		return n
	}
	return epochLen(s)
}

// ends reports whether a timestamp of s may end at n.
func ends(s string, n int) bool {
	return n >= len(s) || class[s[n]]&clEnds != 0 || s[n] == ':' && (n+1 >= len(s) || !isDigit(s[n+1]))
}

// clockAfterDate accepts a clock that is joined to a date by T, _, -, : . or
// blanks, and a year after it ("Sun Dec 04 04:47:44 2005").
func clockAfterDate(s string) int {
	i := 0
	for i < len(s) && i < 3 && s[i] == ' ' {
		i++
	}
	if i == 0 && len(s) > 0 {
		switch s[0] {
		case 'T', '_', '-', ':', '.', ',':
			i = 1
			if s[0] == ',' && len(s) > 1 && s[1] == ' ' {
				i = 2
			}
		default:
			return 0
		}
	}
	n := clockLen(s[i:])
	if n == 0 || !ends(s, i+n) {
		return 0
	}
	return i + n
}

// clockLen measures hh:mm:ss or hh.mm.ss with a fraction and a zone.
func clockLen(s string) int {
	i := digits(s)
	if i < 1 || i > 2 || i+1 >= len(s) || (s[i] != ':' && s[i] != '.') {
		return 0
	}
	sep := s[i]
	m := digits(s[i+1:])
	if m < 1 || m > 2 || sep == '.' && (i != 2 || m != 2) {
		return 0
	}
	i += 1 + m
	if i >= len(s) || s[i] != sep {
		return 0
	}
	m = digits(s[i+1:])
	if m < 1 || m > 2 {
		return 0
	}
	i += 1 + m
	if i+1 < len(s) && (s[i] == '.' || s[i] == ',' || s[i] == ':') {
		m = digits(s[i+1:])
		if sep == '.' && s[i] == '.' && m < 4 {
			return 0 // four numbers with dots: an address or a version
		}
		if m > 0 && m <= 9 {
			i += 1 + m
		}
	}
	return i + zoneLen(s[i:])
}

func zoneLen(s string) int {
	if len(s) == 0 {
		return 0
	}
	if s[0] == 'Z' {
		return 1
	}
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	if i+1 < len(s) && (s[i] == '+' || s[i] == '-') {
		d := digits(s[i+1:])
		j := i + 1 + d
		if d == 4 {
			return j
		}
		if d == 2 && j+2 < len(s) && s[j] == ':' && digits(s[j+1:]) == 2 {
			return j + 3
		}
		return 0
	}
	if i == 0 || i >= len(s) || s[i] < 'A' || s[i] > 'Z' {
		return 0
	}
	for _, z := range [...]string{" UTC", " GMT", " CET", " CEST", " EST", " EDT", " PST", " PDT"} {
		if len(s) >= len(z) && s[:len(z)] == z && ends(s, len(z)) {
			return len(z)
		}
	}
	return 0
}

// dateLen measures a date with or without separators, and "Mon Jan _2" forms.
func dateLen(s string) int {
	d := digits(s)
	switch {
	case d == 0:
		return namedDateLen(s)
	case d == 8 && len(s) > 8 && (s[0] == '1' || s[0] == '2') && (s[8] == '-' || s[8] == 'T' || s[8] == '_'):
		return 8
	case d == 6 && len(s) >= 13 && s[6] == ' ' && digits(s[7:]) == 6 && s[2:4] <= "12" && s[4:6] <= "31" && s[7:9] <= "23" && s[9:11] <= "59":
		return 13 // yymmdd hhmmss
	case d > 4 || d < 1 || d >= len(s)-1:
		return 0
	}
	sep := s[d]
	if sep != '-' && sep != '/' && sep != '.' && sep != ' ' {
		return 0
	}
	rest := s[d+1:]
	if m := monthLen(rest); m > 0 && d <= 2 { // 02/Jan/2006, 02 Jan 2006
		if m < len(rest) && rest[m] == sep {
			y := digits(rest[m+1:])
			if y == 4 || y == 2 {
				return d + 1 + m + 1 + y
			}
		}
		return 0
	}
	if sep == ' ' {
		return 0
	}
	m := digits(rest)
	if m < 1 || m > 2 {
		return 0
	}
	if m >= len(rest) || rest[m] != sep {
		if d == 2 && m == 2 && m < len(rest) && rest[m] == ' ' && clockLen(rest[m+1:]) > 0 {
			return d + 1 + m // 03-17 16:13:38.811
		}
		return 0
	}
	y := digits(rest[m+1:])
	if (d == 4 && (y == 1 || y == 2)) || (d <= 2 && (y == 4 || y == 2 && sep != '.')) {
		return d + 1 + m + 1 + y
	}
	return 0
}

// namedDateLen measures "Jan 2", "Jan 2 2006", "Mon Jan 2" and "Mon, 02 Jan 2006".
func namedDateLen(s string) int {
	i := weekdayLen(s)
	if i > 0 {
		if i < len(s) && s[i] == ',' {
			i++
		}
		if i >= len(s) || s[i] != ' ' {
			return 0
		}
		i++
		if isDigit(at(s, i)) {
			if n := dateLen(s[i:]); n > 0 {
				return i + n
			}
			return 0
		}
	}
	m := monthLen(s[i:])
	if m == 0 || at(s, i+m) != ' ' {
		return 0
	}
	i += m + 1
	if at(s, i) == ' ' {
		i++
	}
	d := digits(s[min(i, len(s)):])
	if d < 1 || d > 2 {
		return 0
	}
	i += d
	if at(s, i) == ' ' || at(s, i) == ',' { // a year between day and clock
		j := i + 1
		if at(s, j) == ' ' {
			j++
		}
		if j < len(s) && digits(s[j:]) == 4 && at(s, j+4) == ' ' {
			return j + 4
		}
	}
	return i
}

func at(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func monthLen(s string) int {
	if len(s) < 3 {
		return 0
	}
	switch s[:3] {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return 3
	}
	return 0
}

func weekdayLen(s string) int {
	if len(s) < 3 {
		return 0
	}
	switch s[:3] {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		return 3
	}
	return 0
}

// epochLen measures seconds, milliseconds, micro- or nanoseconds since 1970, of
// the years 2001 to 2033.
func epochLen(s string) int {
	d := digits(s)
	if (d != 10 && d != 13 && d != 16 && d != 19) || s[0] != '1' {
		return 0
	}
	if d == 10 && at(s, d) == '.' {
		if f := digits(s[d+1:]); f > 0 && ends(s, d+1+f) {
			return d + 1 + f
		}
	}
	if !ends(s, d) {
		return 0
	}
	return d
}
