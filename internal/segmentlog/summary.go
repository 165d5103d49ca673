package segmentlog

import (
	"encoding/binary"
	"io"
	"strconv"
)

// sealBytes end a sealed segment: where its summary begins, and sealMark.
const (
	sealBytes = 16
	sealMark  = "TWSEALED"
)

// A summary says what the records of a segment come to: the keys they deleted of
// earlier segments, then the keys whose newest value was in the segment when it was
// sealed, with the places of their records.

// appendSummary appends the summary of s as a record.
func (x *index) appendSummary(dst []byte, s *segment) []byte {
	start := len(dst)
	dst = append(append(dst, make([]byte, headBytes)...), opSummary)
	dst = binary.AppendUvarint(dst, uint64(len(s.deletes)))
	for _, key := range s.deletes {
		dst = appendKey(dst, key)
	}
	add := func(key string, p place) {
		dst = binary.AppendUvarint(appendKey(dst, key), uint64(p.off))
		dst = binary.AppendUvarint(dst, uint64(p.size))
	}
	for i := range s.items {
		if it := &s.items[i]; it.size != 0 {
			add(strconv.FormatUint(it.num, 10), place{off: int64(it.off), size: int(it.size)})
		}
	}
	for key, p := range x.named {
		if p.seg == s {
			add(key, p)
		}
	}
	return sealRecord(dst, start)
}

func appendSeal(dst []byte, summaryAt int64) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(summaryAt))
	return append(dst, sealMark...)
}

// readSummary applies the summary of a sealed segment. It returns false, with
// nothing applied, if there is none that can be read.
func (x *index) readSummary(s *segment) bool {
	var end [sealBytes]byte
	if s.size < sealBytes {
		return false
	}
	if n, _ := s.file.ReadAt(end[:], s.size-sealBytes); n < sealBytes || string(end[8:]) != sealMark {
		return false
	}
	at := int64(binary.LittleEndian.Uint64(end[:]))
	if at < 0 || at > s.size-sealBytes {
		return false
	}
	buf := make([]byte, s.size-sealBytes-at)
	if _, err := io.ReadFull(io.NewSectionReader(s.file, at, int64(len(buf))), buf); err != nil {
		return false
	}
	payload, size, err := payloadOf(buf)
	if err != nil || size != len(buf) || len(payload) == 0 || payload[0] != opSummary {
		return false
	}
	return x.applySummary(s, payload[1:], at, false) && x.applySummary(s, payload[1:], at, true)
}

// applySummary reads a summary, the first time only to see whether all of it holds.
func (x *index) applySummary(s *segment, b []byte, end int64, apply bool) bool {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return false
	}
	b = b[size:]
	for range n {
		key, rest, ok := cutBytes(b)
		if !ok {
			return false
		}
		if b = rest; apply {
			x.remove(string(key))
		}
	}
	for len(b) > 0 {
		key, rest, ok := cutBytes(b)
		if !ok {
			return false
		}
		off, a := binary.Uvarint(rest)
		if a <= 0 {
			return false
		}
		length, c := binary.Uvarint(rest[a:])
		if c <= 0 || off > uint64(end) || length < headBytes || length > uint64(end)-off {
			return false
		}
		if b = rest[a+c:]; apply {
			x.set(s, string(key), int64(off), int(length))
		}
	}
	return true
}
