package lokiexporter

import (
	"encoding/binary"
	"math/bits"
)

// Fields of Loki's push.proto, with their wire type, as the first byte of each. A
// request has streams, a stream labels and entries, an entry a time, a line and pairs of
// structured metadata.
const (
	tagStream  = 1<<3 | 2 // PushRequest.streams
	tagLabels  = 1<<3 | 2 // Stream.labels
	tagEntry   = 2<<3 | 2 // Stream.entries
	tagTime    = 1<<3 | 2 // Entry.timestamp
	tagSeconds = 1 << 3   // Timestamp.seconds
	tagNanos   = 2 << 3   // Timestamp.nanos
	tagLine    = 2<<3 | 2 // Entry.line
	tagPair    = 3<<3 | 2 // Entry.structuredMetadata
	tagName    = 1<<3 | 2 // LabelPair.name
	tagValue   = 2<<3 | 2 // LabelPair.value
)

// maxHead is the most that the tag and length of an entry take.
const maxHead = 1 + binary.MaxVarintLen64

// varintLen is how many bytes n takes.
func varintLen(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }

// appendBytes appends a field of a known length.
func appendBytes[T ~string | ~[]byte](dst []byte, tag byte, v T) []byte {
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	return append(dst, v...)
}

// appendTime appends the timestamp of an entry, in Unix nanoseconds, which are positive.
func appendTime(dst []byte, at int64) []byte {
	seconds, nanos := at/1e9, int(at%1e9)
	n := 1 + varintLen(int(seconds))
	if nanos > 0 {
		n += 1 + varintLen(nanos)
	}
	dst = append(dst, tagTime, byte(n), tagSeconds)
	dst = binary.AppendUvarint(dst, uint64(seconds))
	if nanos > 0 {
		dst = append(dst, tagNanos)
		dst = binary.AppendUvarint(dst, uint64(nanos))
	}
	return dst
}

// appendPair appends a pair of structured metadata, its name as nameField made it.
func appendPair[T ~string | ~[]byte](dst []byte, nameField string, value T) []byte {
	dst = append(dst, tagPair)
	dst = binary.AppendUvarint(dst, uint64(len(nameField)+1+varintLen(len(value))+len(value)))
	dst = append(dst, nameField...)
	return appendBytes(dst, tagValue, value)
}

// nameField is a name as the first field of a pair.
func nameField(name string) string { return string(appendBytes(nil, tagName, name)) }

// putHead writes tag and length of the entry dst[start+maxHead:] right before it and
// returns where the whole begins.
func putHead(dst []byte, start int) int {
	n := len(dst) - start - maxHead
	at := start + maxHead - 1 - varintLen(n)
	dst[at] = tagEntry
	binary.PutUvarint(dst[at+1:], uint64(n))
	return at
}
