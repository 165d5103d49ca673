package segmentlog

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const segmentSuffix = ".seg"

// segment is one file of the log. The last one is written to, the others are sealed.
type segment struct {
	id    uint64
	path  string
	file  File
	size  int64
	items []item // by number; what was deleted stays, with size 0
	// alive counts the keys whose newest value is here, aliveBytes their records.
	alive      int
	aliveBytes int64
	// deletes are what this segment's records deleted of earlier segments; kept for
	// the summary, so only until the segment is sealed.
	deletes []string
}

// item is a key that is a decimal number, larger than all before it when it was
// set: the items of a queue. They cost 16 bytes of memory each.
type item struct {
	num       uint64
	off, size uint32 // of the record
}

// place is where the newest value of a key is.
type place struct {
	seg  *segment
	off  int64
	size int
}

func segmentPath(dir string, id uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016x%s", id, segmentSuffix))
}

// segmentID is the inverse of segmentPath.
func segmentID(name string) (uint64, bool) {
	stem, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(stem) != 16 {
		return 0, false
	}
	id, err := strconv.ParseUint(stem, 16, 64)
	return id, err == nil
}

// number reads a key that is a number in its only decimal form.
func number(key string) (uint64, bool) {
	if key == "" || len(key) > 19 || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	n := uint64(0)
	for i := range len(key) {
		d := key[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, true
}

// find returns the item with a number, nil if it is not here or was deleted.
func (s *segment) find(num uint64) *item {
	if len(s.items) == 0 || num < s.items[0].num || num > s.items[len(s.items)-1].num {
		return nil
	}
	i, ok := slices.BinarySearchFunc(s.items, num, func(it item, n uint64) int { return cmp.Compare(it.num, n) })
	if !ok || s.items[i].size == 0 {
		return nil
	}
	return &s.items[i]
}

func (s *segment) gain(size int) { s.alive++; s.aliveBytes += int64(size) }
func (s *segment) lose(size int) { s.alive--; s.aliveBytes -= int64(size) }

// read returns the record at a place; the bytes belong to the caller.
func (p place) read() ([]byte, error) {
	buf := make([]byte, p.size)
	if n, err := p.seg.file.ReadAt(buf, p.off); n < len(buf) {
		return nil, fmt.Errorf("read record: %w", err)
	}
	return buf, nil
}
