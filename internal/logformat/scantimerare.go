package logformat

// scanShortDate reads what states the day in few digits: 01-02 15:04:05 and
// 01/02-15:04:05 without a year, as Android and Snort write it, 01.02 or 01/02
// 15:04:05, and
// 1/2/2006 3:04:05 PM, the American way of Windows.
func scanShortDate(s string) (Stamp, int) {
	if mo, d := two(s, 0), two(s, 3); mo > 0 && mo <= 12 && d > 0 && len(s) >= 14 {
		if c := s[5]; c == ' ' || s[2] == '/' && c == '-' {
			if two(s, 6) < 0 || s[8] != ':' || s[11] != ':' {
				return Stamp{}, 0
			}
			return scanClock(s, 6, 2000, mo, d, true)
		}
	}
	mo, i := number(s, 0)
	if i == 0 || i >= len(s) || s[i] != '/' {
		return Stamp{}, 0
	}
	d, n := number(s, i+1)
	i += 1 + n
	if n == 0 || i+8 > len(s) || s[i] != '/' {
		return Stamp{}, 0
	}
	y := four(s, i+1)
	i += 5
	if y < 1970 || y > 2100 {
		if y = two(s, i-4); y < 0 || s[i-2] != ' ' {
			return Stamp{}, 0
		}
		y += 2000
		i -= 2
	}
	if mo > 12 {
		mo, d = d, mo
	}
	if s[i] == ',' {
		i++
	}
	if i >= len(s) || s[i] != ' ' {
		return Stamp{}, 0
	}
	return scanClock(s, i+1, y, mo, d, false)
}

// number reads one or two digits.
func number(s string, i int) (v, n int) {
	for n < 2 && i+n < len(s) && s[i+n]-'0' <= 9 {
		v = v*10 + int(s[i+n]-'0')
		n++
	}
	return v, n
}

// scanLooseClock reads a clock of which the parts may have one digit, with
// milliseconds behind a third colon: 0:7:20:44.
func scanLooseClock(s string, i, y, mo, d int) (Stamp, int) {
	if st, n := scanClock(s, i, y, mo, d, false); n > 0 && (n == len(s) || s[n] != ':') {
		return st, n
	}
	var part [4]int
	count := 0
	for count < len(part) {
		n := digits(s[i:min(len(s), i+4)])
		if n == 0 || n > 3 || n == 3 && count < 3 {
			return Stamp{}, 0
		}
		for _, c := range []byte(s[i : i+n]) {
			part[count] = part[count]*10 + int(c-'0')
		}
		count++
		i += n
		if i == len(s) || s[i] != ':' || count == len(part) {
			break
		}
		i++
	}
	wall, ok := wallClock(y, mo, d, part[0], part[1], part[2])
	if count < 3 || !ok || i < len(s) && letterOrDigit(s[i]) {
		return Stamp{}, 0
	}
	return Stamp{Wall: wall, Nanos: int32(part[3]) * 1_000_000, OK: true}, i
}

// scanTAI64N reads the external form of TAI64 and TAI64N, "@" and 16 or 24 hex
// digits, as multilog and svlogd write it (D. J. Bernstein, "TAI64, TAI64N, and
// TAI64NA"). Like them it takes TAI to be ten seconds ahead.
func scanTAI64N(s string) (Stamp, int) {
	n := 1
	var v uint64
	for n < len(s) && n <= 16 && unhex(s[n]) < 16 {
		v = v<<4 | uint64(unhex(s[n]))
		n++
	}
	const epoch = 1<<62 + 10
	if n != 17 || v < epoch+1_000_000_000 || v > epoch+4_102_444_800 {
		return Stamp{}, 0
	}
	st := Stamp{Wall: int64(v - epoch), OK: true, Zoned: true}
	var nanos int64
	for n < len(s) && n < 25 && unhex(s[n]) < 16 {
		nanos = nanos<<4 | int64(unhex(s[n]))
		n++
	}
	if n != 17 && n != 25 || nanos >= 1e9 || n < len(s) && letterOrDigit(s[n]) {
		return Stamp{}, 0
	}
	st.Nanos = int32(nanos)
	return st, n
}

// scanClockOnly reads a time of day without a date, 15:04:05[.000] or 3:04PM, and
// returns its length.
func scanClockOnly(s string) int {
	h, n := number(s, 0)
	if n == 0 || h > 23 || n+3 > len(s) || s[n] != ':' {
		return 0
	}
	if m := two(s, n+1); m < 0 || m > 59 {
		return 0
	}
	n += 3
	if _, half := halfOfDay(s[n:]); half > 0 {
		return n + half
	}
	if sec := two(s, n+1); n+3 > len(s) || s[n] != ':' || sec < 0 || sec > 60 {
		return 0
	}
	n += 3
	if n+1 < len(s) && (s[n] == '.' || s[n] == ',') {
		if d := digits(s[n+1:]); d > 0 && d <= 9 {
			n += 1 + d
		}
	}
	if _, half := halfOfDay(s[n:]); half > 0 {
		n += half
	}
	if n < len(s) && (letterOrDigit(s[n]) || s[n] == ':' || s[n] == '-') {
		return 0
	}
	return n
}

var (
	months   = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	weekdays = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)

// restOfName returns where a name ends of which the first three letters end at i:
// behind them, or behind the whole name.
func restOfName(s string, i int, names []string) int {
	if i >= len(s) || s[i]|0x20 < 'a' || s[i]|0x20 > 'z' {
		return i
	}
	for _, name := range names {
		if s[i-3:i] == name[:3] && len(s)-i >= len(name)-3 && s[i:i+len(name)-3] == name[3:] {
			return i + len(name) - 3
		}
	}
	return i
}
