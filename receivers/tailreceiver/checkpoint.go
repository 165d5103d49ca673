package tailreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	// buckets part the checkpoints, so that one busy file among thousands does not
	// rewrite all.
	buckets = 512
	// oldBuckets is how many the first version of the format had.
	oldBuckets = 64
	// checkpointAge is how long the checkpoint of a file that is gone is kept.
	checkpointAge = 7 * 24 * time.Hour
	// startedKey tells the first start from later ones; its value is the version.
	startedKey = "started"
	version    = "2"
)

// checkpoint is what is stored of a file, or of what it held before.
type checkpoint struct {
	Dev  uint64 `json:"d"`
	Ino  uint64 `json:"i"`
	Gen  uint32 `json:"-"`
	Path string `json:"p"`
	position
	// Seen is when the checkpoint last changed, in Unix seconds.
	Seen int64 `json:"t"`
	// Done is true if nothing is left to be read of content that is gone.
	Done bool `json:"-"`

	followed bool // a file that is followed holds it
}

func (c *checkpoint) id() contentID {
	return contentID{fileID: fileID{dev: c.Dev, ino: c.Ino}, gen: c.Gen}
}

// store keeps checkpoints in memory and writes changed ones to the storage
// extension, each bucket with a checksum. It is safe for concurrent use.
type store struct {
	client  storage.Client
	limit   int       // of checkpoints
	evicted func(int) // hears how many were given up because of it

	saving sync.Mutex // one flush at a time, so that a later one is not overtaken

	mu    sync.Mutex // guards all below
	files [buckets]map[contentID]*checkpoint
	count int
	dirty [buckets]bool
	old   bool // the storage still has the first version's keys
	kin   index
}

func bucketKey(i int) string    { return "v2/" + strconv.Itoa(i) }
func oldBucketKey(i int) string { return "files/" + strconv.Itoa(i) }
func bucketOf(id contentID) int { return int((id.ino ^ id.dev*31) % buckets) }

