package segmentlog

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// maxSegment bounds SegmentBytes, so that offsets fit into 32 bits.
const maxSegment = 1 << 30

// Open opens the log in a folder, which it makes if there is none. What is damaged
// is left out, copied to the quarantine and counted; only a folder or file that
// cannot be used at all is an error.
func Open(dir string, opt Options) (*Log, error) {
	if opt.SegmentBytes <= 0 {
		opt.SegmentBytes = defaultSegmentBytes
	}
	opt.SegmentBytes = min(opt.SegmentBytes, maxSegment)
	if opt.Budget == nil {
		opt.Budget = NewBudget(0)
	}
	if opt.OpenFile == nil {
		opt.OpenFile = openOS
		if opt.ReadOnly {
			opt.OpenFile = openToRead
		}
	}
	l := &Log{dir: dir, opt: opt, index: index{named: map[string]place{}}, dirty: map[*segment]bool{}}
	if !opt.ReadOnly {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make folder of the log: %w", err)
		}
	}
	if err := l.load(); err != nil {
		for _, s := range l.index.segments {
			s.file.Close()
		}
		opt.Budget.used.Add(-l.total)
		return nil, err
	}
	if !opt.ReadOnly {
		l.reclaim()
	}
	return l, nil
}

func (l *Log) load() error {
	found, err := listSegments(l.dir)
	if err != nil {
		return err
	}
	sealed := true
	for i, s := range found {
		if s.file, err = l.opt.OpenFile(s.path, false); err != nil {
			return err
		}
		l.index.segments = append(l.index.segments, s)
		l.total += s.size
		l.opt.Budget.used.Add(s.size)
		if l.index.readSummary(s) {
			continue
		}
		if sealed = i < len(found)-1; !sealed {
			err = l.scanLast(s)
		} else {
			err = l.scanSealed(s)
		}
		if err != nil {
			return fmt.Errorf("open %s: %w", s.path, err)
		}
	}
	if l.opt.ReadOnly {
		if len(found) > 0 {
			l.written = l.index.active().size
		}
		return nil
	}
	if !sealed {
		l.written = l.index.active().size
		return nil
	}
	next := uint64(1)
	if len(found) > 0 {
		next = found[len(found)-1].id + 1
	}
	s, err := l.create(next)
	if err != nil {
		return err
	}
	l.index.segments = append(l.index.segments, s)
	if l.opt.NoSync {
		return nil
	}
	return syncDir(l.dir)
}

func listSegments(dir string) ([]*segment, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	var out []*segment
	for _, e := range entries {
		id, ok := segmentID(e.Name())
		if !ok {
			continue
		}
		fi, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("list segments: %w", err)
		}
		out = append(out, &segment{id: id, path: filepath.Join(dir, e.Name()), size: fi.Size()})
	}
	slices.SortFunc(out, func(a, b *segment) int { return cmp.Compare(a.id, b.id) })
	return out, nil
}

// scanLast reads the segment that was written to last and cuts off what the end of
// the process, or damage, left of its last write.
func (l *Log) scanLast(s *segment) error {
	end, tail, err := l.scan(s)
	if err != nil {
		return err
	}
	if tail > 0 {
		l.damage.TornBytes += tail
		l.damaged(s, s.size-tail, tail)
	}
	return l.cut(s, end)
}

// scanSealed reads a segment whose summary is missing or damaged, and writes a new one.
func (l *Log) scanSealed(s *segment) error {
	end, tail, err := l.scan(s)
	if err != nil {
		return err
	}
	if tail > 0 && !l.isSummary(s, end, s.size-tail) {
		l.damaged(s, s.size-tail, tail)
	}
	if err := l.cut(s, end); err != nil || l.opt.ReadOnly {
		return err
	}
	l.seal(s)
	return nil
}

// cut ends a segment at end.
func (l *Log) cut(s *segment, end int64) error {
	if end == s.size || l.opt.ReadOnly {
		return nil
	}
	if err := s.file.Truncate(end); err != nil {
		return fmt.Errorf("cut end of segment: %w", err)
	}
	l.grow(end - s.size)
	s.size = end
	return nil
}

// isSummary reports whether what begins at tail, behind records that end at end, is
// nothing but what is left of a summary and its seal.
func (l *Log) isSummary(s *segment, end, tail int64) bool {
	if tail > end { // the summary was whole, the seal behind it is not
		return s.size-tail == sealBytes
	}
	var b [sealBytes]byte
	n, _ := s.file.ReadAt(b[:], s.size-sealBytes)
	return n == sealBytes && string(b[8:]) == sealMark && int64(binary.LittleEndian.Uint64(b[:])) == end
}

// scan applies the records of a segment. It returns where the last of them ends, and
// how many bytes at the end of the file are no record.
func (l *Log) scan(s *segment) (end, tail int64, err error) {
	err = scan(s.file, s.size, func(off int64, size int, payload []byte) {
		if len(payload) > 0 && payload[0] == opSummary {
			return
		}
		end = off + int64(size)
		bad := eachOp(payload, func(key, _ []byte) { l.index.set(s, string(key), off, size) },
			func(key []byte) { l.index.deleted(s, string(key)) })
		if bad != nil {
			l.damaged(s, off, int64(size))
		}
	}, func(off, n int64) {
		if off+n == s.size {
			tail = n
			return
		}
		l.damaged(s, off, n)
	})
	return end, tail, err
}
