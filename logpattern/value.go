package logpattern

import "strings"

// kindOf types a word by its bytes alone; flags are the classes of w. It
// returns Word for what is not a value by itself.
func kindOf(w string, flags uint16) Kind {
	if flags&clDigit == 0 {
		return kindOfName(w, flags)
	}
	if flags&(clLetter|clColon|clSlash|clBack|clSymbol|clUnder|clPct) == 0 { // digits, dots, dashes
		return kindOfNumber(w, flags)
	}
	if flags&clSlash != 0 || flags&clBack != 0 {
		if k := kindOfName(w, flags); k != Word {
			return k
		}
		if isPlainWord(w) {
			return Word
		}
		if flags&clColon != 0 {
			return Word // cut at the colon
		}
		return ID
	}
	if flags&clColon != 0 {
		return kindOfColons(w, flags)
	}
	if flags&clPct != 0 && w[len(w)-1] == '%' {
		return Num
	}
	return kindOfMixed(w, flags)
}

// isHostName reports whether w is a domain name, going by its last label: a
// qualified name of code begins with what a domain name ends with.
func isHostName(w string) bool {
	last := strings.LastIndexByte(w, '.')
	if last <= 0 || last == len(w)-1 {
		return false
	}
	tld := w[last+1:]
	top := topDomain(tld)
	if !top && (len(tld) != 2 || tld[0] < 'a' || tld[1] < 'a') {
		return false
	}
	first := strings.IndexByte(w, '.')
	if first == 0 || first > 2 && topDomain(w[:first]) || strings.Contains(w, "..") {
		return false
	}
	return top || first != last
}

// isBool reports whether w is a value of a variable that is true or false.
func isBool(w string) bool {
	switch w {
	case "true", "false", "True", "False", "TRUE", "FALSE":
		return true
	}
	return false
}

func topDomain(s string) bool {
	switch s {
	case "com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "arpa", "local", "localdomain", "lan", "internal", "intranet", "corp":
		return true
	}
	return false
}

