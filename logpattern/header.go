package logpattern

import "strings"

// headerWords and headerSoft bound how far the scanner looks for a header.
const (
	headerWords = 24
	headerSoft  = 5
	headerGroup = 200 // bytes of a bracketed group
	// headerTimeGroup is how long a bracketed group with a time and more may be.
	headerTimeGroup = 64
)

// header scans the part of a line before its message. Some words are anchors,
// which belong to a header for certain (time, level, tag); the words between
// them (hosts, process ids, fields in capitals) belong to it only if an anchor
// follows.
type header struct {
	s                 string
	i                 int // the scanner
	body              int // the message, as far as is known
	soft              int // words since the last anchor
	time, level, tag  bool
	name              string // of the level
	syslog            bool   // the time was of the form "Jan _2 15:04:05"
	columns           bool   // fields are padded with blanks
	tabs              bool   // and end with a tab
	rfc5424           bool   // a priority and a version came first
	brackets, loggers int
}

// headerEnd is the offset of the message of line. A line without a time and
// without a level at its beginning has no header.
func headerEnd(line string) int {
	h := header{s: line}
	h.scan()
	if h.body >= len(line) || !h.time && !h.level {
		return 0
	}
	return h.body
}

func (h *header) scan() {
	for range headerWords {
		if !h.next() {
			return
		}
	}
}

func (h *header) anchor(end int) bool {
	for end < len(h.s) && (h.s[end] == ' ' || h.s[end] == '\t') {
		end++
	}
	h.i, h.body, h.soft = end, end, 0
	return true
}

func (h *header) skip(end int) bool {
	h.soft++
	h.i = end
	return h.soft <= headerSoft
}

// next steps over one word; false ends the header.
func (h *header) next() bool {
	s := h.s
	for h.i < len(s) && isSpace(s[h.i]) {
		h.i++
	}
	if h.i >= len(s) {
		return false
	}
	i := h.i
	c := s[i]
	switch {
	case isDigit(c), c >= 'A' && c <= 'Z':
		if n := timeLen(s[i:]); n > 0 && !(h.time && h.tag) {
			return h.atTime(i, n)
		}
		if c >= 'A' && c <= 'Z' && isDigit(at(s, i+1)) && i == 0 && digits(s[1:]) == 4 && at(s, 5) == ' ' && clockLen(s[6:]) > 0 {
			h.time, h.level, h.name = true, true, s[:1] // klog: I0102 15:04:05.000000
			return h.anchor(6 + clockLen(s[6:]))
		}
	case c == '[' || c == '(' || c == '<':
		return h.group(i, c)
	case c == '|' || c == ':' && at(s, i+1) == ' ':
		if h.time {
			if c == '|' {
				return h.pipe(i)
			}
			return h.anchor(i + 1)
		}
		return h.skip(i + 1)
	case c == '-':
		j := i
		for j < len(s) && s[j] == '-' {
			j++
		}
		if j == len(s) || isSpace(s[j]) {
			if h.time || h.level {
				return h.anchor(j)
			}
			return h.skip(j)
		}
	}
	return h.word(i)
}

func (h *header) atTime(i, n int) bool {
	if h.tag || (h.level && h.time) {
		// A time after the level: only that of a wrapped header.
		if h.soft > 0 {
			return false
		}
	}
	h.time = true
	if isLetter(h.s[i]) {
		h.syslog = true
	}
	end := i + n
	if at(h.s, end) == '|' {
		h.anchor(end)
		return h.pipe(end)
	}
	if h.rfc5424 {
		return h.fields5424(end)
	}
	for at(h.s, end) == ',' || at(h.s, end) == ':' || at(h.s, end) == ';' {
		end++
	}
	return h.anchor(end)
}

// fields5424 steps over host, program, process, message id and structured data
// (RFC 5424, 6.2 and 6.3).
func (h *header) fields5424(i int) bool {
	s := h.s
	h.anchor(i)
	for range 4 {
		sp := strings.IndexByte(s[h.i:], ' ')
		if sp < 0 {
			return false
		}
		h.i += sp + 1
	}
	switch at(s, h.i) {
	case '-':
		h.anchor(h.i + 1)
	case '[':
		for at(s, h.i) == '[' {
			end := closingBracket(s, h.i, '[')
			if end < 0 {
				return false
			}
			h.i = end + 1
		}
		h.anchor(h.i)
	default:
		return false
	}
	h.tag = true
	return true
}

