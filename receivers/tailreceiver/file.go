package tailreceiver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// content is an open file, or an archive that is read as if it were one.
type content interface {
	io.ReaderAt
	io.Closer
	Stat() (os.FileInfo, error)
}

// file is one followed file. While busy is true it belongs to a worker, else to
// the watcher; neither touches the other's fields, except for atomic ones. Its
// names are always the watcher's.
type file struct {
	id   contentID
	name string // under which it was first seen, which its records carry
	path string // under which it is found now
	pos  position

	handle  content
	size    int64 // as of the last look
	seenAt  int64 // the size at which there was nothing complete to read; -1 if unknown
	mtime   int64 // when it was last written to, as of the last look
	recheck bool  // it was written to and did not grow: perhaps it holds something else
	archive bool  // it is compressed, and complete

	changed time.Time // when the size last changed
	joining time.Time // since when complete lines wait for the rest of a cut one
	settled time.Time // when the last record counts as complete; zero if nothing waits
	resting time.Time // until when the rate limit lets it wait
	allow   allowance // what the rate limit allows

	profile logformat.Profile // where records begin
	sampled int64             // up to where the profile has seen the file
	order   binary.ByteOrder  // of UTF-16; nil for UTF-8
	first   bool              // it was there at the very first start
	begun   bool              // where to begin is decided
	last    bool              // it is about to be forgotten: its last line counts as complete
	rewinds int               // how often it was truncated or rewritten
	known   int               // how many of these the watcher has heard of
	failed  bool              // what is left of it cannot be read

	source        *file // holds the same bytes: this one is held and not read yet
	sourceRewinds int   // rewinds of source when that was found
	compared      int64 // the size up to which it was found equal to source
	alone         bool  // it was held for long enough to be no copy

	names  []*name   // that lead to it; without one it is followed by its handle
	missed time.Time // when the last name was lost
	peek   bool      // it may have grown while a worker had it

	busy atomic.Bool
}

// look takes note of the file's size.
func (f *file) look(size int64, now time.Time) {
	if size != f.size {
		f.size, f.changed, f.last = size, now, false
	}
}

// flushes reports whether a last line without a line end counts as complete.
func (f *file) flushes(now time.Time, timeout time.Duration) bool {
	return f.last || timeout > 0 && now.Sub(f.changed) > timeout
}

// unread reports whether a worker could find something to read.
func (f *file) unread() bool {
	return f.source == nil && !f.pos.Await && f.size != f.pos.Offset && f.size != f.seenAt
}

// due returns when there is something to do though the file does not grow; zero
// if never.
func (f *file) due(flush time.Duration) time.Time {
	at := f.settled
	if !f.joining.IsZero() {
		at = earlier(at, f.joining.Add(joinWait))
	}
	if flush > 0 && f.source == nil && !f.pos.Await && f.size > f.pos.Offset {
		at = earlier(at, f.changed.Add(flush))
	}
	return at
}

// earlier returns the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// joinOverdue reports whether lines have waited long enough for the rest of one
// that the container runtime has cut.
func (f *file) joinOverdue(now time.Time) bool {
	return !f.joining.IsZero() && now.Sub(f.joining) >= joinWait
}

// settles reports whether a last record has waited long enough for more lines.
func (f *file) settles(now time.Time) bool { return !f.settled.IsZero() && !now.Before(f.settled) }

// errChanged says that the file no longer holds what was read of it.
var errChanged = errors.New("content before the position has changed")

// readAt fills buf from the position on and returns what it read, with the bytes
// before it in front: data[lead:] is new. It returns errChanged if the bytes in
// front are not those that were read before.
func (f *file) readAt(buf []byte) (data []byte, lead int, err error) {
	lead = f.pos.TailLen
	n, err := f.handle.ReadAt(buf, f.pos.Offset-int64(lead))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, fmt.Errorf("read %s: %w", f.path, err)
	}
	if n < lead || lead > 0 && !sameTail(&f.pos, buf[:lead]) {
		return nil, 0, errChanged
	}
	return buf[:n], lead, nil
}

// rewind begins again at the first byte, because the file was truncated or
// rewritten.
func (f *file) rewind() {
	f.pos = position{}
	f.seenAt = -1
	f.joining, f.settled = time.Time{}, time.Time{}
	f.profile, f.sampled = logformat.Profile{Start: f.profile.Start}, 0
	f.order = nil
	f.rewinds++
}

func (f *file) close() {
	if f.handle != nil {
		f.handle.Close()
		f.handle = nil
	}
}