// kindOfName types words without regard to digits: URLs and paths.
func kindOfName(w string, flags uint16) Kind {
	if flags == clHex|clColon && len(w) == 17 && strings.Count(w, ":") == 5 {
		return ID // a hardware address
	}
	if flags&clSlash != 0 {
		if i := strings.Index(w, "://"); i > 0 {
			return URL
		}
		if flags&clColon != 0 && w[0] != '/' {
			return Word // cut at the colon
		}
		if w[0] == '/' && len(w) > 1 || strings.Count(w, "/") >= 2 || strings.HasPrefix(w, "./") || strings.HasPrefix(w, "~/") {
			switch {
			case flags&(clLetter|clDigit) == 0:
				return Word
			case flags&clLetter == 0 && w[0] != '/':
				return ID // 0.01/0/0.8
			}
			return Path
		}
		if i := strings.LastIndexByte(w, '.'); i > strings.IndexByte(w, '/')+1 && len(w)-i <= 5 && all(w[i+1:], clLetter) {
			return Path // src/main.rs
		}
	}
	if flags&clBack != 0 && (len(w) > 2 && w[1] == ':' && w[2] == '\\' || strings.HasPrefix(w, `\\`) || strings.Count(w, `\`) >= 2) {
		return Path
	}
	if flags&clSymbol != 0 && flags&clColon == 0 {
		if i := strings.IndexByte(w, '@'); i > 0 && i < len(w)-1 {
			return ID // a mail address, user@host
		}
	}
	return Word
}

func kindOfNumber(w string, flags uint16) Kind {
	if flags&clDot != 0 {
		switch strings.Count(w, ".") {
		case 1:
			return Num
		case 3:
			if flags&clDash == 0 && isIPv4(w) {
				return IP
			}
		}
		if timeLen(w) == len(w) {
			return Date
		}
		return ID // a version
	}
	if flags&clDash != 0 && strings.LastIndexAny(w, "-+") > 0 {
		if timeLen(w) == len(w) {
			return Date
		}
		return ID
	}
	return Num
}

func isIPv4(w string) bool {
	for range 4 {
		n := digits(w)
		if n < 1 || n > 3 || n == 3 && w[:3] > "255" {
			return false
		}
		w = w[n:]
		if len(w) > 0 {
			w = w[1:]
		}
	}
	return w == ""
}

func kindOfColons(w string, flags uint16) Kind {
	if timeLen(w) == len(w) {
		return Date
	}
	n := strings.Count(w, ":")
	if n == 1 && flags&(clLetter|clDot|clSymbol|clUnder) == 0 && len(w) == digits(w)+3 && digits(w) <= 2 && w[0] <= '2' {
		return Date // hh:mm
	}
	if n < 2 || flags&^(clDigit|clHex|clColon|clDot|clPct) != 0 {
		return Word
	}
	if n >= 5 && len(w) == 3*n+2 && pairs(w) {
		return ID // a hardware address
	}
	if n <= 8 && (n == 7 || strings.Contains(w, "::")) {
		return IP
	}
	if flags&clLetter == 0 {
		return Date // a span of time
	}
	return Word
}

// pairs reports whether w is made of pairs with a byte between them.
func pairs(w string) bool {
	for i := 2; i < len(w); i += 3 {
		if w[i] != ':' {
			return false
		}
	}
	return true
}

// kindOfMixed types words of digits and letters.
func kindOfMixed(w string, flags uint16) Kind {
	if len(w) > 2 && w[0] == '0' && (w[1] == 'x' || w[1] == 'X') && all(w[2:], clDigit|clHex) {
		return Hex
	}
	if k := kindOfQuantity(w); k != Word {
		return k
	}
	if isLetter(w[0]) && isPlainWord(w) {
		return Word
	}
	if flags&(clAlpha|clDot|clUnder|clSymbol) == 0 {
		if flags&clDash == 0 {
			if len(w) >= 6 {
				return Hex
			}
		} else if isUUID(w) {
			return UUID
		}
	}
	if len(w) > 10 && timeLen(w) == len(w) {
		return Date
	}
	if !isLetter(w[0]) && isPlainWord(w) {
		return Word
	}
	return ID
}

func isUUID(w string) bool {
	return len(w) == 36 && w[8] == '-' && w[13] == '-' && w[18] == '-' && w[23] == '-' && all(w, clDigit|clHex|clDash)
}

// kindOfQuantity types a number with a unit behind it: 12ms, 3.5GB, 1h2m.
func kindOfQuantity(w string) Kind {
	i := 0
	if w[0] == '-' || w[0] == '+' {
		i++
	}
	d := digits(w[i:])
	if d == 0 {
		return Word
	}
	i += d
	if at(w, i) == '.' {
		i += 1 + digits(w[i+1:])
	}
	if i >= len(w) || len(w)-i > 12 {
		return Word
	}
	switch w[i:] {
	case "ns", "us", "µs", "ms", "s", "sec", "secs", "m", "min", "mins", "h", "hr", "hrs", "d", "msec", "usec", "seconds", "minutes":
		return Duration
	case "B", "b", "kB", "KB", "kb", "MB", "mb", "GB", "gb", "TB", "KiB", "MiB", "GiB", "TiB", "k", "K", "M", "G", "T", "bytes", "Mi", "Gi", "Ki", "Kb", "Mb", "Gb":
		return Size
	case "th", "st", "nd", "rd", "x", "Hz", "MHz", "GHz", "kHz", "V", "W", "C", "°C", "°F":
		return Num
	}
	// 1h2m3.5s
	for i < len(w) && i > 0 {
		j := i
		for j < len(w) && isLetter(w[j]) {
			j++
		}
		switch w[i:j] {
		case "d", "h", "m", "s", "ms", "us", "ns":
		default:
			return Word
		}
		if j == len(w) {
			return Duration
		}
		d = digits(w[j:])
		if d == 0 {
			return Word
		}
		i = j + d
		if at(w, i) == '.' {
			i += 1 + digits(w[i+1:])
		}
	}
	return Word
}
