package segmentlog

import (
	"cmp"
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
		if !l.opt.Deep && l.index.readSummary(s) {
			continue
		}
		sealed = i < len(found)-1
		if err := l.loadScanned(s, !sealed); err != nil {
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

// loadScanned reads a segment that has no summary: the last one, or one whose summary
// could not be written or is damaged.
func (l *Log) loadScanned(s *segment, last bool) error {
	if err := l.heal(s, last); err != nil {
		return err
	}
	err := scan(s.file, s.size, func(off int64, size int, payload []byte) {
		if isSummary(payload) {
			return
		}
		bad := eachOp(payload, func(key, _ []byte) { l.index.set(s, string(key), off, size) },
			func(key []byte) { l.index.deleted(s, string(key)) })
		if bad != nil {
			l.damaged(s, off, int64(size))
		}
	}, func(int64, int64) {})
	if err == nil && !last && !l.opt.ReadOnly {
		l.seal(s)
	}
	return err
}

func isSummary(payload []byte) bool { return len(payload) > 0 && payload[0] == opSummary }
