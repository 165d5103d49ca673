package tailreceiver

import (
	"bytes"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/signals"
)

var utf8Mark = []byte("\xef\xbb\xbf")

// detect finds out how the text of a file is encoded, from its beginning, and
// moves the position behind a byte order mark. It returns how long that is.
func (f *file) detect(head []byte) int {
	order, mark := logformat.DetectUTF16(head)
	if bytes.HasPrefix(head, utf8Mark) {
		mark = len(utf8Mark)
	}
	f.order = order
	if mark > 0 {
		f.pos.advance(int64(mark), head[:mark])
	}
	return mark
}

// decode returns data as UTF-8. Of UTF-16, what is cut at the end is left out.
func (w *worker) decode(f *file, data []byte) []byte {
	if f.order == nil {
		return data
	}
	w.decoded, _ = logformat.AppendUTF16(w.decoded[:0], data, f.order)
	return w.decoded
}

// bytesOf returns how many bytes of the file became a piece of decoded text.
func (f *file) bytesOf(text []byte) int {
	if f.order == nil {
		return len(text)
	}
	return bytesOfUTF16(text)
}

// bytesOfUTF16 returns how long text is as UTF-16: two bytes for each character,
// four for those that take four in UTF-8.
func bytesOfUTF16(text []byte) int {
	n := 0
	for _, c := range text {
		switch {
		case c >= 0xf0:
			n += 4
		case c < 0x80 || c >= 0xc0:
			n += 2
		}
	}
	return n
}

// relocate turns the positions of records, which count decoded bytes, into those
// of the file.
func relocate(b *batch, p piece) {
	seen, offset := 0, p.offset
	for _, lr := range b.logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		if v, ok := lr.Attributes().Get(signals.AttrLogFileOffset); ok {
			at := int(v.Int() - p.offset)
			offset += int64(bytesOfUTF16(p.data[seen:at]))
			seen = at
			v.SetInt(offset)
		}
	}
}
