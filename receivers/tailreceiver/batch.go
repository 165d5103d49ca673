package tailreceiver

import (
	"bytes"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/signals"
)

// attrTruncated marks a record of which the end was left out.
const attrTruncated = "log.record.truncated"

// batch is what was made of a piece of a file.
type batch struct {
	logs     plog.Logs
	records  int
	consumed int64 // bytes of the piece that the records account for
	skip     bool  // the piece ends inside a line of which the rest is left out
	cut      int
	invalid  int
	panics   int    // of the parser; the lines are there as plain text
	cause    string // what the parser panicked with, and where
}

// builder makes batches. It keeps scratch memory: one per worker.
type builder struct {
	format     logformat.Format
	maxLine    int
	maxRecords int
	clock      logformat.Clock
	parser     logformat.Parser
	record     logformat.Record
	env        logformat.Envelope
	joined     []byte

	piece    piece
	text     string
	absorbed []int // lines further on that already belong to a record

	framed line     // the last one that frame has found
	opened envelope // the last one that open has taken off
	// ahead has seen the line at aheadPos begin a record, if aheadPos >= 0.
	ahead    logformat.Joiner
	aheadPos int

	careful bool              // the parser panicked: each line is guarded
	fault   func(text string) // breaks the parser in tests
}

// piece is a part of a file to be made into a batch.
type piece struct {
	path   string
	data   []byte
	text   string // the same as data, from textOf, which serves all strings of the records
	valid  bool   // text is UTF-8
	offset int64  // of data in the file
	skip   bool   // data begins inside a line that is left out
	flush  bool   // nothing will follow: an incomplete last line counts as complete
	unjoin bool   // a line cut by the runtime has waited long enough for its rest
	// settled is true if the last record has waited long enough for more lines.
	settled bool
	// profile says where records begin; nil means at every line.
	profile *logformat.Profile
	now     pcommon.Timestamp
}

// build frames and parses lines until the piece or the batch is full. The same
// piece always gives the same batch, so that it can be built again when the next
// consumer refused it and may have changed it. A batch is no larger than the
// piece, whatever maxRecords is: its strings are parts of the piece's text.
//
// A panic of the parser loses nothing: the batch is built again line by line, and
// the line that broke it is a record without structure.
func (b *builder) build(p piece) (out batch) {
	defer func() {
		if cause := recover(); cause != nil {
			out = b.rebuild(p, causeOf(cause))
		}
	}()
	return b.frames(p)
}

func (b *builder) frames(p piece) batch {
	out := batch{logs: plog.NewLogs(), skip: p.skip}
	b.clock.Now = int64(p.now) / 1e9
	pos := 0
	if p.skip {
		end := bytes.IndexByte(p.data, '\n')
		if end < 0 {
			out.consumed = int64(len(p.data))
			return out
		}
		pos, out.skip = end+1, false
	}
	b.piece, b.text, b.absorbed, b.aheadPos, b.framed = p, p.text, b.absorbed[:0], -1, line{pos: -1}
	b.opened.pos = -1
	records := b.newResource(p.path, out.logs)
	records.EnsureCapacity(min(bytes.Count(p.data[pos:], newline)+1, b.maxRecords))
	safe := batch{consumed: int64(pos), skip: out.skip}
	for (out.records < b.maxRecords || len(b.absorbed) > 0) && pos < len(p.data) {
		if p.data[pos] == 0 { // the hole that a writer without append mode leaves after a truncation
			for pos < len(p.data) && p.data[pos] == 0 {
				pos++
			}
			if len(b.absorbed) == 0 {
				safe.consumed = int64(pos)
			}
			continue
		}
		length, next, state := b.frame(pos)
		if state == lineIncomplete {
			break
		}
		if len(b.absorbed) > 0 && b.absorbed[0] == pos {
			b.absorbed = b.absorbed[1:]
			pos = next
			if len(b.absorbed) == 0 {
				safe = out
				safe.consumed = int64(pos)
			}
			continue
		}
		take := (*builder).take
		if b.careful {
			take = (*builder).takeGuarded
		}
		if pos, state = take(b, records, line{pos, length, next, state}, &out); state == lineIncomplete {
			break
		}
		if len(b.absorbed) == 0 {
			safe = out
			safe.consumed = int64(pos)
		}
	}
	// Records of lines that could not all be taken are left for the next piece.
	if n := 0; out.records > safe.records {
		records.RemoveIf(func(plog.LogRecord) bool { n++; return n > safe.records })
	}
	safe.logs = out.logs
	return safe
}

// line is one that frame has found.
type line struct {
	pos, length, next int
	state             lineState
}

