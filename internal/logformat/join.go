package logformat

import "strings"

// head says how a line begins, as far as that tells a new record from the
// continuation of one.
type head uint8

const (
	headNone   head = iota
	headTime        // a time at the beginning, or a few words behind it
	headKlog        // klog's letter and date
	headLevel       // a level
	headObject      // {"
	headPairs       // key=value
	headClient      // an address, as in access logs
	headCount
)

// Profile is what a sample of a file says about where its records begin. The
// zero Profile joins stack traces only. It is a plain value: a copy is a copy.
type Profile struct {
	// Start, if set, alone decides whether a line begins a record.
	Start func(line string) bool

	// starts are the heads that begin a record; once one was seen, lines without
	// such a head continue it.
	starts [headCount]bool
	// mixed is true if several programs write to the file.
	mixed bool
	// paragraphs is true if records are blocks of key and value lines, parted by
	// blank lines.
	paragraphs bool

	count  [headCount]int
	full   int
	first  head
	blocks bool // paragraphs is decided
}

// sampleEnough is how many lines teach all there is to learn.
const sampleEnough = 500

// leastBlock is how many lines tell whether a file is written in paragraphs.
const leastBlock = 4

// Learned reports whether more lines would not change the profile.
func (p *Profile) Learned() bool { return p.full >= sampleEnough || p.Start != nil }

// Observe looks at lines of a file, unwrapped, from where a record begins. The
// more the better, up to some hundred; further calls add to what is known.
func (p *Profile) Observe(lines []string) {
	if p.Learned() {
		return
	}
	for _, line := range lines {
		if isBlank(line) {
			continue
		}
		h := headOf(line)
		if p.full == 0 {
			p.first = h
		}
		p.full++
		p.count[h]++
	}
	if !p.blocks && len(lines) >= leastBlock {
		p.blocks, p.paragraphs = true, inParagraphs(lines)
	}
	p.decide()
}

func (p *Profile) decide() {
	if p.full == 0 {
		return
	}
	kinds := 0
	for h := headTime; h < headCount; h++ {
		share := float64(p.count[h]) / float64(p.full)
		switch h {
		case headTime, headKlog, headObject:
			p.starts[h] = p.count[h] > 0
		default: // weak ones must be the file's own, or frequent
			p.starts[h] = h == p.first && p.count[headTime] == 0 || share > 0.2
		}
		if share > 0.05 {
			kinds++
		}
	}
	// Several kinds of heads mean several programs: then a line without a head is
	// as likely a record of one that writes none.
	p.mixed = kinds > 1 && p.count[headObject] == 0
}

// inParagraphs recognises blocks of "Key: value" or "KEY=value" lines.
func inParagraphs(lines []string) bool {
	blocks, pairs, other := 0, 0, 0
	inside := false
	for _, line := range lines {
		if isBlank(line) {
			inside = false
			continue
		}
		if !inside {
			blocks++
			inside = true
		}
		if _, _, ok := pairLine(line); ok {
			pairs++
		} else {
			other++
		}
	}
	return blocks > 0 && pairs > 2*blocks && other*10 <= pairs
}

// pairLine splits "Key: value" and "KEY=value".
func pairLine(line string) (key, value string, ok bool) {
	n := 0
	for n < len(line) && (letterOrDigit(line[n]) || line[n] == '-' || line[n] == '.') {
		n++
	}
	if n == 0 || n > 40 || n == len(line) || line[0]-'0' <= 9 {
		return "", "", false
	}
	switch {
	case line[n] == '=':
		return line[:n], line[n+1:], strings.IndexByte(line[n+1:], '=') < 0 || !strings.Contains(line, " ") || strings.ToUpper(line[:n]) == line[:n]
	case line[n] == ':' && n+1 < len(line) && line[n+1] == ' ':
		return line[:n], strings.TrimSpace(line[n+1:]), true
	}
	return "", "", false
}

