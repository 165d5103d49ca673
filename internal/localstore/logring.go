package localstore

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Bounds of the memory of lines: chunks are written one after the other and used
// again, so that a steady stream allocates nothing.
const (
	chunkBytes = 32 << 10
	// usualLine is how many bytes of text a line has room for on average; longer lines
	// leave sooner.
	usualLine = 400
	// maxLineAttrs and maxLineAttrBytes bound the attributes of a line.
	maxLineAttrs     = 16
	maxLineAttrBytes = 1024
)

// The texts of a line, in the order in which they are kept.
const (
	partService = iota
	partSource
	partPattern
	partTrace
	partSpan
	partAttrs
	partBody
	parts
)

// logRing holds the most recent lines, by number and by bytes.
type logRing struct {
	max       int // lines
	maxChunks int
	chunks    []*logChunk // the oldest first
	free      *logChunk
	held      int
	// lost is the number of the last line that had to go.
	lost uint64
}

type logChunk struct {
	text    []byte
	entries []logEntry
	from    int // entries before it are gone
}

type logEntry struct {
	seq      uint64
	time     int64 // Unix milliseconds
	severity int32
	at       uint32 // in the chunk's text
	lens     [parts]uint16
}

func (r *logRing) init(n int) {
	r.max, r.maxChunks = n, max(2, n*usualLine/chunkBytes)
}

func (r *logRing) put(seq uint64, l *LogLine) {
	texts := [parts]string{
		cut(l.Service, maxName), cut(l.Source, maxName), cut(l.Pattern, maxName), cut(l.TraceID, maxName), cut(l.SpanID, maxName), "", cut(l.Body, maxLine),
	}
	need := maxLineAttrBytes
	for _, s := range texts {
		need += len(s)
	}
	c := r.room(need)
	e := logEntry{seq: seq, time: l.Time.UnixMilli(), severity: int32(l.Severity), at: uint32(len(c.text))} //nolint:gosec // severities are small, a chunk has 32 KB
	for i, s := range texts {
		before := len(c.text)
		if i == partAttrs {
			c.text = appendAttrs(c.text, l.Attrs)
		} else {
			c.text = append(c.text, s...)
		}
		e.lens[i] = uint16(len(c.text) - before) //nolint:gosec // each part is bounded
	}
	c.entries = append(c.entries, e)
	r.held++
	for r.held > r.max {
		r.drop()
	}
}

// room returns the last chunk if it has room, else a fresh one.
func (r *logRing) room(need int) *logChunk {
	if n := len(r.chunks); n > 0 && len(r.chunks[n-1].text)+need <= chunkBytes {
		return r.chunks[n-1]
	}
	if len(r.chunks) >= r.maxChunks {
		for first := r.chunks[0]; len(r.chunks) > 0 && r.chunks[0] == first; {
			r.drop()
		}
	}
	c := r.free
	r.free = nil
	if c == nil {
		c = &logChunk{}
	}
	r.chunks = append(r.chunks, c)
	return c
}

// drop forgets the oldest line.
func (r *logRing) drop() {
	c := r.chunks[0]
	r.lost = c.entries[c.from].seq
	c.from++
	r.held--
	if c.from < len(c.entries) {
		return
	}
	c.text, c.entries, c.from = c.text[:0], c.entries[:0], 0
	r.free = c
	r.chunks = slices.Delete(r.chunks, 0, 1)
}

// backwards visits the lines from the newest on, until visit says no.
func (r *logRing) backwards(visit func(*logChunk, *logEntry) bool) {
	for _, c := range slices.Backward(r.chunks) {
		for i := len(c.entries) - 1; i >= c.from; i-- {
			if !visit(c, &c.entries[i]) {
				return
			}
		}
	}
}

// part is a text of a line. It belongs to the chunk.
func (c *logChunk) part(e *logEntry, part int) []byte {
	from := int(e.at)
	for _, n := range e.lens[:part] {
		from += int(n)
	}
	return c.text[from : from+int(e.lens[part])]
}

func (c *logChunk) view(e *logEntry) LogView {
	text := func(part int) string { return string(c.part(e, part)) }
	return LogView{
		Seq: e.seq, Time: e.time, Severity: int(e.severity), Service: text(partService), Source: text(partSource), Pattern: text(partPattern),
		TraceID: text(partTrace), SpanID: text(partSpan), Attrs: readAttrs(c.part(e, partAttrs)), Body: text(partBody),
	}
}

// appendAttrs writes the lengths of key and value before each.
func appendAttrs(dst []byte, attrs []Attr) []byte {
	before := len(dst)
	for _, a := range attrs[:min(len(attrs), maxLineAttrs)] {
		k, v := cut(a.Key, maxName), cut(a.Value, maxName)
		if len(dst)-before+len(k)+len(v)+4 > maxLineAttrBytes {
			break
		}
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(k))) //nolint:gosec // bounded by maxName
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(v))) //nolint:gosec // bounded by maxName
		dst = append(append(dst, k...), v...)
	}
	return dst
}

func readAttrs(b []byte) []Attr {
	var out []Attr
	for len(b) >= 4 {
		k, v := int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
		b = b[4:]
		out = append(out, Attr{Key: string(b[:k]), Value: string(b[k : k+v])})
		b = b[k+v:]
	}
	return out
}

// holds says whether text, which is in lower case, occurs in b, letter case ignored.
func holds(b []byte, text string) bool {
	if text == "" {
		return true
	}
	for _, c := range []byte(text) {
		if c >= 0x80 {
			return strings.Contains(strings.ToLower(string(b)), text)
		}
	}
	for i := 0; i+len(text) <= len(b); i++ {
		if lower(b[i]) != text[0] {
			continue
		}
		j := 1
		for j < len(text) && lower(b[i+j]) == text[j] {
			j++
		}
		if j == len(text) {
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
