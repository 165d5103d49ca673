package segmentlog

import (
	"os"
	"slices"
	"strconv"
)

// reclaim gives the space of dead segments back. Only the oldest one is ever removed:
// what the others deleted of it must not come back.
func (l *Log) reclaim() {
	for len(l.index.segments) > 1 {
		oldest := l.index.segments[0]
		if oldest.alive > 0 {
			if !l.wasteful() || !l.move(oldest) {
				return
			}
			continue
		}
		// What is deleted here was delivered; that the file goes before its deletions are
		// written costs nothing, and on a full disk it is what makes room.
		_ = l.write()
		oldest.file.Close()
		_ = os.Remove(oldest.path) // else it is found dead, and removed, at the next start
		delete(l.dirty, oldest)
		l.index.segments = slices.Delete(l.index.segments, 0, 1)
		l.grow(-oldest.size)
	}
}

// wasteful reports whether more than half of the log is dead, beyond what a queue
// that is read in order has at any time.
func (l *Log) wasteful() bool {
	alive := int64(0)
	for _, s := range l.index.segments {
		alive += s.aliveBytes
	}
	return l.total > 2*alive+2*l.opt.SegmentBytes
}

// move writes some of what is alive in a segment again at the end of the log. It
// returns false if that is not possible or enough for now.
func (l *Log) move(s *segment) bool {
	moved := 0
	keys := l.aliveIn(s)
	for _, key := range keys {
		p, ok := l.index.find(key)
		if !ok {
			return false
		}
		v, err := l.value(key, p)
		if err != nil {
			return false
		}
		if l.append([]Op{{Key: key, Value: v}}, true) != nil {
			return false
		}
		if moved += len(v); moved >= compactStep {
			return false
		}
	}
	return len(keys) > 0
}

// aliveIn returns some of the keys whose newest value is in s.
func (l *Log) aliveIn(s *segment) []string {
	const some = 1024
	var keys []string
	for i := range s.items {
		if len(keys) == some {
			return keys
		}
		if s.items[i].size != 0 {
			keys = append(keys, strconv.FormatUint(s.items[i].num, 10))
		}
	}
	for key, p := range l.index.named {
		if len(keys) == some {
			break
		}
		if p.seg == s {
			keys = append(keys, key)
		}
	}
	return keys
}
