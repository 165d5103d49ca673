package segmentstorageextension

import (
	"encoding/binary"
	"sync"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// accountKey keeps, in the same record as each change of a queue, how many records
// its items hold.
const accountKey = "tidewatch.records"

// account counts the log records, data points or spans in the items of one queue. It
// follows the notes that upstream's queue writes with every change: they say by how
// much an item makes the queue larger. The notes alone would not do: they also count
// items that the storage refused.
type account struct {
	mu      sync.Mutex
	queue   bool
	waiting int64            // records in the queue
	carried int64            // of them, those that were there at the start
	damaged int64            // records given up since the start, because they could not be read
	last    int64            // what the newest notes say, also those that were refused
	items   map[uint64]int64 // records of each item that was added since the start; bounded by the queue
	unread  map[uint64]bool  // items that could not be read, until the queue deletes them
}

// open begins to count a queue with what was counted before.
func (a *account) open(l *segmentlog.Log, n notes, items int) {
	a.queue, a.items, a.unread = true, map[uint64]int64{}, map[uint64]bool{}
	a.last = n.itemsSize
	a.waiting = n.itemsSize
	if b, err := l.Get(accountKey); err == nil && len(b) == 8 {
		a.waiting = int64(binary.LittleEndian.Uint64(b)) //nolint:gosec // a count
	}
	if items == 0 {
		a.damaged, a.waiting = a.waiting, 0
	}
	a.carried = a.waiting + a.damaged
}

// change is what a batch does to an account.
type change struct {
	added, deleted uint64
	adds, deletes  bool
	delta          int64 // of the notes
	replaces       bool  // the added item takes the place of another that holds the same
}

// read finds out what changes mean, before they are made.
func (a *account) read(changes []segmentlog.Op, replaces bool) (c change, ok bool) {
	if !a.queue {
		return c, false
	}
	c.replaces = replaces
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range changes {
		op := &changes[i]
		num, isItem := segmentlog.Number(op.Key)
		switch {
		case op.Key == queueNotes && op.Value != nil:
			if n, good := parseNotes(op.Value); good {
				c.delta = n.itemsSize - a.last
				a.last = n.itemsSize
			}
		case isItem && op.Value != nil:
			c.added, c.adds = num, true
		case isItem && !replaces:
			c.deleted, c.deletes = num, true
		}
	}
	return c, c.adds || c.deletes
}

// after returns how many records wait once a change was made.
func (a *account) after(c change) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting + a.step(c)
}

func (a *account) step(c change) int64 {
	step := int64(0)
	if c.adds && !c.replaces {
		step += max(c.delta, 0)
	}
	if c.deletes {
		n, known := a.items[c.deleted]
		if !known {
			n = max(-c.delta, 0)
		}
		step -= min(n, a.waiting)
	}
	return step
}

// made counts a change that was made; left items are in the queue now.
func (a *account) made(c change, left int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	step := a.step(c)
	a.waiting += step
	if c.adds && !c.replaces {
		a.items[c.added] = max(c.delta, 0)
	}
	if c.deletes {
		if a.unread[c.deleted] {
			a.damaged -= step
			delete(a.unread, c.deleted)
		}
		delete(a.items, c.deleted)
	}
	if left == 0 { // what was counted and is not there was in items that damage took
		a.damaged += a.waiting
		a.waiting = 0
	}
}

// spoiled notes that an item cannot be read.
func (a *account) spoiled(key string) {
	num, ok := segmentlog.Number(key)
	if !ok || !a.queue {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.unread) < maxKept {
		a.unread[num] = true
	}
}

// records returns what waits, what of it was there at the start, and what was given up.
func (a *account) records() (waiting, carried, damaged int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waiting, a.carried, a.damaged
}

func countBytes(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) } //nolint:gosec // a count
