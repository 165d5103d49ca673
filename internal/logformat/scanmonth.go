package logformat

// scanMonthName reads the first three letters of a month's name.
func scanMonthName(s string, i int) int {
	if i+3 > len(s) {
		return -1
	}
	switch uint32(s[i])<<16 | uint32(s[i+1]|0x20)<<8 | uint32(s[i+2]|0x20) {
	case 'J'<<16 | 'a'<<8 | 'n':
		return 1
	case 'F'<<16 | 'e'<<8 | 'b':
		return 2
	case 'M'<<16 | 'a'<<8 | 'r':
		return 3
	case 'A'<<16 | 'p'<<8 | 'r':
		return 4
	case 'M'<<16 | 'a'<<8 | 'y':
		return 5
	case 'J'<<16 | 'u'<<8 | 'n':
		return 6
	case 'J'<<16 | 'u'<<8 | 'l':
		return 7
	case 'A'<<16 | 'u'<<8 | 'g':
		return 8
	case 'S'<<16 | 'e'<<8 | 'p':
		return 9
	case 'O'<<16 | 'c'<<8 | 't':
		return 10
	case 'N'<<16 | 'o'<<8 | 'v':
		return 11
	case 'D'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return -1
}

// scanMonth reads the layouts that begin with the name of a month or a weekday.
func scanMonth(s string) (Stamp, int) {
	i := 0
	mo := scanMonthName(s, 0)
	if mo < 0 {
		switch s[:3] {
		case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
		default:
			return Stamp{}, 0
		}
		i = restOfName(s, 3, weekdays[:])
		if i+8 > len(s) {
			return Stamp{}, 0
		}
		if s[i] == ',' {
			i++
		}
		if s[i] != ' ' {
			return Stamp{}, 0
		}
		i++
		if s[i]-'0' <= 9 {
			scan := scanDayMonth
			if len(s) > i+10 && s[i+4] == '-' { // journalctl -o short-full
				scan = scanISO
			}
			st, n := scan(s[i:])
			if n == 0 {
				return Stamp{}, 0
			}
			return st, i + n
		}
		if mo = scanMonthName(s, i); mo < 0 {
			return Stamp{}, 0
		}
	}
	i = restOfName(s, i+3, months[:])
	if i+12 > len(s) || s[i] != ' ' {
		return Stamp{}, 0
	}
	i++
	if s[i] == ' ' {
		i++
	}
	d := int(s[i] - '0')
	if d > 9 {
		return Stamp{}, 0
	}
	i++
	if c := s[i] - '0'; c <= 9 {
		d = d*10 + int(c)
		i++
	}
	if s[i] == ',' {
		i++
	}
	if i+6 > len(s) || s[i] != ' ' {
		return Stamp{}, 0
	}
	i++
	if y := four(s, i); y >= 1970 && i+6 < len(s) && s[i+4] == ' ' {
		return scanClock(s, i+5, y, mo, d, false)
	}
	st, n := scanClock(s, i, 2000, mo, d, true)
	if n == 0 {
		return st, 0
	}
	// ctime puts the year at the end.
	if y := four(s, n+1); y >= 1970 && y <= 2100 && s[n] == ' ' && (n+5 == len(s) || !letterOrDigit(s[n+5])) {
		if wall, ok := wallClock(y, mo, d, 0, 0, 0); ok {
			st.Wall = wall + (st.Wall%secondsPerDay+secondsPerDay)%secondsPerDay
			st.Yearless = false
			n += 5
			if off, z := scanZone(s[n:]); z > 0 {
				st.Zoned, st.Offset = true, off
				n += z
			}
			return st, n
		}
	}
	return st, n
}
