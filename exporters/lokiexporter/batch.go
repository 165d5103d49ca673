package lokiexporter

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
)

// entry is one record, encoded.
type entry struct {
	at     int64 // Unix nanoseconds
	low    int   // it is batch.wire[low:low+len]
	len    int32
	stream int32 // number in batch.streams
	line   int32 // length of its line
	meta   int32 // length of the names and values of its pairs
	pairs  int32 // how many there are
}

// stream is one label set of one tenant.
type stream struct {
	id     streamID
	labels int   // how many there are
	low    int   // its entries are batch.order[low:high], in the order of time
	high   int   //
	size   int   // bytes of its entries
	oldest int64 // times of its entries, Unix nanoseconds
	newest int64 //
	late   bool  // whether it is for lines that came too late for another
}

// streamID tells streams apart.
type streamID struct {
	tenant string // empty for the configured one
	labels string // as Loki writes them: {a="b", c="d"}, sorted by name
}

// batch holds the records of a request in Loki's form, each encoded once. It is pooled:
// newBatch, release. It keeps no string of the records.
type batch struct {
	wire    []byte
	entries []entry
	streams []stream
	order   []int32 // numbers of entries by stream; from arrange on
	index   map[streamID]int32

	names      *names
	record     uint64 // number of the last record, see name.used
	shared     []shared
	sharedWire []byte
	left       int    // pairs that did not fit into shared
	text       []byte // scratch

	// Of the resource at hand, by the number of the label: its value, and whether it is
	// left out as one too many.
	values  []string
	tooMany []bool
}

var batches = sync.Pool{New: func() any { return &batch{index: map[streamID]int32{}, names: newNames()} }}

func newBatch() *batch { return batches.Get().(*batch) }

const (
	// maxPooledBytes and maxPooledEntries bound what an idle exporter keeps.
	maxPooledBytes   = 8 << 20
	maxPooledEntries = 64 << 10
)

// release keeps the memory for the next batch.
func (b *batch) release() {
	if cap(b.wire) > maxPooledBytes || cap(b.entries) > maxPooledEntries {
		return
	}
	clear(b.index)
	clear(b.streams)
	clear(b.shared)
	clear(b.values)
	b.wire, b.entries, b.streams, b.order = b.wire[:0], b.entries[:0], b.streams[:0], b.order[:0]
	b.shared, b.sharedWire, b.left = b.shared[:0], b.sharedWire[:0], 0
	b.names.tidy()
	batches.Put(b)
}

// stream returns the number of a stream.
func (b *batch) stream(id streamID, labels int) int32 {
	n, ok := b.index[id]
	if !ok {
		n = int32(len(b.streams))
		b.streams = append(b.streams, stream{id: id, labels: labels})
		b.index[id] = n
	}
	return n
}

// arrange puts the entries in the order of their streams and of time. Entries of equal
// time stay as they came.
func (b *batch) arrange() {
	for i := range b.entries {
		e := &b.entries[i]
		s := &b.streams[e.stream]
		if s.high == 0 || e.at < s.oldest {
			s.oldest = e.at
		}
		s.newest = max(s.newest, e.at)
		s.high++
		s.size += int(e.len)
	}
	low := 0
	for i := range b.streams {
		s := &b.streams[i]
		s.low, s.high, low = low, low, low+s.high
	}
	b.order = slices.Grow(b.order[:0], len(b.entries))[:len(b.entries)]
	for i := range b.entries {
		s := &b.streams[b.entries[i].stream]
		b.order[s.high] = int32(i)
		s.high++
	}
	byTime := func(i, j int32) int { return cmp.Compare(b.entries[i].at, b.entries[j].at) }
	for i := range b.streams {
		if all := b.order[b.streams[i].low:b.streams[i].high]; !slices.IsSortedFunc(all, byTime) {
			slices.SortStableFunc(all, byTime)
		}
	}
}

// part is entries of one stream: those of batch.order[low:high].
type part struct {
	stream    int32
	low, high int
}

func (p part) lines() int { return p.high - p.low }

// appendPush appends a push request of parts.
func (b *batch) appendPush(dst []byte, parts []part) []byte {
	for _, p := range parts {
		labels := b.streams[p.stream].id.labels
		size := 1 + varintLen(len(labels)) + len(labels)
		for _, n := range b.order[p.low:p.high] {
			size += int(b.entries[n].len)
		}
		dst = append(dst, tagStream)
		dst = binary.AppendUvarint(dst, uint64(size))
		dst = appendBytes(dst, tagLabels, labels)
		for _, n := range b.order[p.low:p.high] {
			e := &b.entries[n]
			dst = append(dst, b.wire[e.low:e.low+int(e.len)]...)
		}
	}
	return dst
}
