package logformat

import "strings"

// Envelope is what a container runtime writes around a line of the program.
type Envelope struct {
	// Time is when the runtime received the line.
	Time Stamp
	// Stream is stdout or stderr.
	Stream string
	// Content is the program's text, without the line end.
	Content string
	// Partial is true if the runtime cut the line and the next envelope of the same
	// stream continues it.
	Partial bool
	// Format is FormatCRI or FormatDocker.
	Format Format
}

// Unwrap reads the envelope of containerd and CRI-O ("TIME stdout F text") or of
// Docker's json-file. It returns false for a line that has none.
func Unwrap(line string, env *Envelope) bool {
	if len(line) < 20 {
		return false
	}
	if line[0] == '{' {
		return unwrapDocker(line, env)
	}
	if line[0]-'0' > 9 {
		return false
	}
	return unwrapCRI(line, env)
}

func unwrapCRI(line string, env *Envelope) bool {
	sp := strings.IndexByte(line, ' ')
	if sp < 19 || sp > 40 || len(line) < sp+9 || line[sp+1] != 's' || line[sp+2] != 't' || line[sp+3] != 'd' {
		return false
	}
	rest := line[sp+1:]
	switch {
	case strings.HasPrefix(rest, "stdout "), strings.HasPrefix(rest, "stderr "):
	default:
		return false
	}
	tag := rest[7:]
	// The tag is F or P; later tags, parted by colons, are reserved.
	end := strings.IndexByte(tag, ' ')
	if end < 0 {
		end = len(tag)
	}
	if end == 0 || tag[0] != 'F' && tag[0] != 'P' || end > 1 && tag[1] != ':' {
		return false
	}
	st, n := ScanTime(line[:sp])
	if n != sp || !st.Zoned {
		return false
	}
	*env = Envelope{Time: st, Stream: rest[:6], Partial: tag[0] == 'P', Format: FormatCRI}
	if end < len(tag) {
		env.Content = tag[end+1:]
	}
	return true
}

// unwrapDocker accepts only objects whose members are those of json-file, in any
// order, so that a program's own JSON is not mistaken for an envelope.
func unwrapDocker(line string, env *Envelope) bool {
	if !strings.HasPrefix(line, `{"log":"`) && !strings.HasPrefix(line, `{"stream":"`) && !strings.HasPrefix(line, `{"time":"`) && !strings.HasPrefix(line, `{"attrs":`) {
		return false
	}
	if unwrapJSONFile(line, env) {
		return true
	}
	var (
		e   = Envelope{Format: FormatDocker, Partial: true}
		j   = jsonReader{s: line, i: 1}
		log bool
		at  string
	)
	for first := true; ; first = false {
		key, more, ok := j.member(first)
		if !ok {
			return false
		}
		if !more {
			break
		}
		switch key {
		case "log", "stream", "time":
			j.space()
			if j.i >= len(j.s) || j.s[j.i] != '"' {
				return false
			}
			v, ok := j.dockerString(key == "log", &e)
			if !ok {
				return false
			}
			switch key {
			case "log":
				e.Content, log = v, true
			case "stream":
				e.Stream = v
			case "time":
				at = v
			}
		case "attrs":
			j.fields = j.fields[:0]
			if !j.value(key, 1) {
				return false
			}
		default:
			return false
		}
	}
	if !log || e.Stream == "" {
		return false
	}
	n := 0
	if e.Time, n = ScanTime(at); n == 0 || n != len(at) {
		return false
	}
	*env = e
	return true
}

// unwrapJSONFile is unwrapDocker for the members that json-file writes without
// options, in its order, with fewer looks.
func unwrapJSONFile(line string, env *Envelope) bool {
	const log, stream, at = `{"log":`, `,"stream":"`, `,"time":"`
	if !strings.HasPrefix(line, log) {
		return false
	}
	e := Envelope{Format: FormatDocker, Partial: true}
	j := jsonReader{s: line, i: len(log)}
	content, ok := j.dockerString(true, &e)
	rest, found := strings.CutPrefix(line[j.i:], stream)
	const name = len("stdout") // and stderr
	if !ok || !found || len(rest) < name+1+len(at) || rest[:3] != "std" || rest[name] != '"' || rest[name+1:name+1+len(at)] != at {
		return false
	}
	stamp, found := strings.CutSuffix(rest[name+1+len(at):], `"}`)
	st, n := ScanTime(stamp)
	if !found || n == 0 || n != len(stamp) {
		return false
	}
	if e.Stream = rest[:name]; e.Stream != "stdout" && e.Stream != "stderr" {
		return false
	}
	e.Time, e.Content = st, content
	*env = e
	return true
}

// dockerString reads a string; for the text of the line it cuts the escaped line
// end first, so that most lines need no copy.
func (j *jsonReader) dockerString(text bool, e *Envelope) (string, bool) {
	if !text {
		return j.str()
	}
	start := j.i + 1
	i := start
	for {
		n := strings.IndexByte(j.s[i:], '"')
		if n < 0 {
			return "", false
		}
		if i += n; !oddBackslashes(j.s[start:i]) {
			break
		}
		i++
	}
	raw := j.s[start:i]
	j.i = i + 1
	if n := len(raw); n >= 2 && raw[n-1] == 'n' && raw[n-2] == '\\' && oddBackslashes(raw[:n-1]) {
		e.Partial = false
		raw = raw[:n-2]
		if n := len(raw); n >= 2 && raw[n-1] == 'r' && raw[n-2] == '\\' && oddBackslashes(raw[:n-1]) {
			raw = raw[:n-2]
		}
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw, true
	}
	return unescape(raw)
}

func oddBackslashes(s string) bool {
	n := 0
	for i := len(s) - 1; i >= 0 && s[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}
