package segmentstorageextension

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// queueNotes is the key under which upstream's persistent queue keeps its notes, the
// message PersistentMetadata of exporterhelper v0.159 (queue/meta.proto).
const queueNotes = "qmv0"

// notes are what that message says.
type notes struct {
	itemsSize, bytesSize int64
	read, write          uint64 // the items from read to before write wait
	dispatched           []uint64
}

// parseNotes reads the message; false if it is none.
func parseNotes(b []byte) (notes, bool) {
	var n notes
	for len(b) > 0 {
		num, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return n, false
		}
		b = b[size:]
		switch {
		case kind == protowire.Fixed64Type:
			v, size := protowire.ConsumeFixed64(b)
			if size < 0 {
				return n, false
			}
			b = b[size:]
			switch num {
			case 1:
				n.itemsSize = int64(v) //nolint:gosec // sfixed64
			case 2:
				n.bytesSize = int64(v) //nolint:gosec // sfixed64
			case 3:
				n.read = v
			case 4:
				n.write = v
			case 5:
				n.dispatched = append(n.dispatched, v)
			}
		case kind == protowire.BytesType && num == 5:
			packed, size := protowire.ConsumeBytes(b)
			if size < 0 || len(packed)%8 != 0 {
				return n, false
			}
			b = b[size:]
			for len(packed) > 0 {
				v, _ := protowire.ConsumeFixed64(packed)
				n.dispatched, packed = append(n.dispatched, v), packed[8:]
			}
		default:
			size := protowire.ConsumeFieldValue(num, kind, b)
			if size < 0 {
				return n, false
			}
			b = b[size:]
		}
	}
	return n, n.read <= n.write
}

// bytes is the inverse of parseNotes.
func (n *notes) bytes() []byte {
	var b []byte
	add := func(num protowire.Number, v uint64) {
		if v != 0 {
			b = protowire.AppendFixed64(protowire.AppendTag(b, num, protowire.Fixed64Type), v)
		}
	}
	add(1, uint64(n.itemsSize)) //nolint:gosec // sfixed64
	add(2, uint64(n.bytesSize)) //nolint:gosec // sfixed64
	add(3, n.read)
	add(4, n.write)
	if len(n.dispatched) > 0 {
		b = protowire.AppendTag(b, 5, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(8*len(n.dispatched)))
		for _, v := range n.dispatched {
			b = protowire.AppendFixed64(b, v)
		}
	}
	return b
}

// mended says what mendQueue found.
type mended struct {
	records int64    // that the notes counted
	items   int      // there are in the queue
	orphans int      // of them, the notes did not name
	again   []uint64 // of these, the ones before what is read next: they had been deleted
	missing int      // items that the notes name are not there
	changed bool
}

// mendQueue makes the notes of a queue agree with its items, so that upstream's queue
// finds all of them: items that its notes do not name, after damage or a crash in a
// recovery, count as being sent when the process ended. It does so before the queue
// starts.
func mendQueue(l *segmentlog.Log) (mended, error) {
	value, err := l.Get(queueNotes)
	if err != nil {
		value = nil // damaged: made anew
	}
	n, ok := parseNotes(value)
	if !ok {
		n = notes{}
	}
	// What was being sent is read now, so that damaged items are forgotten: if the queue
	// itself found them, it would count their size for ever.
	items := l.Items()
	for _, it := range items[:firstFrom(items, n.read)] {
		_, _ = l.Get(segmentlog.Key(it)) // an error of the disk comes again
	}
	out := compare(&n, l.Items())
	if !out.changed {
		return out, nil
	}
	if n.bytesSize == 0 && out.items > 0 {
		n.bytesSize = l.Stats().AliveBytes
	}
	// Not urgent, so that it is taken when there is no room for more items.
	err = l.Apply([]segmentlog.Op{{Key: queueNotes, Value: n.bytes()}}, false)
	if err == nil {
		err = l.Flush()
	}
	if err != nil {
		return out, fmt.Errorf("mend queue: %w", err)
	}
	return out, nil
}

// compare makes notes name all the items, which are in ascending order, and as being
// sent only items that are there.
func compare(n *notes, items []uint64) mended {
	out := mended{items: len(items), records: n.itemsSize}
	if len(items) > 0 && n.write == 0 { // no notes at all
		n.read, n.write = items[0], items[0]
	}
	if from := firstFrom(items, n.write); from < len(items) {
		out.orphans += len(items) - from
		n.write = items[len(items)-1] + 1
	}
	named := n.dispatched
	for _, it := range items[:firstFrom(items, n.read)] {
		if !slices.Contains(named, it) {
			n.dispatched = append(n.dispatched, it)
			out.again = append(out.again, it)
			out.orphans++
		}
	}
	out.missing = int(n.write-n.read) - (len(items) - firstFrom(items, n.read)) //nolint:gosec // far below 2^63
	n.dispatched = slices.DeleteFunc(n.dispatched, func(it uint64) bool {
		_, there := slices.BinarySearch(items, it)
		return !there
	})
	gone := len(named) + len(out.again) - len(n.dispatched)
	out.missing += gone
	if len(items) == 0 && n.itemsSize+n.bytesSize != 0 { // else the queue would seem to hold something for ever
		n.itemsSize, n.bytesSize, out.changed = 0, 0, true
	}
	out.changed = out.changed || out.orphans+gone > 0
	return out
}

// firstFrom returns the index of the first item that is n or more.
func firstFrom(items []uint64, n uint64) int {
	i, _ := slices.BinarySearch(items, n)
	return i
}
