package segmentstorageextension

import (
	"encoding/binary"
	"sync"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// accountKey keeps, in the same record as each change of a queue, how many records
// its items hold.
const accountKey = "tidewatch.records"

// account counts the log records, data points or spans in the items of one queue.
// Upstream's queue keeps a count too, but it also counts items that found no room.
type account struct {
	signal string // of the queue; empty for other state, which is not counted

	mu      sync.Mutex
	waiting int64            // records in the queue
	carried int64            // of them, those that were there at the start
	damaged int64            // records given up since the start, because they could not be read
	full    int64            // records given up since the start, because there was no room
	items   map[uint64]int64 // records of the items that were added or read since the start
	unread  map[uint64]bool  // items that could not be read, until the queue deletes them
}

// open begins to count a queue with what was counted before.
func (a *account) open(l *segmentlog.Log, signal string, n notes, items int) {
	a.signal, a.items, a.unread = signal, map[uint64]int64{}, map[uint64]bool{}
	a.waiting = n.itemsSize
	if b, err := l.Get(accountKey); err == nil && len(b) == 8 {
		a.waiting = int64(binary.LittleEndian.Uint64(b)) //nolint:gosec // a count
	}
	a.carried = a.waiting
	if items == 0 {
		a.damaged, a.waiting = a.waiting, 0
	}
}

// step is what a batch does to an account.
type step struct {
	added   uint64
	records int64 // in the added item
	adds    bool
	deletes bool
	deleted uint64
}

// read finds out what changes mean. replaces says that the added item takes the place
// of a deleted one that holds the same.
func (a *account) read(changes []segmentlog.Op, replaces bool) (s step, ok bool) {
	if a.signal == "" {
		return s, false
	}
	for i := range changes {
		num, isItem := segmentlog.Number(changes[i].Key)
		switch {
		case !isItem:
		case changes[i].Value != nil:
			s.added, s.adds, s.records = num, true, countRecords(a.signal, changes[i].Value)
		default:
			s.deleted, s.deletes = num, true
		}
	}
	if replaces && s.adds && s.deletes {
		a.mu.Lock()
		a.items[s.deleted] = s.records
		a.mu.Unlock()
	}
	return s, s.adds || s.deletes
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

// after returns how many records wait once a step is taken.
func (a *account) after(s step) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting + s.records - a.items[s.deleted]*boolean(s.deletes)
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
	if s.adds {
		a.items[s.added] = s.records
		a.waiting += s.records
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
	if left == 0 { // what was counted and is not there was in items that damage took
		a.damaged += a.waiting
		a.waiting = 0
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
}

// records returns what waits, what of it was there at the start, and what was given up.
func (a *account) records() (waiting, carried, damaged, full int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting, a.carried, a.damaged, a.full
}

func countBytes(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) } //nolint:gosec // a count
