package segmentlog

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

const (
	// defaultSegmentBytes is large enough that sealing costs nothing and small enough
	// that space comes back soon.
	defaultSegmentBytes = 64 << 20
	// lazyBytes of records that are not urgent wait for the next that is.
	lazyBytes = 64 << 10
	// maxPending bounds what waits in memory while the disk takes nothing.
	maxPending = 4 << 20
	// replaceSlack is what two records of the same value may differ by: the notes beside it.
	replaceSlack = 256
	// compactStep is moved by one Apply, so that none takes long.
	compactStep = 1 << 20
)

// Errors of a log. ErrFull and ErrDamaged may be wrapped.
var (
	// ErrFull says that the budget or the disk has no room; it may have some later.
	ErrFull = errors.New("no room left")
	// ErrDamaged says that a value was there and cannot be read any more.
	ErrDamaged = errors.New("value is damaged")
	// ErrReadOnly says that the log was opened to be looked at only.
	ErrReadOnly = errors.New("log is read-only")
	// ErrClosed says that the log was closed.
	ErrClosed = errors.New("log is closed")
)

// Budget bounds the bytes on disk of all the logs that share it. Deletions are taken
// even when it is used up, since only they make room. It is safe for concurrent use.
type Budget struct {
	max  int64
	used atomic.Int64
	shut atomic.Bool
}

// NewBudget returns a budget of so many bytes, unlimited if there are none.
func NewBudget(bytes int64) *Budget { return &Budget{max: bytes} }

// Used returns the bytes on disk.
func (b *Budget) Used() int64 { return b.used.Load() }

// Max returns the bound, 0 if there is none.
func (b *Budget) Max() int64 { return b.max }

// Shut makes the budget refuse all values, as when others have filled the disk, until
// it is opened again.
func (b *Budget) Shut(shut bool) { b.shut.Store(shut) }

// IsShut reports whether the budget refuses all values.
func (b *Budget) IsShut() bool { return b.shut.Load() }

func (b *Budget) refuses(n int) bool {
	return b.shut.Load() || b.max > 0 && b.used.Load()+int64(n) > b.max
}

// Options of a log.
type Options struct {
	// SegmentBytes is the size at which a segment is sealed, at most 1 GiB; 64 MiB by
	// default. One record may make it larger.
	SegmentBytes int64
	// Budget bounds the log on disk; nil does not.
	Budget *Budget
	// NoSync leaves it to the system when files reach the disk.
	NoSync bool
	// Deep reads every record when the log is opened, and takes damage out, instead of
	// finding it when a value is asked for.
	Deep bool
	// ReadOnly changes nothing on disk, not even what is damaged, so that a log can be
	// looked at while its owner uses it. What the owner writes meanwhile is not seen.
	ReadOnly bool
	// OpenFile replaces the operating system's; for tests.
	OpenFile func(path string, create bool) (File, error)
}

// Log is one log, in a folder of its own. It is safe for concurrent use in one
// process; the caller sees to it that no other process uses the folder.
type Log struct {
	dir string
	opt Options

	mu      sync.Mutex // guards the rest
	index   index
	pending []byte // records of the active segment that are not in its file yet
	written int64  // bytes of the active segment that are in its file
	dirty   map[*segment]bool
	total   int64 // bytes of all segments
	damage  Damage
	failing error // why the disk takes nothing, nil if it does
	closed  bool
}

// Damage counts what could not be read.
type Damage struct {
	// Records and Bytes are of stretches that are no whole record, one record each at
	// the least, and of values that failed their check later.
	Records, Bytes int64
	// TornBytes of them were cut from the end of the last segment: most often a write
	// that the loss of power interrupted, and that was never accepted.
	TornBytes int64
}

// Get returns the value of key, nil if there is none. The bytes belong to the
// caller. An error that wraps ErrDamaged says that the value is lost; it is then
// forgotten and its record copied to the quarantine. Any other error is the disk's.
func (l *Log) Get(key string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, ErrClosed
	}
	p, ok := l.index.find(key)
	if !ok {
		return nil, nil
	}
	return l.value(key, p)
}

func (l *Log) value(key string, p place) ([]byte, error) {
	buf, err := l.record(p)
	if err != nil {
		return nil, err
	}
	payload, size, err := payloadOf(buf)
	if err == nil && size == len(buf) {
		v, bad := valueIn(payload, key)
		if bad == nil && v != nil {
			return v, nil
		}
	}
	l.damage.Records++
	l.damage.Bytes += int64(len(buf))
	l.quarantine(p.seg.id, p.off, buf)
	l.index.remove(key)
	return nil, fmt.Errorf("get %q: %w", key, ErrDamaged)
}

func (l *Log) record(p place) ([]byte, error) {
	if p.seg == l.index.active() && p.off >= l.written {
		at := p.off - l.written
		return append([]byte(nil), l.pending[at:at+int64(p.size)]...), nil
	}
	return p.read()
}

