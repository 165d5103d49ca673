package segmentstorageextension

import (
	"maps"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// recovery makes the start of upstream's persistent queue safe. That queue reads the
// items that were being sent when the process ended, deletes all of them, and then
// adds them again one by one (exporterhelper, enqueueNotDispatchedReqs): a crash in
// between loses them. Here such a deletion waits, item by item, for the addition that
// replaces it, and both are one record. What is not added again stays and is brought
// back by mendQueue at the next start.
type recovery struct {
	mu      sync.Mutex
	over    bool
	fetched map[string]uint64 // hash of the values that the queue has read
	held    map[string]uint64 // of them, those that it has deleted and not added again
	// stranded are the held items that the queue will not add again in this life, until
	// they are taken.
	stranded []string
	kept     map[string]bool // items that the disk could not give; they stay for the next start
}

// maxKept bounds the items that a failing disk keeps in the store.
const maxKept = 10_000

// read notes what was read by a batch of nothing but reads.
func (r *recovery) read(ops []*storage.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	for _, op := range ops {
		if _, ok := segmentlog.Number(op.Key); ok && op.Value != nil {
			if r.fetched == nil {
				r.fetched = map[string]uint64{}
			}
			r.fetched[op.Key] = xxhash.Sum64(op.Value)
		}
	}
}

// change returns what is to be done for changes that the component asks for.
func (r *recovery) change(changes []segmentlog.Op) []segmentlog.Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) > 0 {
		changes = r.withoutKept(changes)
	}
	if r.over {
		return changes
	}
	if r.held == nil && r.deletesFetched(changes) {
		r.held = r.fetched
		return nil
	}
	if key, ok := r.replaced(changes); ok {
		delete(r.held, key)
		return append(changes, segmentlog.Op{Key: key})
	}
	if r.adds(changes) {
		return changes // still recovering
	}
	r.over = true
	r.fetched = nil
	r.stranded = slices.Collect(maps.Keys(r.held))
	return changes
}

// strandedItems returns each stranded item once.
func (r *recovery) strandedItems() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.stranded
	r.stranded = nil
	return out
}

// deletesFetched reports whether the changes delete what was read, and nothing else.
func (r *recovery) deletesFetched(changes []segmentlog.Op) bool {
	if len(r.fetched) == 0 {
		return false
	}
	found := 0
	for i := range changes {
		if changes[i].Value != nil {
			return false
		}
		if _, ok := r.fetched[changes[i].Key]; ok {
			found++
		}
	}
	return found == len(r.fetched)
}

// replaced returns the held item that the changes add again.
func (r *recovery) replaced(changes []segmentlog.Op) (string, bool) {
	if len(r.held) == 0 || !r.adds(changes) {
		return "", false
	}
	for i := range changes {
		if _, ok := segmentlog.Number(changes[i].Key); !ok {
			continue
		}
		sum := xxhash.Sum64(changes[i].Value)
		for key, held := range r.held {
			if held == sum {
				return key, true
			}
		}
	}
	return "", false
}

// adds reports whether the changes are those of an item that is added to a queue.
func (r *recovery) adds(changes []segmentlog.Op) bool {
	if len(changes) != 2 || changes[0].Value == nil || changes[1].Value == nil {
		return false
	}
	_, ok := segmentlog.Number(changes[1].Key)
	return ok && changes[0].Key == queueNotes
}

func (r *recovery) withoutKept(changes []segmentlog.Op) []segmentlog.Op {
	out := changes[:0]
	for _, c := range changes {
		if c.Value != nil || !r.kept[c.Key] {
			out = append(out, c)
		}
	}
	return out
}

// keep makes later deletions of an item do nothing: the queue deletes what it cannot
// read, as if it had been sent.
func (r *recovery) keep(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := segmentlog.Number(key); !ok || len(r.kept) >= maxKept {
		return
	}
	if r.kept == nil {
		r.kept = map[string]bool{}
	}
	r.kept[key] = true
}

// hides reports whether the component has deleted an item that is still there.
func (r *recovery) hides(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.held[key]
	return ok
}