// pipe steps over the fields of a header that is cut by bars.
func (h *header) pipe(i int) bool {
	for fields := 0; fields < 8 && at(h.s, i) == '|'; fields++ {
		h.anchor(i + 1)
		end := strings.IndexByte(h.s[i+1:], '|')
		if end < 0 || end > 40 {
			return fields == 0
		}
		field := strings.TrimSpace(h.s[i+1 : i+1+end])
		if strings.ContainsRune(field, ' ') {
			return false
		}
		if isLevel(field) {
			h.level, h.name = true, field
		}
		i += 1 + end
	}
	return true
}

// group steps over a bracketed part.
func (h *header) group(i int, open byte) bool {
	s := h.s
	end := closingBracket(s, i, open)
	if end < 0 {
		return false
	}
	in := strings.TrimSpace(s[i+1 : end])
	after := end + 1
	for after < len(s) && (s[after] == ':' || s[after] == ',') {
		after++
	}
	switch {
	case in == "" && !h.time && !h.level:
		return false
	case uptime(in):
		h.time = true
		return h.anchor(after)
	case timeIn(in) || !h.time && len(in) < headerTimeGroup && timeLen(in) > 0:
		if h.time && h.tag {
			return false
		}
		h.time = true
		return h.anchor(after)
	case isLevel(in) || isLevel(strings.TrimRight(in, ":,")):
		h.level, h.name = true, strings.TrimRight(in, ":,")
		return h.anchor(after)
	case !h.time && !h.level:
		if after < len(s) && !isSpace(s[after]) || open != '<' && strings.ContainsRune(in, ' ') {
			if open == '<' && all(in, clDigit) { // <34>1 2003-10-11T22:14:15Z
				h.rfc5424 = at(s, after) == '1' && at(s, after+1) == ' '
				return h.skip(after)
			}
			return false
		}
		return h.skip(after)
	case open == '<' || h.tag && h.level || h.brackets >= 3 || strings.Contains(in, ": "):
		return false
	case (h.brackets > 0 || h.tag) && strings.ContainsRune(in, ' ') && !idLike(in), h.tag && open == '(':
		return false
	}
	h.brackets++
	return h.anchor(after)
}

// idLike reports whether a group is made of ids rather than of prose.
func idLike(in string) bool {
	for w := range strings.FieldsSeq(in) {
		if w != "-" && !strings.ContainsAny(w, "0123456789") {
			return false
		}
	}
	return true
}

// uptime reports whether in is a time of the kernel, as in [ 1234.567890].
func uptime(in string) bool {
	d := digits(in)
	return d > 0 && at(in, d) == '.' && digits(in[d+1:]) == 6 && d+7 == len(in)
}

// timeIn reports whether in is a time and nothing else.
func timeIn(in string) bool {
	n := timeLen(in)
	if n == 0 {
		return false
	}
	for rest := strings.TrimLeft(in[n:], " ,"); rest != ""; {
		m := timeLen(rest)
		if m == 0 {
			return digits(rest) == 4 && len(rest) == 4 // the year
		}
		rest = strings.TrimLeft(rest[m:], " ,")
	}
	return true
}

func closingBracket(s string, i int, open byte) int {
	shut := byte(']')
	switch open {
	case '(':
		shut = ')'
	case '<':
		shut = '>'
	}
	depth := 0
	for j := i; j < len(s) && j < i+headerGroup; j++ {
		switch s[j] {
		case open:
			depth++
		case shut:
			if depth--; depth == 0 {
				return j
			}
		}
	}
	return -1
}

