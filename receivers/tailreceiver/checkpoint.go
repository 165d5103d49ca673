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

	mu    sync.Mutex // guards files and dirty
	files map[fileID]checkpoint
	dirty [buckets]bool
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
			s.files[c.id()] = c
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
	if _, known := s.files[id]; !known && len(s.files) >= s.limit {
		s.evictOldest()
	}
	s.files[id] = checkpoint{Dev: id.dev, Ino: id.ino, Path: path, position: pos, Seen: now.Unix()}
	s.dirty[bucketOf(id)] = true
}

func (s *store) evictOldest() {
	var oldest fileID
	seen := int64(0)
	for id, c := range s.files {
		if seen == 0 || c.Seen < seen {
			oldest, seen = id, c.Seen
		}
	}
	delete(s.files, oldest)
	s.dirty[bucketOf(oldest)] = true
}

func (s *store) get(id fileID) (checkpoint, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.files[id]
	return c, ok
}

// all returns the checkpoints, the latest first.
func (s *store) all() []checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]checkpoint, 0, len(s.files))
	for _, c := range s.files {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Seen > out[j].Seen })
	return out
}

// moved returns the checkpoints of files of the same or a rotated name.
func (s *store) moved(path string) []checkpoint {
	base := filepath.Base(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []checkpoint
	for _, c := range s.files {
		if c.Path != path && filepath.Base(c.Path) == base || rotatedName(c.Path, path) {
			out = append(out, c)
		}
	}
	return out
}

// expire forgets files that nobody follows any more and that changed long ago.
func (s *store) expire(now time.Time, followed func(fileID) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.files {
		if now.Sub(time.Unix(c.Seen, 0)) > checkpointAge && !followed(id) {
			delete(s.files, id)
			s.dirty[bucketOf(id)] = true
		}
	}
}

// flush writes the changed buckets in one transaction.
func (s *store) flush(ctx context.Context) error {
	s.mu.Lock()
	changed := s.dirty
	s.dirty = [buckets]bool{}
	var content [buckets][]checkpoint
	for id, c := range s.files {
		if b := bucketOf(id); changed[b] {
			content[b] = append(content[b], c)
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