// Apply makes changes, all or none. An urgent one is in the file when Apply returns
// nil; one that is not may wait in memory for the next that is, or for Flush. The
// order of changes is kept in any case. Values are copied. ErrFull says that values
// found no room.
func (l *Log) Apply(ops []Op, urgent bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	if l.opt.ReadOnly {
		return ErrReadOnly
	}
	if need := l.growth(ops); urgent && need > 0 && l.opt.Budget.refuses(need) {
		return fmt.Errorf("apply changes: %d bytes are used of %d: %w", l.opt.Budget.Used(), l.opt.Budget.Max(), ErrFull)
	}
	if err := l.append(ops, urgent); err != nil {
		return err
	}
	l.reclaim()
	return nil
}

// growth is by how much changes make larger what is alive: an item that takes the
// place of another needs no room.
func (l *Log) growth(ops []Op) int {
	need := recordSize(ops)
	for i := range ops {
		if ops[i].Value != nil {
			continue
		}
		if p, ok := l.index.find(ops[i].Key); ok {
			need -= p.size + replaceSlack
		}
	}
	return need
}

func (l *Log) append(ops []Op, urgent bool) error {
	size := recordSize(ops)
	if size > maxRecord {
		return fmt.Errorf("apply changes: %d bytes are more than a record holds (%d)", size, maxRecord)
	}
	if end := l.end(); end > 0 && end+int64(size) > l.opt.SegmentBytes {
		if err := l.roll(); err != nil {
			return err
		}
	}
	start, off := len(l.pending), l.end()
	l.pending = appendRecord(l.pending, ops)
	n := len(l.pending) - start
	if urgent || len(l.pending) >= lazyBytes {
		if err := l.write(); err != nil && (urgent || len(l.pending) > maxPending) {
			l.pending = l.pending[:start]
			return err
		}
	}
	l.grow(int64(n))
	s := l.index.active()
	s.size += int64(n)
	for i := range ops {
		if o := &ops[i]; o.Value == nil {
			l.index.deleted(s, o.Key)
		} else {
			l.index.set(s, o.Key, off, n)
		}
	}
	return nil
}

// end is where the next record begins in the active segment.
func (l *Log) end() int64 { return l.written + int64(len(l.pending)) }

func (l *Log) grow(n int64) {
	l.total += n
	l.opt.Budget.used.Add(n)
}

// write brings what is pending into the file.
func (l *Log) write() error {
	if len(l.pending) == 0 {
		return nil
	}
	s := l.index.active()
	if _, err := s.file.WriteAt(l.pending, l.written); err != nil {
		_ = s.file.Truncate(l.written) // of half a record only the scan of a later start would know
		l.failing = diskError(err)
		return l.failing
	}
	l.failing = nil
	l.written += int64(len(l.pending))
	l.dirty[s] = true
	l.pending = l.pending[:0]
	if cap(l.pending) > 2*lazyBytes {
		l.pending = nil
	}
	return nil
}

func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("write segment: %w: %w", ErrFull, err)
	}
	return fmt.Errorf("write segment: %w", err)
}

// roll seals the active segment and begins the next.
func (l *Log) roll() error {
	if err := l.write(); err != nil {
		return err
	}
	s := l.index.active()
	next, err := l.create(s.id + 1)
	if err != nil {
		l.failing = diskError(err)
		return l.failing
	}
	l.seal(s)
	l.index.segments = append(l.index.segments, next)
	l.written = 0
	return nil
}

func (l *Log) create(id uint64) (*segment, error) {
	path := segmentPath(l.dir, id)
	f, err := l.opt.OpenFile(path, true)
	if err != nil {
		return nil, err
	}
	return &segment{id: id, path: path, file: f}, nil
}

// seal writes the summary of a segment. Without one, as on a full disk, the segment
// is only slower to open.
func (l *Log) seal(s *segment) {
	b := appendSeal(l.index.appendSummary(nil, s), s.size)
	s.deletes = nil
	if _, err := s.file.WriteAt(b, s.size); err != nil {
		_ = s.file.Truncate(s.size)
		return
	}
	s.size += int64(len(b))
	l.grow(int64(len(b)))
	l.dirty[s] = true
}

// Flush brings what waits in memory into the file.
func (l *Log) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrClosed
	}
	return l.write()
}

// Sync makes what was applied so far survive a loss of power. Others may go on to
// apply meanwhile.
func (l *Log) Sync() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	err := l.write()
	if l.opt.NoSync {
		clear(l.dirty)
	}
	var files []*segment
	for s := range l.dirty {
		files = append(files, s)
		delete(l.dirty, s)
	}
	l.mu.Unlock()
	for _, s := range files {
		if e := s.file.Sync(); e != nil && !errors.Is(e, os.ErrClosed) {
			err = errors.Join(err, fmt.Errorf("sync segment: %w", e))
			l.mu.Lock()
			l.dirty[s] = true
			l.mu.Unlock()
		}
	}
	return err
}

// Close flushes, syncs and closes; the log cannot be used any more.
func (l *Log) Close() error {
	err := l.Sync()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	for _, s := range l.index.segments {
		err = errors.Join(err, s.file.Close())
	}
	l.opt.Budget.used.Add(-l.total)
	return err
}
