package tailreceiver

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	// buckets part the checkpoints, so that one busy file does not rewrite all.
	buckets = 64
	// checkpointAge is how long the checkpoint of a file that is gone is kept.
	checkpointAge = 7 * 24 * time.Hour
	// startedKey tells the first start from later ones.
	startedKey = "started"
	crcBytes   = 4
)

// checkpoint is what is stored of one file.
type checkpoint struct {
	Dev  uint64 `json:"d"`
	Ino  uint64 `json:"i"`
	Path string `json:"p"`
	position
	// Seen is when the checkpoint last changed, in Unix seconds.
	Seen int64 `json:"t"`
}

func (c *checkpoint) id() fileID { return fileID{dev: c.Dev, ino: c.Ino} }

// store keeps checkpoints in memory and writes changed ones to the storage
// extension, each bucket with a checksum. It is safe for concurrent use.
type store struct {
	client storage.Client
	limit  int

	saving sync.Mutex // one flush at a time, so that a later one is not overtaken

	mu    sync.Mutex // guards files, count and dirty
	files [buckets]map[fileID]checkpoint
	count int
	dirty [buckets]bool
}

// set stores c; the lock is held.
func (s *store) set(c checkpoint) {
	b := bucketOf(c.id())
	if s.files[b] == nil {
		s.files[b] = map[fileID]checkpoint{}
	}
	if _, known := s.files[b][c.id()]; !known {
		s.count++
	}
	s.files[b][c.id()] = c
}

// remove forgets a file; the lock is held.
func (s *store) remove(id fileID) {
	b := bucketOf(id)
	if _, known := s.files[b][id]; known {
		delete(s.files[b], id)
		s.count--
		s.dirty[b] = true
	}
}

// each calls fn for every checkpoint; the lock is held.
func (s *store) each(fn func(checkpoint)) {
	for _, files := range s.files {
		for _, c := range files {
			fn(c)
		}
	}
}

func bucketKey(i int) string { return "files/" + strconv.Itoa(i) }

func bucketOf(id fileID) int { return int((id.ino ^ id.dev*31) % buckets) }

// load reads all checkpoints. first is true if there never were any. A bucket
// that cannot be read is reported in damaged and left out: its files are then
// read again from their beginning.
func (s *store) load(ctx context.Context) (first bool, damaged error, err error) {
	ops := []*storage.Operation{storage.GetOperation(startedKey)}
	for i := range buckets {
		ops = append(ops, storage.GetOperation(bucketKey(i)))
	}
	if err := s.client.Batch(ctx, ops...); err != nil {
		return false, nil, fmt.Errorf("load checkpoints: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first = ops[0].Value == nil
	for i, op := range ops[1:] {
		if op.Value == nil {
			continue
		}
		first = false
		entries, err := decodeBucket(op.Value)
		if err != nil {
			damaged = errors.Join(damaged, fmt.Errorf("read checkpoints %s: %w", bucketKey(i), err))
			continue
		}
		for _, c := range entries {
			s.set(c)
		}
	}
	if err := s.client.Set(ctx, startedKey, []byte("1")); err != nil {
		return first, damaged, fmt.Errorf("write checkpoints: %w", err)
	}
	return first, damaged, nil
}

func decodeBucket(b []byte) ([]checkpoint, error) {
	if len(b) < crcBytes || crc32.ChecksumIEEE(b[crcBytes:]) != binary.BigEndian.Uint32(b) {
		return nil, errors.New("checksum is wrong")
	}
	var entries []checkpoint
	if err := json.Unmarshal(b[crcBytes:], &entries); err != nil {
		return nil, fmt.Errorf("decode checkpoints: %w", err)
	}
	return entries, nil
}

func encodeBucket(entries []checkpoint) ([]byte, error) {
	body, err := json.Marshal(entries)
	if err != nil {
		return nil, fmt.Errorf("encode checkpoints: %w", err)
	}
	return append(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)), body...), nil
}

// put remembers a file's position; flush makes it last.
func (s *store) put(id fileID, path string, pos position, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.files[bucketOf(id)][id]; !known && s.count >= s.limit {
		s.evictOldest()
	}
	s.set(checkpoint{Dev: id.dev, Ino: id.ino, Path: path, position: pos, Seen: now.Unix()})
	s.dirty[bucketOf(id)] = true
}

func (s *store) evictOldest() {
	var oldest fileID
	seen := int64(0)
	s.each(func(c checkpoint) {
		if seen == 0 || c.Seen < seen {
			oldest, seen = c.id(), c.Seen
		}
	})
	s.remove(oldest)
}

func (s *store) get(id fileID) (checkpoint, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.files[bucketOf(id)][id]
	return c, ok
}

// all returns the checkpoints, the latest first.
func (s *store) all() []checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]checkpoint, 0, s.count)
	s.each(func(c checkpoint) { out = append(out, c) })
	sort.Slice(out, func(i, j int) bool { return out[i].Seen > out[j].Seen })
	return out
}

// moved returns the checkpoints of files of the same or a rotated name.
func (s *store) moved(path string) []checkpoint {
	base := filepath.Base(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []checkpoint
	s.each(func(c checkpoint) {
		if c.Path != path && filepath.Base(c.Path) == base || rotatedName(c.Path, path) {
			out = append(out, c)
		}
	})
	return out
}

// expire forgets files that nobody follows any more and that changed long ago.
func (s *store) expire(now time.Time, followed func(fileID) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.each(func(c checkpoint) {
		if now.Sub(time.Unix(c.Seen, 0)) > checkpointAge && !followed(c.id()) {
			s.remove(c.id())
		}
	})
}

// flush writes the changed buckets in one transaction.
func (s *store) flush(ctx context.Context) error {
	s.saving.Lock()
	defer s.saving.Unlock()
	s.mu.Lock()
	changed := s.dirty
	s.dirty = [buckets]bool{}
	var content [buckets][]checkpoint
	for b, c := range changed {
		for _, entry := range s.files[b] {
			if c {
				content[b] = append(content[b], entry)
			}
		}
	}
	s.mu.Unlock()
	var ops []*storage.Operation
	for i, c := range changed {
		if !c {
			continue
		}
		b, err := encodeBucket(content[i])
		if err != nil {
			return err
		}
		ops = append(ops, storage.SetOperation(bucketKey(i), b))
	}
	if len(ops) == 0 {
		return nil
	}
	if err := s.client.Batch(ctx, ops...); err != nil {
		s.mu.Lock()
		for i, c := range changed {
			s.dirty[i] = s.dirty[i] || c
		}
		s.mu.Unlock()
		return fmt.Errorf("write checkpoints: %w", err)
	}
	return nil
}
