package logformat

import "time"

// Stamp is a time as a line states it: a wall clock and, only if the line says
// so, its offset from UTC. Clock turns it into an instant.
type Stamp struct {
	// Wall is the wall clock as seconds since 1970-01-01 00:00:00 on that clock.
	Wall int64
	// Nanos is the fraction of the second, 0 to 999999999.
	Nanos int32
	// Offset is the stated offset in seconds east of UTC; it counts only with Zoned.
	Offset int32
	// OK is true if there is a time at all.
	OK bool
	// Zoned is true if the line states an offset or counts from the epoch.
	Zoned bool
	// Yearless is true if the line states no year; Wall then lies in the year 2000.
	Yearless bool
}

// AppendRFC3339 appends the time with as many digits as it needs, and with an
// offset only where the line states one. It appends nothing if there is no time.
func (s Stamp) AppendRFC3339(dst []byte) []byte {
	if !s.OK {
		return dst
	}
	day, sec := s.Wall/secondsPerDay, s.Wall%secondsPerDay
	if sec < 0 {
		day, sec = day-1, sec+secondsPerDay
	}
	y, mo, d := civilFromDays(day)
	dst = append(appendPair(appendPair(dst, y/100), y%100), '-')
	dst = append(appendPair(dst, mo), '-')
	dst = append(appendPair(dst, d), 'T')
	dst = append(appendPair(dst, int(sec/3600)), ':')
	dst = append(appendPair(dst, int(sec/60%60)), ':')
	dst = appendPair(dst, int(sec%60))
	if s.Nanos != 0 {
		dst = append(dst, '.')
		for rest, scale := s.Nanos, int32(100_000_000); rest > 0; scale /= 10 {
			dst = append(dst, byte('0'+rest/scale))
			rest %= scale
		}
	}
	if !s.Zoned {
		return dst
	}
	if s.Offset == 0 {
		return append(dst, 'Z')
	}
	off, sign := s.Offset/60, byte('+')
	if off < 0 {
		off, sign = -off, '-'
	}
	dst = append(appendPair(append(dst, sign), int(off/60)), ':')
	return appendPair(dst, int(off%60))
}

// appendPair appends the last two digits of n.
func appendPair(dst []byte, n int) []byte {
	return append(dst, byte('0'+n/10%10), byte('0'+n%10))
}

// Clock turns stamps into instants. Wall clocks without a zone are read in
// Location, and dates without a year in the year that makes them the latest not
// later than a day after Now. A Clock caches; it is not safe for concurrent use.
type Clock struct {
	// Location is that of zoneless times; nil means UTC.
	Location *time.Location
	// Now is the reference for dates without a year, in seconds since the epoch.
	Now int64

	slot, slotOffset int64 // offset of the quarter of an hour that was asked last
	slotOK           bool
	day, dayResolved int64 // year-less day that was asked last
	dayNow           int64
}

const (
	secondsPerDay = 86400
	quarterHour   = 900
)

// Unix returns nanoseconds since the epoch, 0 if the stamp holds no time or one
// that nanoseconds cannot express (before 1970 or after 2262).
func (c *Clock) Unix(s Stamp) int64 {
	if !s.OK {
		return 0
	}
	wall := s.Wall
	if s.Yearless {
		wall = c.resolveYear(wall)
	}
	if s.Zoned {
		wall -= int64(s.Offset)
	} else {
		wall -= c.offset(wall)
	}
	if wall < 0 || wall > 9223372035 {
		return 0
	}
	return wall*1e9 + int64(s.Nanos)
}

// Resolve gives a stamp without a year the year that is meant.
func (c *Clock) Resolve(s Stamp) Stamp {
	if s.OK && s.Yearless {
		s.Wall, s.Yearless = c.resolveYear(s.Wall), false
	}
	return s
}

func (c *Clock) offset(wall int64) int64 {
	if c.Location == nil || c.Location == time.UTC {
		return 0
	}
	slot := wall / quarterHour
	if !c.slotOK || slot != c.slot {
		t := time.Unix(wall, 0).UTC()
		y, mo, d := t.Date()
		_, off := time.Date(y, mo, d, t.Hour(), t.Minute(), t.Second(), 0, c.Location).Zone()
		c.slot, c.slotOffset, c.slotOK = slot, int64(off), true
	}
	return c.slotOffset
}

// resolveYear moves a wall clock of the year 2000 to the year that is meant.
func (c *Clock) resolveYear(wall int64) int64 {
	day, rest := wall/secondsPerDay, wall%secondsPerDay
	today := c.Now / secondsPerDay
	if day != c.day || today != c.dayNow {
		_, mo, d := time.Unix(wall, 0).UTC().Date()
		year := time.Unix(c.Now, 0).UTC().Year()
		resolved := daysFromCivil(year, int(mo), d)
		if resolved > today+1 {
			resolved = daysFromCivil(year-1, int(mo), d)
		} else if next := daysFromCivil(year+1, int(mo), d); next <= today+1 {
			resolved = next // new year's eve, one zone further east
		}
		c.day, c.dayNow, c.dayResolved = day, today, resolved
	}
	return c.dayResolved*secondsPerDay + rest
}

// daysFromCivil counts days since 1970-01-01 in the proleptic Gregorian calendar
// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
func daysFromCivil(y, m, d int) int64 {
	if m <= 2 {
		y--
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yoe := y - era*400
	mp := (m + 9) % 12
	doy := (153*mp+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return int64(era)*146097 + int64(doe) - 719468
}

// civilFromDays is the inverse of daysFromCivil, from the same source.
func civilFromDays(z int64) (y, m, d int) {
	z += 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy - (153*mp+2)/5 + 1)
	if m = int(mp + 3); m > 12 {
		m -= 12
	}
	y = int(yoe + era*400)
	if m <= 2 {
		y++
	}
	return y, m, d
}

var monthDays = [...]int8{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func wallClock(y, mo, d, h, mi, s int) (int64, bool) {
	if mo < 1 || mo > 12 || d < 1 || d > int(monthDays[mo-1]) || h > 24 || mi > 59 || s > 60 || h < 0 || mi < 0 || s < 0 || y < 0 {
		return 0, false
	}
	return daysFromCivil(y, mo, d)*secondsPerDay + int64(h*3600+mi*60+s), true
}