// load reads all checkpoints. first is true if there never were any. A bucket
// that cannot be read is reported in damaged and left out: its files are then
// read again from their beginning.
func (s *store) load(ctx context.Context) (first bool, damaged error, err error) {
	started, err := s.client.Get(ctx, startedKey)
	if err != nil {
		return false, nil, fmt.Errorf("load checkpoints: %w", err)
	}
	var ops []*storage.Operation
	for i := range buckets {
		ops = append(ops, storage.GetOperation(bucketKey(i)))
	}
	s.old = string(started) != version
	for i := 0; s.old && i < oldBuckets; i++ {
		ops = append(ops, storage.GetOperation(oldBucketKey(i)))
	}
	if err := s.client.Batch(ctx, ops...); err != nil {
		return false, nil, fmt.Errorf("load checkpoints: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first = started == nil
	for _, op := range ops {
		if op.Value == nil {
			continue
		}
		first = false
		entries, err := decodeBucket(op.Value)
		if err != nil {
			damaged = errors.Join(damaged, fmt.Errorf("read checkpoints %s: %w", op.Key, err))
			continue
		}
		for _, c := range entries {
			s.set(c)
			s.dirty[bucketOf(c.id())] = s.old
		}
	}
	if started == nil {
		// The first flush makes it the version, and is heard of if it fails.
		_ = s.client.Set(ctx, startedKey, []byte("1"))
	}
	return first, damaged, nil
}

// set stores c; the lock is held.
func (s *store) set(c checkpoint) {
	b := bucketOf(c.id())
	if s.files[b] == nil {
		s.files[b] = map[contentID]*checkpoint{}
	}
	was := s.files[b][c.id()]
	if was == nil {
		s.count++
	}
	s.kin.update(was, &c)
	s.files[b][c.id()] = &c
	s.dirty[b] = true
}

// remove forgets content; the lock is held.
func (s *store) remove(id contentID) {
	b := bucketOf(id)
	if was := s.files[b][id]; was != nil {
		s.kin.update(was, nil)
		delete(s.files[b], id)
		s.count--
		s.dirty[b] = true
	}
}

// put remembers the position of a followed file; flush makes it last.
func (s *store) put(c checkpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.followed = true
	s.makeRoom(c.id())
	s.set(c)
}

// bury remembers what a file held before it was truncated, rewritten or replaced,
// under a generation of its own, and forgets that the file holds it.
func (s *store) bury(c checkpoint) contentID {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := c.id()
	s.remove(id)
	for s.files[bucketOf(id)][id] != nil || id.gen == 0 {
		id.gen++
	}
	if c.Offset < minProof {
		return id // too little to be recognised
	}
	s.makeRoom(id)
	c.Gen, c.followed = id.gen, false
	s.set(c)
	return id
}

// take forgets buried content that a file was found to hold.
func (s *store) take(id contentID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
}

// release notes that a file is no longer followed, and whether all of it was read.
func (s *store) release(id contentID, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.files[bucketOf(id)][id]; c != nil {
		c.followed = false
		if done && !c.Done {
			c.Done = true
			s.dirty[bucketOf(id)] = true
		}
	}
}

func (s *store) get(id contentID) (checkpoint, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.files[bucketOf(id)][id]; c != nil {
		return *c, true
	}
	return checkpoint{}, false
}

// unread returns the checkpoints of content that no followed file holds and of
// which something may be left to read.
func (s *store) unread() []checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []checkpoint
	for _, files := range s.files {
		for _, c := range files {
			if !c.followed && !c.Done {
				out = append(out, *c)
			}
		}
	}
	return out
}

// makeRoom gives up the oldest of what is not followed if one more would be too
// many; the lock is held.
func (s *store) makeRoom(id contentID) {
	if s.count < s.limit || s.files[bucketOf(id)][id] != nil {
		return
	}
	s.drop(func(c *checkpoint) bool { return !c.followed }, s.limit/16+1)
}

// expire forgets files that nobody follows any more and that changed long ago.
func (s *store) expire(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(c *checkpoint) bool {
		return !c.followed && now.Sub(time.Unix(c.Seen, 0)) > checkpointAge
	}, s.count)
}

// drop forgets up to n of those that qualify, the oldest first; the lock is held.
func (s *store) drop(qualifies func(*checkpoint) bool, n int) {
	var gone []*checkpoint
	for _, files := range s.files {
		for _, c := range files {
			if qualifies(c) {
				gone = append(gone, c)
			}
		}
	}
	slices.SortFunc(gone, func(a, b *checkpoint) int { return int(a.Seen - b.Seen) })
	gone = gone[:min(n, len(gone))]
	for _, c := range gone {
		s.remove(c.id())
	}
	if len(gone) > 0 && s.evicted != nil {
		s.evicted(len(gone))
	}
}

// flush writes the changed buckets in one transaction.
func (s *store) flush(ctx context.Context) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	ops, changed, old := s.changes()
	if len(ops) == 0 {
		return nil
	}
	if old {
		ops = append(ops, storage.SetOperation(startedKey, []byte(version)))
		for i := range oldBuckets {
			ops = append(ops, storage.DeleteOperation(oldBucketKey(i)))
		}
	}
	err := s.client.Batch(ctx, ops...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		for i, c := range changed {
			s.dirty[i] = s.dirty[i] || c
		}
		return fmt.Errorf("write checkpoints: %w", err)
	}
	s.old = false
	return nil
}

// changes returns what is to be written and clears the marks that say so.
func (s *store) changes() (ops []*storage.Operation, changed [buckets]bool, old bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed, s.dirty = s.dirty, changed
	var entries []*checkpoint
	for i, c := range changed {
		if !c {
			continue
		}
		entries = entries[:0]
		for _, e := range s.files[i] {
			entries = append(entries, e)
		}
		ops = append(ops, storage.SetOperation(bucketKey(i), encodeBucket(entries)))
	}
	return ops, changed, s.old
}
