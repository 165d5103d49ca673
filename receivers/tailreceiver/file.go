package tailreceiver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// file is one followed file. While busy is true it belongs to a worker, else to
// the watcher; neither touches the other's fields, except for atomic ones.
type file struct {
	id   fileID
	path string // the name under which it was first seen, which its records carry
	pos  position

	handle *os.File
	size   int64 // as of the last look
	seenAt int64 // the size at which there was nothing complete to read; -1 if unknown

	changed  time.Time // when the size last changed
	nextLook time.Time // when to look again, for quiet files among thousands
	joining  time.Time // since when complete lines wait for the rest of a cut one
	settled  time.Time // when the last record counts as complete; zero if nothing waits

	profile logformat.Profile // where records begin
	sampled int64             // up to where the profile has seen the file
	orphan  bool              // no known name leads to it any more
	source  *file             // holds the same bytes: this one is a copy of it and not read yet
	rewinds int               // how often it was truncated or rewritten
	last    bool              // it is about to be forgotten: its last line counts as complete
	begun   bool              // where to begin is decided

	sourceRewinds int   // rewinds of source when the copy was found
	compared      int64 // the size up to which it was found equal to source

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

// overdue reports whether something read before has waited long enough.
func (f *file) overdue(now time.Time, timeout time.Duration) bool {
	return f.joinOverdue(now) || f.settles(now) || timeout > 0 && f.source == nil && !f.pos.Await && f.size > f.pos.Offset && f.flushes(now, timeout)
}

// unread reports whether a worker could find something to read.
func (f *file) unread() bool {
	if f.pos.Await && f.size < f.pos.Offset {
		return false
	}
	return f.source == nil && (f.size != f.pos.Offset || f.pos.Await) && f.size != f.seenAt
}

// joinOverdue reports whether lines have waited long enough for the rest of one
// that the container runtime has cut.
func (f *file) joinOverdue(now time.Time) bool {
	return !f.joining.IsZero() && now.Sub(f.joining) > joinWait
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
	f.rewinds++
}

func (f *file) close() {
	if f.handle != nil {
		f.handle.Close()
		f.handle = nil
	}
}