// word decides on a word without brackets around it.
func (h *header) word(i int) bool {
	s := h.s
	end := i
	var flags uint16
	for end < len(s) && s[end] != '|' {
		cl := class[s[end]]
		if cl&clSpace != 0 {
			break
		}
		flags |= cl
		end++
	}
	if end == i {
		return false
	}
	w := s[i:end]
	tabbed := at(s, end) == '\t'
	padded := tabbed || end+1 < len(s) && isSpace(s[end]) && isSpace(s[end+1])
	bare := w
	for len(bare) > 0 && (bare[len(bare)-1] == ':' || bare[len(bare)-1] == ',') {
		bare = bare[:len(bare)-1]
	}
	if i == 0 && len(w) == 2 && w[1] == ',' && isLevel(bare) && at(s, end+1) == '[' {
		return h.skip(end) // Ruby: "I, [2026-..."
	}
	if h.levelWord(bare, end, padded) {
		h.level, h.name = true, bare
		h.columns, h.tabs = padded, tabbed
		return h.anchor(end)
	}
	if i == 0 && flags&clColon != 0 {
		if n := pythonHeader(w); n > 0 {
			h.level, h.tag = true, true
			h.name = w[:strings.IndexByte(w, ':')]
			return h.anchor(n)
		}
	}
	if h.tag {
		return false
	}
	if h.time && !h.level && (w == "stdout" || w == "stderr") && (at(s, end+1) == 'F' || at(s, end+1) == 'P') && isSpace(at(s, end+2)) {
		return h.anchor(end + 2) // a container's stream, whole or part of a line
	}
	if !h.time && !h.level {
		// Before the time there may be names with digits, dots or dashes.
		if flags&clDigit != 0 || flags&(clDot|clDash|clSlash) != 0 && len(w) > 2 && strings.ContainsAny(w[1:len(w)-1], ".-/") || allCaps(w) {
			return h.skip(end)
		}
		if h.soft > 0 && (epochAhead(s[end:]) || timeGroupAhead(s[end:])) {
			return h.skip(end)
		}
		return false
	}
	if last := w[len(w)-1]; last == ':' || last == ']' {
		if h.isTag(bare, flags, last) {
			h.tag = true
			return h.anchor(end)
		}
		if last == ':' {
			return false
		}
	}
	if h.level {
		if flags&^(clDigit|clSymbol|clColon) == 0 && w[len(w)-1] == ':' && isDigit(w[0]) {
			return h.anchor(end) // process and thread, as in "812#813:"
		}
		return h.afterLevel(w, flags, end, padded)
	}
	// Between time and level: numbers, hosts, fields in capitals.
	switch {
	case flags&clDigit != 0, allCaps(w):
		return h.skip(end)
	case h.syslog && h.soft == 0, flags&(clDot|clSlash|clDash|clUnder) != 0 && len(w) > 2 && strings.ContainsAny(w[:len(w)-1], "./-_"):
		return h.skip(end)
	case h.levelAhead(end):
		return h.skip(end)
	}
	return false
}

// pythonHeader measures "INFO:name:", the default of Python's logging.
func pythonHeader(w string) int {
	a := strings.IndexByte(w, ':')
	if a < 3 || !isLevel(w[:a]) || !allCaps(w[:a]) {
		return 0
	}
	b := strings.IndexByte(w[a+1:], ':')
	if b <= 0 {
		return 0
	}
	return a + 1 + b + 1
}

// afterLevel accepts process ids, loggers and padded columns.
func (h *header) afterLevel(w string, flags uint16, end int, padded bool) bool {
	next := end
	for next < len(h.s) && isSpace(h.s[next]) {
		next++
	}
	n := at(h.s, next)
	sep := (n == '-' || n == ':' || n == '|') && (next+1 >= len(h.s) || isSpace(h.s[next+1]) || h.s[next+1] == '-')
	switch {
	case sep && (flags&clDelim == 0 || !assigned(w)):
		return h.skip(end)
	case h.columns && padded && h.loggers == 0 && flags&^(clLetter|clDigit|clDot|clUnder|clDash) == 0:
		h.loggers++
		return h.anchor(end)
	case h.tabs && at(h.s, end) == '\t' && h.loggers < 2 && flags&^(clLetter|clDigit|clDot|clUnder|clDash|clSlash|clColon) == 0:
		h.loggers++ // a logger, the place in the source
		return h.anchor(end)
	case flags == clDigit && h.loggers == 0 && h.soft == 0:
		return h.skip(end) // a process id, if more of a header follows
	case h.loggers == 0 && h.brackets == 0 && n == '[' && flags&clDot != 0 && dotted(w), h.loggers == 0 && flags&clDot != 0 && strings.Count(w, ".") >= 2 && dotted(w):
		h.loggers++
		return h.anchor(end)
	}
	return false
}

// timeGroupAhead reports whether a time in brackets comes next.
func timeGroupAhead(s string) bool {
	return len(s) > 2 && s[0] == ' ' && s[1] == '[' && timeLen(s[2:]) > 0
}

// epochAhead reports whether one of the next words is a time in seconds since
// 1970.
func epochAhead(s string) bool {
	for range headerSoft {
		i := 0
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		s = s[i:]
		if epochLen(s) > 0 {
			return true
		}
		i = 0
		for i < len(s) && !isSpace(s[i]) {
			i++
		}
		s = s[i:]
	}
	return false
}

