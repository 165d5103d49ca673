package segmentstorageextension

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// mark remembers the items of another queue that were added last, by number and hash.
type mark struct {
	key    string
	order  uint64 // grows from mark to mark
	points []markPoint
}

type markPoint struct{ item, hash uint64 }

// add notes an item that is added.
func (m *mark) add(item uint64, value []byte) {
	if len(m.points) == markPoints {
		m.points = slices.Delete(m.points, 0, 1)
	}
	m.points = append(m.points, markPoint{item, xxhash.Sum64(value)})
}

// reached returns how many of a queue's items, which are in ascending order, come up to
// the newest point that is in the queue; 0 if none is.
func (m *mark) reached(source *segmentlog.Log, items []uint64) int {
	for _, p := range slices.Backward(m.points) {
		i, there := slices.BinarySearch(items, p.item)
		if !there {
			continue
		}
		if value, err := source.Get(segmentlog.Key(p.item)); err == nil && value != nil && xxhash.Sum64(value) == p.hash {
			last := m.points[len(m.points)-1].item // those behind p, damaged by now, were added too
			end, _ := slices.BinarySearch(items, last+1)
			return max(i+1, end)
		}
	}
	return 0
}

func (m *mark) bytes() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+16*len(m.points)), m.order)
	for _, p := range m.points {
		b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, p.item), p.hash)
	}
	return b
}

// parseMark is the inverse of bytes; what is no mark has no points.
func parseMark(key string, b []byte) mark {
	m := mark{key: key}
	if len(b) < 8 {
		return m
	}
	m.order = binary.LittleEndian.Uint64(b)
	for b = b[8:]; len(b) >= 16; b = b[16:] {
		m.points = append(m.points, markPoint{binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])})
	}
	return m
}
