package segmentstorageextension

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// accountKey keeps, in the same record as each change of a queue, how many records
// its items hold and how many changes there have been.
const accountKey = "tidewatch.records"

// account counts the log records, data points or spans in the items of one queue.
// Upstream's queue keeps a count too, but it also counts items that found no room.
type account struct {
	signal string // of the queue; empty for other state, which is not counted
	file   counts // says the same as the newest accountKey and queueNotes

	mu sync.Mutex // guards the rest, and what is written to file
	tally
	carried int64            // records that were there at the start
	damaged int64            // records given up since the start, because they could not be read
	full    int64            // records given up since the start, because there was no room
	items   map[uint64]int64 // records of the items that were added or read since the start
	unread  map[uint64]bool  // items that could not be read, until the queue deletes them
}

// open begins to count a queue with what was counted before, by the file or by the
// queue itself, whichever is newer.
func (a *account) open(l *segmentlog.Log, signal string, found *mended, file counts) {
	a.signal, a.file, a.items, a.unread = signal, file, map[uint64]int64{}, map[uint64]bool{}
	a.waiting = found.records
	counted := false
	if b, err := l.Get(accountKey); err == nil {
		if waiting, step, ok := parseCounts(b); ok {
			a.waiting, a.step, counted = waiting, step, true
		}
	}
	again := found.again // their deletion was lost: they wait once more
	if t, ok := file.newest(); ok && (!counted || t.step >= a.step) {
		a.tally = t
		again = a.delivered(l.Items())
	}
	for _, it := range again {
		a.waiting += a.count(l, it)
	}
	a.notes, _ = l.Get(queueNotes) // damaged: the next change has them
	a.carried = a.waiting
	if l.Len() == 0 {
		a.damaged, a.waiting = a.waiting, 0
	}
}

// delivered returns the items that are there and did not wait any more: the notes of
// their deletion were lost.
func (a *account) delivered(items []uint64) []uint64 {
	n, _ := parseNotes(a.notes)
	for newer, older := range a.moved {
		if _, there := slices.BinarySearch(items, newer); !there {
			n.dispatched = append(n.dispatched, older) // if it is there, it takes the place of the newer
		}
	}
	return slices.DeleteFunc(items[:firstFrom(items, n.read)], func(it uint64) bool { return slices.Contains(n.dispatched, it) })
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

// keep stores the counts with which a queue begins.
func (a *account) keep(l *segmentlog.Log) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.file.write(&a.tally)
	return l.Apply([]segmentlog.Op{{Key: accountKey, Value: countBytes(a.waiting, a.step)}}, false)
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
	return countBytes(a.waiting+s.records-a.items[s.deleted]*boolean(s.deletes), a.step+1)
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// taken counts a step; left items are in the queue now.
func (a *account) taken(s step, left int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.step++
	if s.adds {
		a.items[s.added] = s.records
		a.waiting += s.records
	}
	if s.again {
		if a.moved == nil {
			a.moved = map[uint64]uint64{}
		}
		a.moved[s.added] = s.deleted
	}
	if s.deletes {
		n := a.items[s.deleted]
		a.waiting -= n
		if a.unread[s.deleted] {
			a.damaged += n
			delete(a.unread, s.deleted)
		}
		delete(a.items, s.deleted)
		delete(a.moved, s.deleted)
	}
	if s.notes != nil {
		a.notes = append(a.notes[:0], s.notes...)
	}
	if left == 0 {
		// What was counted and is neither there nor being sent was in items that damage
		// took; what was not counted had been given up, and came back.
		beyond := a.waiting - a.sending()
		a.damaged += max(beyond, 0)
		a.carried += max(-beyond, 0)
		a.waiting -= beyond
	}
	a.file.write(&a.tally)
}

// sending returns the records of the items that are being sent, as far as it is known.
func (a *account) sending() (records int64) {
	n, _ := parseNotes(a.notes)
	for _, it := range n.dispatched {
		records += a.items[it]
	}
	return records
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
	delete(a.moved, item)
	a.step++
	a.file.write(&a.tally)
}

// close closes the file.
func (a *account) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.file.close()
}

// records returns what waits, what of it was there at the start, and what was given up.
func (a *account) records() (waiting, carried, damaged, full int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting, a.carried, a.damaged, a.full
}

func countBytes(waiting int64, step uint64) []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 2*8), uint64(waiting)) //nolint:gosec // a count
	return binary.LittleEndian.AppendUint64(b, step)
}

// parseCounts is the inverse of countBytes.
func parseCounts(b []byte) (waiting int64, step uint64, ok bool) {
	if len(b) != 2*8 {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(b)), binary.LittleEndian.Uint64(b[8:]), true //nolint:gosec // a count
}
