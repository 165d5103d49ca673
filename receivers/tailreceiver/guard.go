package tailreceiver

import (
	"fmt"
	"runtime/debug"
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// rebuild builds a batch anew, with every line guarded, after the parser panicked.
func (b *builder) rebuild(p piece, cause string) batch {
	b.careful = true
	defer func() { b.careful = false }()
	out := b.frames(p)
	out.cause = cause
	return out
}

// causeOf is called while panicking, when the stack still shows where.
func causeOf(recovered any) string { return fmt.Sprintf("%v\n%s", recovered, debug.Stack()) }

// takeGuarded is take that survives a panic: then the line becomes a record of
// itself, as it stands in the file.
func (b *builder) takeGuarded(records plog.LogRecordSlice, l line, out *batch) (next int, state lineState) {
	before, absorbed, count := *out, slices.Clone(b.absorbed), records.Len()
	defer func() {
		if cause := recover(); cause == nil {
			return
		}
		*out, b.absorbed, b.aheadPos = before, absorbed, -1
		n := 0
		records.RemoveIf(func(plog.LogRecord) bool { n++; return n > count })
		b.parser, b.env = logformat.Parser{}, logformat.Envelope{} // the scratch memory may be anything
		b.record.Reset()
		text := b.text[l.pos : l.pos+l.length]
		if !b.piece.valid && !utf8.ValidString(text) {
			text = logformat.Latin1(text)
			out.invalid++
		}
		b.record.Body = text
		lr := records.AppendEmpty()
		b.fill(lr, b.piece.offset+int64(l.pos), b.piece.now)
		out.records++
		out.panics++
		if l.state == lineCut {
			b.markCut(lr, l, out)
		}
		next, state = l.next, lineWhole
	}()
	return b.take(records, l, out)
}

// observe teaches the profile of a file what its lines look like. What the parser
// cannot bear it does not learn from.
func (w *worker) observe(f *file, data []byte) {
	before := f.profile
	defer func() {
		if cause := recover(); cause != nil {
			f.profile = before
			w.broken(f.path, 1, causeOf(cause))
		}
	}()
	f.profile.Observe(sample(data))
}

// broken counts panics of the parser and tells of the first in a file.
func (w *worker) broken(path string, panics int, cause string) {
	w.t.metrics.panics.Add(w.t.consume, int64(panics))
	w.t.logs.Once(path, func(l *zap.Logger) {
		l.Error("the parser failed on a line, which is delivered without structure; please report it", zap.String("path", path), zap.String("cause", cause))
	})
}
