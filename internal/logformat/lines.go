package logformat

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	// chunkSize is how much is read at once: large enough that what a read costs does
	// not count, small enough to stay in the cache of a processor.
	chunkSize = 256 << 10
	// longestLine is how much of a line is read; no program writes longer ones to be read.
	longestLine = 16 << 20
)

// lineReader parts a text into lines, which are substrings of one string per chunk.
type lineReader struct {
	r    io.Reader
	buf  []byte
	text string
	pos  int
	// valid is true if text is UTF-8 up to its last line end.
	valid bool
	err   error
}

// next returns the next line without its end, whether it is known to be UTF-8, and
// whether its end is left out because it is longer than longestLine.
func (l *lineReader) next() (line string, valid, cut bool, err error) {
	for {
		if end := strings.IndexByte(l.text[l.pos:], '\n'); end >= 0 {
			line = l.text[l.pos : l.pos+end]
			l.pos += end + 1
			return strings.TrimSuffix(line, "\r"), l.valid, false, nil
		}
		rest := l.text[l.pos:]
		switch {
		case len(rest) > longestLine:
			l.skipLine()
			return rest[:longestLine], false, true, nil
		case errors.Is(l.err, io.EOF) && rest != "":
			l.pos = len(l.text)
			return strings.TrimSuffix(rest, "\r"), false, false, nil
		case l.err != nil && !errors.Is(l.err, io.EOF):
			return "", false, false, fmt.Errorf("read log: %w", l.err)
		case l.err != nil:
			return "", false, false, io.EOF
		}
		l.fill(rest)
	}
}

// fill reads at least as much again as there is of the line.
func (l *lineReader) fill(rest string) {
	size := len(rest) + max(chunkSize, len(rest))
	if cap(l.buf) < size {
		l.buf = make([]byte, 0, size)
	}
	l.buf = append(l.buf[:0], rest...)
	for l.err == nil && len(l.buf) < size {
		var n int
		n, l.err = l.r.Read(l.buf[len(l.buf):size])
		l.buf = l.buf[:len(l.buf)+n]
		if bytes.IndexByte(l.buf[len(l.buf)-n:], '\n') >= 0 {
			break // a pipe may have no more to give for now
		}
	}
	l.text, l.pos = string(l.buf), 0
	l.valid = utf8.ValidString(l.text[:strings.LastIndexByte(l.text, '\n')+1])
}

// skipLine leaves out everything up to the next line end.
func (l *lineReader) skipLine() {
	l.text, l.pos = "", 0
	for l.err == nil {
		var n int
		n, l.err = l.r.Read(l.buf[:cap(l.buf)])
		if end := bytes.IndexByte(l.buf[:n], '\n'); end >= 0 {
			l.text = string(l.buf[end+1 : n])
			l.valid = utf8.ValidString(l.text)
			return
		}
	}
}
