package segmentlog

import (
	"encoding/binary"
	"fmt"
	"os"
)

// survey is what a first reading of a segment finds.
type survey struct {
	good []Stretch // whole records, joined where they touch; without summaries
	bad  []Stretch // what is no record, between them
	tail Stretch   // what is no record at the end
	end  int64     // where the last whole record ends
}

func surveyOf(s *segment) (survey, error) {
	var v survey
	err := scan(s.file, s.size, func(off int64, size int, payload []byte) {
		if isSummary(payload) {
			return
		}
		v.end = off + int64(size)
		if n := len(v.good); n > 0 && v.good[n-1].Offset+v.good[n-1].Bytes == off {
			v.good[n-1].Bytes += int64(size)
			return
		}
		v.good = append(v.good, Stretch{Offset: off, Bytes: int64(size)})
	}, func(off, n int64) {
		if off+n == s.size {
			v.tail = Stretch{Offset: off, Bytes: n}
			return
		}
		v.bad = append(v.bad, Stretch{Offset: off, Bytes: n})
	})
	return v, err
}

// heal takes out of a segment what is no record: it is counted, copied to the
// quarantine, and gone, so that the next start does not count it again.
func (l *Log) heal(s *segment, last bool) error {
	v, err := surveyOf(s)
	if err != nil {
		return err
	}
	for _, b := range v.bad {
		l.damaged(s, b.Offset, b.Bytes)
	}
	if v.tail.Bytes > 0 && (last || !summaryRemains(s, &v)) {
		l.damaged(s, v.tail.Offset, v.tail.Bytes)
		if last {
			l.damage.TornBytes += v.tail.Bytes
		}
	}
	if l.opt.ReadOnly {
		return nil
	}
	if len(v.bad) == 0 {
		return l.cut(s, v.end)
	}
	return l.rewrite(s, v.good)
}

// cut ends a segment at end.
func (l *Log) cut(s *segment, end int64) error {
	if end == s.size {
		return nil
	}
	if err := s.file.Truncate(end); err != nil {
		return fmt.Errorf("cut end of segment: %w", err)
	}
	l.grow(end - s.size)
	s.size = end
	return nil
}

// rewrite puts a file with nothing but the good parts of a segment in its place.
// Where there is no room for it, the segment stays as it is.
func (l *Log) rewrite(s *segment, good []Stretch) error {
	path := s.path + ".tmp"
	_ = os.Remove(path) // of a start that was interrupted
	f, err := l.opt.OpenFile(path, true)
	if err != nil {
		return err
	}
	size := int64(0)
	for _, g := range good {
		b := make([]byte, g.Bytes)
		if _, err = s.file.ReadAt(b, g.Offset); err != nil {
			break
		}
		if _, err = f.WriteAt(b, size); err != nil {
			break
		}
		size += g.Bytes
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path, s.path)
	}
	if err != nil {
		f.Close()
		_ = os.Remove(path)
		l.failing = diskError(err)
		return nil
	}
	s.file.Close()
	s.file = f
	l.grow(size - s.size)
	s.size = size
	return nil
}

// summaryRemains reports whether the tail of a segment is nothing but what is left
// of a summary and its seal.
func summaryRemains(s *segment, v *survey) bool {
	if v.tail.Offset > v.end { // the summary was whole, the seal behind it is not
		return v.tail.Bytes == sealBytes
	}
	var b [sealBytes]byte
	n, _ := s.file.ReadAt(b[:], s.size-sealBytes)
	return n == sealBytes && string(b[8:]) == sealMark && int64(binary.LittleEndian.Uint64(b[:])) == v.end
}
