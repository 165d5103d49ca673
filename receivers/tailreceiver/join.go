package tailreceiver

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

const (
	// streamReach is how many lines of the other stream may lie between two lines of
	// one record; a container's record that waits longer counts as complete.
	streamReach = 100
	// streamSeconds is the same as a time on the runtime's clock.
	streamSeconds = 2
	// sampleBytes of a file teach where its records begin.
	sampleBytes = 64 << 10
)

// extend adds to the line at pos the lines that continue its record; next moves
// behind them where they follow directly, else they are noted in absorbed. The
// state is lineIncomplete if the piece does not tell where the record ends.
func (b *builder) extend(content string, pos, next int) (string, int, lineState) {
	if content == "" || (content[0] <= ' ' || content[0] >= utf8.RuneSelf) && strings.TrimSpace(content) == "" {
		return content, next, lineWhole
	}
	if b.alone(content, next) {
		b.aheadPos = -1
		return content, next, lineWhole
	}
	j := b.ahead
	if b.aheadPos != pos {
		j = logformat.NewJoiner(b.piece.profile)
		j.Continues(content)
	}
	b.aheadPos = -1
	if j.Complete() {
		return content, next, lineWhole
	}
	if b.env.Format != logformat.FormatAuto {
		return b.extendStream(&j, content, next)
	}
	end := pos + len(content)
	for {
		n, after, framed := b.frame(next)
		if framed == lineIncomplete {
			if b.piece.flush || b.piece.settled {
				break
			}
			return "", 0, lineIncomplete
		}
		if framed == lineCut || !j.Continues(b.text[next:next+n]) {
			if framed == lineWhole {
				b.ahead, b.aheadPos = j, next
			}
			break
		}
		end, next = next+n, after
	}
	text := strings.TrimRight(b.text[pos:end], " \t\r\n")
	if len(text) > b.maxLine {
		return text[:cutAtRune([]byte(text[:b.maxLine+1]), b.maxLine)], next, lineCut
	}
	if len(text) < len(content) {
		text = content
	}
	return text, next, lineWhole
}

// alone reports, with few looks, whether a line is a record of its own for sure.
func (b *builder) alone(content string, next int) bool {
	if content[0] == '{' {
		return b.piece.profile.Alone(content, "")
	}
	n, _, framed := b.frame(next)
	if framed != lineWhole || len(b.absorbed) > 0 {
		return false
	}
	if b.env.Format == logformat.FormatAuto {
		return b.piece.profile.Alone(content, b.text[next:next+n])
	}
	var env logformat.Envelope
	return b.open(next, n, &env) && env.Stream == b.env.Stream && b.piece.profile.Alone(content, env.Content)
}

// extendStream is extend for lines in envelopes, between which lines of the other
// stream may lie.
func (b *builder) extendStream(j *logformat.Joiner, content string, next int) (string, int, lineState) {
	var joined []byte
	partial, direct, others := false, true, 0
	for pos := next; others < streamReach; {
		n, after, framed := b.frame(pos)
		if framed == lineIncomplete {
			if b.piece.flush || b.piece.settled {
				break
			}
			return "", 0, lineIncomplete
		}
		var env logformat.Envelope
		if !b.open(pos, n, &env) || env.Time.Wall-b.env.Time.Wall > streamSeconds {
			break
		}
		if env.Stream != b.env.Stream {
			others++
			direct, pos = false, after
			continue
		}
		if slices.Contains(b.absorbed, pos) { // a part of the line that was cut
			pos = after
			continue
		}
		if !partial && !j.Continues(env.Content) {
			if direct && !env.Partial {
				b.ahead, b.aheadPos = *j, pos
			}
			break
		}
		if joined == nil {
			joined = append(make([]byte, 0, 1024), content...)
		}
		if !partial {
			joined = append(joined, '\n')
		}
		joined = append(joined, env.Content...)
		partial = env.Partial
		b.absorbed = append(b.absorbed, pos)
		pos = after
	}
	if joined == nil {
		return content, next, lineWhole
	}
	slices.Sort(b.absorbed)
	if len(joined) > b.maxLine {
		return string(joined[:cutAtRune(joined, b.maxLine)]), next, lineCut
	}
	return strings.TrimRight(string(joined), " \t\r\n"), next, lineWhole
}

// sample returns the complete lines of data without their envelopes.
func sample(data []byte) []string {
	if len(data) > sampleBytes {
		data = data[:sampleBytes]
	}
	lines := strings.Split(string(data), "\n")
	lines = lines[:len(lines)-1]
	var env logformat.Envelope
	for i, line := range lines {
		line = strings.TrimSuffix(line, "\r")
		if logformat.Unwrap(line, &env) {
			line = env.Content
		}
		lines[i] = line
	}
	return lines
}
