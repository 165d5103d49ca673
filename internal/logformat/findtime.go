package logformat

// findTime looks for a time in the first 120 bytes, at the beginnings of words.
// It returns where it begins and ends; at is -1 if there is none.
func findTime(s string) (st Stamp, at, end int) {
	limit := min(len(s), 120)
	boundary := true
	for i := range limit {
		c := s[i]
		if boundary && (c-'0' <= 9 || c >= 'A' && c <= 'Z') {
			if st, n := ScanTime(s[i:]); n > 0 && (i+n == len(s) || !letterOrDigit(s[i+n])) && (i == 0 || !isBareEpoch(s[i:i+n])) {
				return st, i, i + n
			}
		}
		boundary = !letterOrDigit(c) && c != '.' && c != '-' && c != '/'
	}
	return Stamp{}, -1, -1
}

// isBareEpoch reports whether a time is nothing but digits, which away from the
// beginning of a line is more often another number.
func isBareEpoch(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 && s[i] != '.' {
			return false
		}
	}
	return true
}
