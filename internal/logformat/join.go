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

	// leading is true if times stand at the beginning of lines or nowhere.
	leading bool

	count  [headCount]int
	later  int // times behind the beginning
	paired int // levels at the beginning of the line behind a time
	full   int
	first  head
	blocks bool // paragraphs is decided
}

// leastKind is how many heads of a kind are no accident.
const leastKind = 3

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
	class := false
	for _, line := range lines {
		if isBlank(line) {
			continue
		}
		h, at := headAt(line)
		if p.full == 0 {
			p.first = h
		}
		p.full++
		p.count[h]++
		if h == headTime && at > leadingReach {
			p.later++
		}
		if h == headLevel && class {
			p.paired++
		}
		class = h == headTime && endsInClass(line)
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
	p.leading = p.count[headTime] >= leastLeading && p.later*7 <= p.count[headTime]
	for h := headTime; h < headCount; h++ {
		share := float64(p.count[h]) / float64(p.full)
		switch h {
		case headTime, headKlog, headObject:
			p.starts[h] = p.count[h] > 0
		default: // weak ones must be the file's own, or frequent
			p.starts[h] = h == p.first && p.count[headTime] == 0 || share > 0.2
		}
		if h == headLevel && p.paired*10 >= p.count[h]*9 && p.paired > 0 { // second lines
			p.starts[h] = false
			continue
		}
		if share > 0.05 && p.count[h] >= leastKind {
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
		return line[:n], line[n+1:], strings.IndexByte(line[n+1:], '=') < 0 || !strings.Contains(line, " ") || inCapitals(line[:n])
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

// leadingReach is how many bytes may stand in front of a time at the beginning,
// such as a bracket, a priority or a process; leastLeading is how many times tell
// that they all stand there.
const (
	leadingReach = 12
	leastLeading = 5
)

// headOf classifies a line of the file, and says whether the head leads it.
func (p *Profile) headOf(line string) (h head, leads bool) {
	h, at := headAt(line)
	leads = at <= leadingReach
	if h == headTime && p.leading && !leads && !startsWithAddress(line) {
		return headNone, false // a time in a text that runs over lines
	}
	return h, leads
}

func startsWithAddress(line string) bool {
	return line[0]-'0' <= 9 && strings.Count(line[:min(len(line), 16)], ".") == 3
}

// endsInClass reports whether nothing but a class and a method stand behind a time.
func endsInClass(line string) bool {
	_, n := ScanTime(line)
	class, method, _ := strings.Cut(strings.TrimSpace(line[n:]), " ")
	return n > 0 && (isDotted(class) || isHumped(class)) && strings.IndexByte(method, ' ') < 0
}

// headAt classifies a line, and says where its time stands.
func headAt(line string) (h head, at int) {
	if startsWithDate(line) {
		return headTime, 0
	}
	if strings.HasPrefix(line, slowUser) || strings.HasPrefix(line, "Caused by: ") {
		return headNone, 0
	}
	if line, h, at = strip(line); h != headNone {
		return h, at
	}
	return headRest(line), 0
}

// strip takes off what hides the head of a line and classifies what its first byte
// or a time tells.
func strip(line string) (rest string, h head, at int) {
	line = strings.TrimPrefix(line, "\ufeff")
	if strings.IndexByte(line, 0x1b) >= 0 {
		line = stripANSI(line)
	}
	if line == "" {
		return "", headNone, 0
	}
	if at := composePrefix(line); at > 0 && line[at] == '{' {
		line = line[at:]
	}
	switch c := line[0]; {
	case c == ' ' || c == '\t':
		return "", headNone, 0
	case c == '<':
		if d := digits(line[1:min(len(line), 6)]); d > 0 && d < 4 && 1+d < len(line) && line[1+d] == '>' {
			return line, headTime, 0 // the priority of syslog
		}
	case c == '{':
		if rest := strings.TrimLeft(line[1:], " "); rest == "" || rest[0] == '"' {
			return line, headObject, 0
		}
		return "", headNone, 0
	}
	if _, at, _ := findTime(line); at >= 0 && at <= 64 {
		return line, headTime, at
	}
	return line, headNone, 0
}

// headRest classifies a line without a time.
func headRest(line string) head {
	if line == "" {
		return headNone
	}
	if isKlog(line) {
		return headKlog
	}
	if d := digits(line[:min(len(line), 9)]); d > 0 && d < 8 && d+2 < len(line) && line[d] == ':' && letterOrDigit(line[d+1]) && line[d+1]-'0' > 9 {
		return headTime // the process and role of Redis
	}
	if n := scanClockOnly(strings.TrimPrefix(line, "[")); n > 0 {
		return headLevel // a time of day
	}
	// "Error: x" and "panic: x" begin stack traces.
	if _, word, n := leadingLevel(line, false); n > 0 && word != "panic" && (inCapitals(word) || line[n-1] != ':' || isCategory(line, n)) {
		return headLevel
	}
	if isCategory(line, 5) && strings.HasPrefix(line, "fail:") {
		return headLevel
	}
	if k := keyLength(line); k > 0 && strings.Count(line, "=") > 1 {
		return headPairs
	}
	if startsWithAddress(line) {
		return headClient
	}
	return headNone
}

// isCategory reports whether the level that ends at n is that of .NET's console
// logger, "info: Category[14]".
func isCategory(line string, n int) bool {
	return n == 5 && line[len(line)-1] == ']' && strings.Count(line, " ") == 1
}

// startsWithDate recognises the most usual head, 2006-01-02T15:04, with few looks.
func startsWithDate(s string) bool {
	return len(s) > 16 && s[0] == '2' && s[4] == '-' && s[7] == '-' && s[13] == ':' && (s[10] == 'T' || s[10] == ' ') && s[15]-'0' <= 9
}

// Joiner decides line by line whether a line continues the record before it. It
// holds the state of one file, or of one stream of it.
type Joiner struct {
	profile *Profile
	inside  bool   // a record has begun
	object  bool   // it began with a JSON object
	headed  bool   // it began with a head
	depth   int    // open braces of a JSON object that spans lines
	trace   trace  // the kind of stack trace that it has run into
	slow    string // how it began, if it is an entry of MySQL's slow query log
	blank   bool   // the line before was blank
	lines   int
}

// The lines that begin an entry of MySQL's slow query log; the time is left out
// where it is that of the entry before.
const (
	slowTime = "# Time: "
	slowUser = "# User@Host: "
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
	var seen heading
	if j.inside && j.lines < maxJoined && j.continues(line, &seen) {
		j.note(line)
		j.lines++
		return true
	}
	*j = Joiner{profile: j.profile, inside: !isBlank(line), lines: 1}
	switch {
	case strings.HasPrefix(line, slowTime):
		j.slow = slowTime
	case strings.HasPrefix(line, slowUser):
		j.slow = slowUser
	}
	if j.profile.Start != nil {
		return false
	}
	head, _ := seen.of(j.profile, line)
	j.headed = j.profile.starts[head]
	if head == headObject {
		j.object, j.depth = true, openObject(line)
	}
	j.note(line)
	return false
}

// heading is how a line begins, looked for when it is asked for.
type heading struct {
	head         head
	leads, known bool
}

func (s *heading) of(p *Profile, line string) (h head, leads bool) {
	if !s.known {
		s.head, s.leads = p.headOf(line)
		s.known = true
	}
	return s.head, s.leads
}

func (j *Joiner) continues(line string, seen *heading) bool {
	if j.profile.Start != nil {
		return !j.profile.Start(line)
	}
	if j.depth > 0 && !strings.HasPrefix(line, "{\"") && !startsWithDate(line) { // else it was cut off
		if d := braces(line, j.depth); d >= 0 {
			j.depth = d
			return true
		}
	}
	if user := strings.HasPrefix(line, slowUser); user || j.slow != "" {
		return user && j.slow == slowTime && j.lines == 1 || !user && !strings.HasPrefix(line, slowTime) && !strings.Contains(line, ", Version: ")
	}
	if isBlank(line) {
		return !j.profile.paragraphs && (j.headed || j.trace != traceNone)
	}
	if j.profile.paragraphs {
		return !j.blank
	}
	if head, leads := seen.of(j.profile, line); j.profile.starts[head] {
		return !leads && j.trace == tracePython // its last line may name a time
	}
	if j.trace != traceGo && startsReport(line) {
		return false
	}
	if j.headed && (!j.profile.mixed || j.trace == traceGo) {
		return true
	}
	return j.continuesTrace(line)
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