// take makes a record of a line and of those that belong to it. It returns where
// the next line begins, or lineIncomplete if the end is not in the piece yet.
func (b *builder) take(records plog.LogRecordSlice, l line, out *batch) (next int, state lineState) {
	next = l.next
	content, joined := b.unwrap(l)
	if joined == lineWhole && l.state == lineWhole && b.piece.profile != nil {
		content, next, joined = b.extend(content, l.pos, next)
	}
	if joined == lineIncomplete {
		return 0, lineIncomplete
	}
	if content == "" && b.env.Format == logformat.FormatAuto {
		return next, lineWhole
	}
	if !b.piece.valid && !utf8.ValidString(content) {
		out.invalid++
		content = logformat.Latin1(content)
	}
	b.parse(content)
	lr := records.AppendEmpty()
	b.fill(lr, b.piece.offset+int64(l.pos), b.piece.now)
	out.records++
	if l.state == lineCut || joined == lineCut {
		b.markCut(lr, l, out)
	}
	return next, lineWhole
}

// markCut says that the end of a record was left out.
func (b *builder) markCut(lr plog.LogRecord, l line, out *batch) {
	out.cut++
	lr.Attributes().PutBool(attrTruncated, true)
	out.skip = l.state == lineCut && b.piece.data[l.next-1] != '\n'
}

var newline = []byte{'\n'}

// lineState says what became of a line.
type lineState uint8

const (
	lineWhole lineState = iota
	lineCut
	lineIncomplete
)

// frame finds the line at pos: its length without the line end, where the next
// one begins, and whether it is whole.
func (b *builder) frame(pos int) (length, next int, state lineState) {
	if b.framed.pos != pos {
		length, next, state = b.find(pos)
		b.framed = line{pos, length, next, state}
	}
	return b.framed.length, b.framed.next, b.framed.state
}

func (b *builder) find(pos int) (length, next int, state lineState) {
	rest := b.piece.data[pos:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		if len(rest) <= b.maxLine && !b.piece.flush || len(rest) == 0 {
			return 0, 0, lineIncomplete
		}
		end, next = len(rest), len(b.piece.data)
	} else {
		next = pos + end + 1
	}
	if end > 0 && rest[end-1] == '\r' {
		end--
	}
	if end > b.maxLine {
		return cutAtRune(rest, b.maxLine), next, lineCut
	}
	return end, next, lineWhole
}

// cutAtRune returns the largest length up to limit that does not cut a character.
func cutAtRune(s []byte, limit int) int {
	for i := limit; i > limit-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return limit
}

// unwrap takes off a container runtime's envelope and joins the parts of a line
// that the runtime has cut. Parts behind lines of the other stream are noted in
// absorbed. The state is lineIncomplete if the end is not in the piece yet.
func (b *builder) unwrap(l line) (content string, state lineState) {
	b.env = logformat.Envelope{}
	if b.format == logformat.FormatPlain || b.format == logformat.FormatJSON || !b.open(l.pos, l.length, &b.env) {
		return b.text[l.pos : l.pos+l.length], lineWhole
	}
	if !b.env.Partial {
		return b.env.Content, lineWhole
	}
	joined := append(b.joined[:0], b.env.Content...)
	noted := len(b.absorbed)
	for pos := l.next; ; {
		n, after, framed := b.frame(pos)
		if framed == lineIncomplete {
			if b.piece.flush || b.piece.unjoin {
				break
			}
			b.absorbed = b.absorbed[:noted]
			return "", lineIncomplete
		}
		var env logformat.Envelope
		if !b.open(pos, n, &env) {
			break
		}
		if env.Stream == b.env.Stream {
			if len(joined) < b.maxLine {
				joined = append(joined, env.Content...)
			}
			b.absorbed = append(b.absorbed, pos)
			if !env.Partial {
				break
			}
		}
		pos = after
	}
	b.joined = joined[:0]
	// Streams that are cut at the same time leave their parts in mixed order.
	slices.Sort(b.absorbed)
	if len(joined) > b.maxLine {
		return string(joined[:cutAtRune(joined, b.maxLine)]), lineCut
	}
	return string(joined), lineWhole
}

// envelope is what open has found at a position.
type envelope struct {
	pos   int
	found bool
	env   logformat.Envelope
}

// open takes the envelope off the line at pos; each line is looked at once, though
// it is asked for as the one behind and for itself.
func (b *builder) open(pos, n int, env *logformat.Envelope) bool {
	if b.opened.pos != pos {
		b.opened.found = logformat.Unwrap(b.text[pos:pos+n], &b.opened.env)
		b.opened.pos = pos
	}
	if b.opened.found {
		*env = b.opened.env
	}
	return b.opened.found
}

func (b *builder) parse(content string) {
	if b.fault != nil {
		b.fault(content)
	}
	if b.env.Format != 0 {
		b.parser.ParseContent(&b.env, content, &b.record)
		return
	}
	b.parser.ParseText(content, b.format, &b.record)
}

func (b *builder) newResource(path string, logs plog.Logs) plog.LogRecordSlice {
	rl := logs.ResourceLogs().AppendEmpty()
	attrs := rl.Resource().Attributes()
	attrs.PutStr(signals.AttrLogFilePath, path)
	attrs.PutStr(signals.AttrLogFileName, filepath.Base(path))
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scopeName)
	return sl.LogRecords()
}
