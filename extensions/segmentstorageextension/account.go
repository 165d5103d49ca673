package segmentstorageextension

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// accountKey keeps, in the same record as each change of a queue, how many records
// its items hold and how many it has ever accepted.
const accountKey = "tidewatch.records"

// account counts the log records, data points or spans in the items of one queue.
// Upstream's queue keeps a count too, but it also counts items that found no room.
type account struct {
	signal string   // of the queue; empty for other state, which is not counted
	file   accepted // says the same as the newest accountKey and queueNotes

	mu      sync.Mutex
	waiting int64            // records in the queue
	notes   []byte           // the newest of the queue
	ever    int64            // records accepted in all lives
	carried int64            // of them, those that were there at the start
	damaged int64            // records given up since the start, because they could not be read
	full    int64            // records given up since the start, because there was no room
	items   map[uint64]int64 // records of the items that were added or read since the start
	unread  map[uint64]bool  // items that could not be read, until the queue deletes them
}

// open begins to count a queue with what was counted before.
func (a *account) open(l *segmentlog.Log, signal string, found *mended, file accepted) {
	a.signal, a.file, a.items, a.unread = signal, file, map[uint64]int64{}, map[uint64]bool{}
	counted := int64(-1)
	a.waiting = found.records
	if b, err := l.Get(accountKey); err == nil {
		if waiting, ever, ok := parseCounts(b); ok {
			a.waiting, a.ever, counted = waiting, ever, ever
		}
	}
	if ever, waiting, last, ok := file.read(); ok && ever > counted {
		a.ever = ever
		a.recount(l, waiting, &last)
	} else {
		for _, it := range found.again { // their deletion was lost: they wait once more
			a.waiting += a.count(l, it)
		}
	}
	a.carried = a.waiting
	if len(l.Items()) == 0 {
		a.damaged, a.waiting = a.waiting, 0
	}
}

// recount counts the items that are there, and those records that waited by the last
// notes and are not: damage took the end of the queue, with the counts in it.
func (a *account) recount(l *segmentlog.Log, waited int64, last *notes) {
	a.waiting = waited
	for _, it := range l.Items() {
		if n := a.count(l, it); it < last.read && !slices.Contains(last.dispatched, it) {
			a.waiting += n // it had been delivered, and comes again
		}
	}
}

// count returns the records of an item, 0 if it cannot be read.
func (a *account) count(l *segmentlog.Log, it uint64) int64 {
	value, err := l.Get(segmentlog.Key(it))
	if err != nil {
		return 0
	}
	a.items[it] = countRecords(a.signal, value)
	return a.items[it]
}

// step is what a batch does to an account.
type step struct {
	added   uint64
	records int64  // in the added item
	notes   []byte // of the queue, nil if they stay as they are
	adds    bool
	again   bool // the added item takes the place of the deleted one
	deletes bool
	deleted uint64
}

// read finds out what changes mean. replaces says that the added item takes the place
// of a deleted one that holds the same.
func (a *account) read(changes []segmentlog.Op, replaces bool) (s step, counted bool) {
	if a.signal == "" {
		return s, false
	}
	for i := range changes {
		num, isItem := segmentlog.Number(changes[i].Key)
		switch {
		case !isItem:
			if changes[i].Key == queueNotes {
				s.notes = changes[i].Value
			}
		case changes[i].Value != nil:
			s.added, s.adds, s.records = num, true, countRecords(a.signal, changes[i].Value)
		default:
			s.deleted, s.deletes = num, true
		}
	}
	if s.again = replaces && s.adds && s.deletes; s.again {
		a.mu.Lock()
		a.items[s.deleted] = s.records
		a.mu.Unlock()
	}
	return s, s.notes != nil || s.adds || s.deletes
}

// seen notes how many records an item holds that was read.
func (a *account) seen(key string, value []byte) {
	num, ok := segmentlog.Number(key)
	if !ok || a.signal == "" || value == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.items[num]; !known {
		a.items[num] = countRecords(a.signal, value)
	}
}

// after returns the counts once a step is taken, as they are stored.
func (a *account) after(s step) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	return countBytes(a.waiting+s.records-a.items[s.deleted]*boolean(s.deletes), a.ever+s.records*boolean(!s.again))
}

// now returns the counts as they are stored.
func (a *account) now() []byte { return a.after(step{}) }

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// taken counts a step; left items are in the queue now. It reports whether records
// were found to be missing, so that the stored count is no longer right.
func (a *account) taken(s step, left int) (missed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.adds {
		a.items[s.added] = s.records
		a.waiting += s.records
		a.ever += s.records * boolean(!s.again)
	}
	if s.deletes {
		n := a.items[s.deleted]
		a.waiting -= n
		if a.unread[s.deleted] {
			a.damaged += n
			delete(a.unread, s.deleted)
		}
		delete(a.items, s.deleted)
	}
	if left == 0 && a.waiting != 0 { // what was counted and is not there was in items that damage took
		missed = true
		a.damaged += a.waiting
		a.waiting = 0
	}
	if s.notes != nil {
		a.notes = append(a.notes[:0], s.notes...)
	}
	if s.adds || s.deletes {
		a.file.write(a.ever, a.waiting, a.notes)
	}
	return missed
}

// leave takes items off that stay for the next start, which will carry them.
func (a *account) leave(keys []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range keys {
		if num, ok := segmentlog.Number(key); ok {
			a.waiting -= a.items[num]
			a.carried -= a.items[num]
			delete(a.items, num)
		}
	}
}

// spoiled notes that an item cannot be read.
func (a *account) spoiled(key string) {
	num, ok := segmentlog.Number(key)
	if !ok || a.signal == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.unread) < maxKept {
		a.unread[num] = true
	}
}

// refused counts a new item that is given up instead of being stored.
func (a *account) refused(s step) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.full += s.records
}

// removed counts an item that was given up to make room.
func (a *account) removed(item uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.full += a.items[item]
	a.waiting -= a.items[item]
	delete(a.items, item) // so that the queue's deletion takes nothing off
	a.file.write(a.ever, a.waiting, a.notes)
}

// records returns what waits, what of it was there at the start, and what was given up.
func (a *account) records() (waiting, carried, damaged, full int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting, a.carried, a.damaged, a.full
}

func countBytes(waiting, ever int64) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 2*8), uint64(waiting)) //nolint:gosec // a count
	return binary.LittleEndian.AppendUint64(b, uint64(ever))                     //nolint:gosec // a count
}

// parseCounts is the inverse of countBytes.
func parseCounts(b []byte) (waiting, ever int64, ok bool) {
	if len(b) != 2*8 {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:])), true //nolint:gosec // counts
}
