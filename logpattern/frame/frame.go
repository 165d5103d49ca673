// Package frame packs named blobs into one: the states of the services of a
// component, say, into one snapshot.
package frame

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const magic = "TWFR\x01"

// ErrCorrupt is returned for bytes that Pack did not make.
var ErrCorrupt = errors.New("not a usable frame")

// Frame is one named blob.
type Frame struct {
	Name string
	Data []byte
}

// Pack writes the frames one after the other, with a checksum at the end.
func Pack(frames []Frame) []byte {
	b := []byte(magic)
	for _, f := range frames {
		b = binary.AppendUvarint(b, uint64(len(f.Name)))
		b = append(b, f.Name...)
		b = binary.AppendUvarint(b, uint64(len(f.Data)))
		b = append(b, f.Data...)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// Unpack returns the frames of b, at most limit; Data are parts of b.
func Unpack(b []byte, limit int) ([]Frame, error) {
	if len(b) < len(magic)+4 || string(b[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: no magic number", ErrCorrupt)
	}
	body, sum := b[len(magic):len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.ChecksumIEEE(b[:len(b)-4]) != sum {
		return nil, fmt.Errorf("%w: checksum does not match", ErrCorrupt)
	}
	var frames []Frame
	for len(body) > 0 && len(frames) < limit {
		var name, data []byte
		var ok bool
		if name, body, ok = next(body); !ok {
			return nil, fmt.Errorf("%w: a name is cut short", ErrCorrupt)
		}
		if data, body, ok = next(body); !ok {
			return nil, fmt.Errorf("%w: the data of %q are cut short", ErrCorrupt, name)
		}
		frames = append(frames, Frame{string(name), data})
	}
	return frames, nil
}

func next(b []byte) (field, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n)], b[w+int(n):], true
}