func isBlank(line string) bool {
	for i := range len(line) {
		if c := line[i]; c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

// headOf classifies a line.
func headOf(line string) head {
	if startsWithDate(line) {
		return headTime
	}
	line = strings.TrimPrefix(line, "\ufeff")
	if strings.IndexByte(line, 0x1b) >= 0 {
		line = stripANSI(line)
	}
	if line == "" {
		return headNone
	}
	if at := composePrefix(line); at > 0 && line[at] == '{' {
		line = line[at:]
	}
	switch c := line[0]; {
	case c == ' ' || c == '\t':
		return headNone
	case c == '<':
		if d := digits(line[1:]); d > 0 && d < 4 && 1+d < len(line) && line[1+d] == '>' {
			return headTime // the priority of syslog
		}
	case c == '{':
		if rest := strings.TrimLeft(line[1:], " "); rest == "" || rest[0] == '"' {
			return headObject
		}
		return headNone
	}
	if _, at, _ := findTime(line); at >= 0 && at <= 64 {
		return headTime
	}
	if isKlog(line) {
		return headKlog
	}
	if d := digits(line); d > 0 && d < 8 && d+2 < len(line) && line[d] == ':' && letterOrDigit(line[d+1]) && line[d+1]-'0' > 9 {
		return headTime // the process and role of Redis
	}
	// "Error: x" and "panic: x" begin stack traces.
	if _, word, n := leadingLevel(line, false); n > 0 && word != "panic" && (word == strings.ToUpper(word) || line[n-1] != ':') {
		return headLevel
	}
	if k := keyLength(line); k > 0 && strings.Count(line, "=") > 1 {
		return headPairs
	}
	if line[0]-'0' <= 9 && strings.Count(line[:min(len(line), 16)], ".") == 3 {
		return headClient
	}
	return headNone
}

// startsWithDate recognises the most usual head, 2006-01-02T15:04, with few looks.
func startsWithDate(s string) bool {
	return len(s) > 16 && s[0] == '2' && s[4] == '-' && s[7] == '-' && s[13] == ':' && (s[10] == 'T' || s[10] == ' ') && s[15]-'0' <= 9
}

// keyLength returns the length of the key if s begins with key=.
func keyLength(s string) int {
	n := 0
	for n < len(s) && (letterOrDigit(s[n]) || s[n] == '.' || s[n] == '-' || s[n] == '@' || s[n] == '/') {
		n++
	}
	if n == 0 || n == len(s) || s[n] != '=' || s[0] == '-' {
		return 0
	}
	return n
}

// Joiner decides line by line whether a line continues the record before it. It
// holds the state of one file, or of one stream of it.
type Joiner struct {
	profile *Profile
	inside  bool  // a record has begun
	object  bool  // it began with a JSON object
	headed  bool  // it began with a head
	depth   int   // open braces of a JSON object that spans lines
	trace   trace // the kind of stack trace that it has run into
	blank   bool  // the line before was blank
	lines   int
}

type trace uint8

const (
	traceNone trace = iota
	tracePython
	tracePythonEnd // its last line was seen; a chained one may follow
	traceGo
	traceOther
)

// maxJoined is how many lines a record may have.
const maxJoined = 2000

// NewJoiner returns a joiner for a file of the profile.
func NewJoiner(p *Profile) Joiner { return Joiner{profile: p} }

// Complete reports whether the record needs no look at the next line: it is one
// JSON object that is closed.
func (j *Joiner) Complete() bool { return j.object && j.depth == 0 && j.lines == 1 }

// Continues reports whether the line belongs to the record before it, and takes
// note of it.
func (j *Joiner) Continues(line string) bool {
	if j.inside && j.lines < maxJoined && j.continues(line) {
		j.note(line)
		j.lines++
		return true
	}
	*j = Joiner{profile: j.profile, inside: !isBlank(line), lines: 1}
	if j.profile.Start != nil {
		return false
	}
	head := headOf(line)
	j.headed = j.profile.starts[head]
	if head == headObject {
		j.object, j.depth = true, openObject(line)
	}
	j.note(line)
	return false
}

func (j *Joiner) continues(line string) bool {
	if j.profile.Start != nil {
		return !j.profile.Start(line)
	}
	if j.depth > 0 {
		if d := braces(line, j.depth); d >= 0 {
			j.depth = d
			return true
		}
	}
	if isBlank(line) {
		return !j.profile.paragraphs && (j.headed || j.trace != traceNone)
	}
	if j.profile.paragraphs {
		return !j.blank
	}
	if j.profile.starts[headOf(line)] {
		return false
	}
	if j.headed && (!j.profile.mixed || j.trace == traceGo) {
		return true
	}
	return j.continuesTrace(line)
}

// note follows the state of a stack trace.
func (j *Joiner) note(line string) {
	j.blank = isBlank(line)
	if j.blank {
		return
	}
	indented := line[0] == ' ' || line[0] == '\t'
	switch {
	case strings.HasPrefix(line, "Traceback (most recent call last):"):
		j.trace = tracePython
	case strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || isGoroutine(line):
		j.trace = traceGo
	case j.trace == tracePython && !indented:
		j.trace = tracePythonEnd
	case j.trace == traceNone && indented:
		j.trace = traceOther
	}
}

func (j *Joiner) continuesTrace(line string) bool {
	indented := line[0] == ' ' || line[0] == '\t'
	switch j.trace {
	case tracePython:
		return true
	case tracePythonEnd:
		return strings.HasPrefix(line, "During handling of the above exception") || strings.HasPrefix(line, "The above exception was the direct cause") ||
			j.blank && strings.HasPrefix(line, "Traceback (most")
	case traceGo:
		return indented || isGoroutine(line) || isGoFrame(line) || strings.HasPrefix(line, "[signal ") || strings.HasPrefix(line, "exit status ") || strings.HasPrefix(line, "panic: ")
	}
	if j.blank {
		return false
	}
	return indented || strings.HasPrefix(line, "Caused by: ") || strings.HasPrefix(line, "Suppressed: ") || strings.HasPrefix(line, "... ") ||
		j.trace == traceOther && (line[0] == '}' || strings.HasSuffix(line, " at") || strings.HasPrefix(line, "Node.js v"))
}

func isGoroutine(line string) bool {
	return strings.HasPrefix(line, "goroutine ") && strings.HasSuffix(line, "]:")
}

// isGoFrame recognises "main.work(0x1, ...)" and "created by main.main in goroutine 1".
func isGoFrame(line string) bool {
	if strings.HasPrefix(line, "created by ") {
		return true
	}
	end := strings.IndexByte(line, '(')
	return end > 0 && strings.HasSuffix(line, ")") && strings.IndexByte(line[:end], ' ') < 0 && strings.IndexByte(line[:end], '.') > 0
}

// openObject returns how many braces the first line of an object leaves open. One
// that ends with a brace is taken to be whole, which spares counting.
func openObject(line string) int {
	if end := strings.TrimRight(line, " \t\r"); end[len(end)-1] == '}' {
		return 0
	}
	return max(braces(line, 0), 0)
}

// braces returns how many braces and brackets are open after the line, outside
// of strings; negative if more are closed than were open.
func braces(line string, depth int) int {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return depth
}

// stripANSI removes colours and other terminal sequences.
func stripANSI(s string) string {
	var sb strings.Builder
	for i := 0; i < len(s); {
		if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '[' {
			i += 2
			for i < len(s) && (s[i] < '@' || s[i] > '~') {
				i++
			}
			i++
			continue
		}
		sb.WriteByte(s[i])
		i++
	}
	return sb.String()
}