// dotted reports whether w is a qualified name.
func dotted(w string) bool {
	return strings.IndexByte(w, '.') > 0 && all(w, clLetter|clDot|clUnder|clDigit|clDash|clSymbol) && !isDigit(w[0]) && w[len(w)-1] != '.'
}

// levelAhead looks for a level in capitals within the next words.
func (h *header) levelAhead(i int) bool {
	for range 3 {
		for i < len(h.s) && isSpace(h.s[i]) {
			i++
		}
		j := i
		for j < len(h.s) && !isSpace(h.s[j]) {
			j++
		}
		if j == i {
			return false
		}
		if c := h.s[i+(j-i)/2]; c >= 'A' && c <= 'Z' {
			if w := strings.Trim(h.s[i:j], "[]():,|"); isLevel(w) && w[0] <= 'Z' && len(w) > 1 && w[1] <= 'Z' {
				return true
			}
		}
		i = j
	}
	return false
}

func (h *header) levelWord(w string, end int, padded bool) bool {
	if h.level && h.tag || !isLevel(w) {
		return false
	}
	caps := w[len(w)-1] <= 'Z'
	switch {
	case len(w) == 1:
		return h.time && !h.level && caps
	case caps:
		return h.i == 0 || h.time || h.soft > 0
	default: // "Info", "warning"
		return h.time && !h.level && !h.tag && (padded || at(h.s, end-1) == ',' || at(h.s, end-1) == ':' || at(h.s, end) == '|' || at(h.s, end+1) == '[' || at(h.s, end+1) == '-')
	}
}

// isTag reports whether w, of which last followed, names a program or a logger:
// "sshd[42]:", "kernel:" after a syslog host, "dfs.DataNode$Packet:",
// "WindowManager:".
func (h *header) isTag(w string, flags uint16, last byte) bool {
	if w == "" || flags&clDelim != 0 && assigned(w) || strings.HasSuffix(w, "Exception") || strings.HasSuffix(w, "Error") {
		return false
	}
	if last == ']' && w[len(w)-1] == ']' {
		open := strings.IndexByte(w, '[')
		return open != 0 // "sshd[42]" and klog's "server.go:12]"
	}
	if h.syslog && !h.level && !h.tag {
		return true
	}
	if w[len(w)-1] == ']' && strings.IndexByte(w, '[') > 0 {
		return true
	}
	if !isLetter(w[0]) {
		return false
	}
	if flags&(clDot|clUnder|clSlash|clSymbol) != 0 && strings.ContainsAny(w, ".$@/_") && !strings.Contains(w, "://") {
		return true
	}
	return humps(w) >= 2 || strings.Contains(w, "::")
}

// assigned reports whether w has a quote or an equals sign.
func assigned(w string) bool {
	for i := 0; i < len(w); i++ {
		if c := w[i]; c == '=' || c == '"' || c == '\'' {
			return true
		}
	}
	return false
}

// humps counts changes from lower to upper case, plus a leading capital.
func humps(w string) int {
	n := 0
	for i := 0; i < len(w); i++ {
		up := w[i] >= 'A' && w[i] <= 'Z'
		if up && (i == 0 || w[i-1] >= 'a' && w[i-1] <= 'z') {
			n++
		}
	}
	return n
}

func allCaps(w string) bool {
	for i := 0; i < len(w); i++ {
		if w[i] >= 'a' && w[i] <= 'z' {
			return false
		}
	}
	return len(w) > 1
}

// isLevel reports whether w is the name of a severity.
func isLevel(w string) bool {
	if len(w) == 1 {
		switch w[0] {
		case 'V', 'D', 'I', 'W', 'E', 'F':
			return true
		}
		return false
	}
	if len(w) < 3 || len(w) > 11 {
		return false
	}
	switch w[0] | 0x20 {
	case 't', 'd', 'i', 'n', 'w', 'e', 'c', 'f', 'a', 'p', 's', 'v', 'l', 'h':
	default:
		return false
	}
	var buf [longestListed]byte
	b, _ := lowered(w, &buf)
	switch string(b) {
	case "log", "detail", "hint", "statement", "context": // PostgreSQL
		return w[1] <= 'Z'
	case "trace", "debug", "info", "notice", "warn", "warning", "error", "err", "crit", "critical", "fatal", "alert",
		"emerg", "emergency", "panic", "severe", "fine", "finer", "finest", "verbose", "information", "dbg", "inf", "wrn":
		return true
	}
	return false
}
