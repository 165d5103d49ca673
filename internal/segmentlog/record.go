package segmentlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

const (
	// marker begins every record. It is what a reader looks for behind a damaged one.
	marker = 0x1e5e6d7a
	// headBytes are marker, length of the payload, and CRC of length and payload.
	headBytes = 12
	// maxRecord is the largest payload: it bounds what a damaged length can ask for.
	maxRecord = 1 << 30
)

// What an operation in a payload does.
const (
	opSet     = 1
	opDelete  = 2
	opSummary = 3 // the rest of the payload is a summary
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("record is damaged")

// Op is one change. A nil Value deletes the key, and deleting what is not there is
// no error.
type Op struct {
	Key   string
	Value []byte
}

// recordSize is the most that appendRecord appends for ops.
func recordSize(ops []Op) int {
	size := headBytes
	for i := range ops {
		size += 1 + 2*binary.MaxVarintLen32 + len(ops[i].Key) + len(ops[i].Value)
	}
	return size
}

// appendRecord appends ops as one record.
func appendRecord(dst []byte, ops []Op) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, headBytes)...)
	for i := range ops {
		o := &ops[i]
		if o.Value == nil {
			dst = appendKey(append(dst, opDelete), o.Key)
			continue
		}
		dst = appendKey(append(dst, opSet), o.Key)
		dst = binary.AppendUvarint(dst, uint64(len(o.Value)))
		dst = append(dst, o.Value...)
	}
	return sealRecord(dst, start)
}

// sealRecord fills in the head of the record that begins at start.
func sealRecord(dst []byte, start int) []byte {
	head, payload := dst[start:start+headBytes], dst[start+headBytes:]
	binary.LittleEndian.PutUint32(head, marker)
	binary.LittleEndian.PutUint32(head[4:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(head[8:], checksum(head[4:8], payload))
	return dst
}

func checksum(length, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, payload)
}

func appendKey(dst []byte, key string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}

// payloadOf checks the record at the beginning of b and returns its payload and its
// whole length. errDamaged says that no whole record begins there.
func payloadOf(b []byte) (payload []byte, size int, err error) {
	if len(b) < headBytes || binary.LittleEndian.Uint32(b) != marker {
		return nil, 0, errDamaged
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n > maxRecord || int(n) > len(b)-headBytes {
		return nil, 0, errDamaged
	}
	size = headBytes + int(n)
	payload = b[headBytes:size]
	if checksum(b[4:8], payload) != binary.LittleEndian.Uint32(b[8:]) {
		return nil, 0, errDamaged
	}
	return payload, size, nil
}

var markerBytes = binary.LittleEndian.AppendUint32(nil, marker)

// indexMarker returns where a record may begin in b, -1 if nowhere.
func indexMarker(b []byte) int { return bytes.Index(b, markerBytes) }

// eachOp calls set and del for the operations of a payload; keys and values are
// valid during the call.
func eachOp(payload []byte, set func(key, value []byte), del func(key []byte)) error {
	for len(payload) > 0 {
		kind := payload[0]
		key, rest, ok := cutBytes(payload[1:])
		if !ok {
			return errDamaged
		}
		payload = rest
		switch kind {
		case opDelete:
			del(key)
		case opSet:
			var value []byte
			if value, payload, ok = cutBytes(payload); !ok {
				return errDamaged
			}
			set(key, value)
		default:
			return errDamaged
		}
	}
	return nil
}

// cutBytes takes a length and as many bytes from the front of b.
func cutBytes(b []byte) (taken, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	end := size + int(n)
	return b[size:end], b[end:], true
}

// valueIn returns the last value of key in a payload, of which it is a part; nil if
// the payload does not set the key.
func valueIn(payload []byte, key string) ([]byte, error) {
	var found []byte
	err := eachOp(payload, func(k, v []byte) {
		if string(k) == key {
			found = v
		}
	}, func([]byte) {})
	return found, err
}
