package tailreceiver

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	crcBytes = 4
	// formatBinary is the first byte behind the checksum in the second version of the
	// format; the first version was JSON, which begins with a bracket.
	formatBinary = 2

	flagSkip, flagAwait, flagDone = 1, 2, 4
)

var errShort = errors.New("decode checkpoints: an entry is incomplete")

// encodeBucket writes a checksum, the version and the entries.
func encodeBucket(entries []*checkpoint) []byte {
	b := make([]byte, crcBytes, crcBytes+1+128*len(entries))
	b = append(b, formatBinary)
	for _, c := range entries {
		b = appendCheckpoint(b, c)
	}
	binary.BigEndian.PutUint32(b, crc32.ChecksumIEEE(b[crcBytes:]))
	return b
}

func appendCheckpoint(b []byte, c *checkpoint) []byte {
	flags := byte(0)
	if c.Skip {
		flags |= flagSkip
	}
	if c.Await {
		flags |= flagAwait
	}
	if c.Done {
		flags |= flagDone
	}
	b = append(b, flags)
	for _, v := range []uint64{c.Dev, c.Ino, uint64(c.Gen), uint64(max(c.Seen, 0)), uint64(c.Offset), uint64(c.PrefixLen), uint64(c.TailLen), uint64(len(c.Marks)), uint64(len(c.Path))} {
		b = binary.AppendUvarint(b, v)
	}
	b = binary.BigEndian.AppendUint64(b, c.PrefixHash)
	b = binary.BigEndian.AppendUint64(b, c.TailHash)
	for _, m := range c.Marks {
		b = binary.BigEndian.AppendUint32(b, m)
	}
	return append(b, c.Path...)
}

// decodeBucket reads either version. What is wrong in any way is an error as a
// whole: a position that is not certain is none.
func decodeBucket(b []byte) ([]checkpoint, error) {
	if len(b) < crcBytes || crc32.ChecksumIEEE(b[crcBytes:]) != binary.BigEndian.Uint32(b) {
		return nil, errors.New("checksum is wrong")
	}
	body := b[crcBytes:]
	var entries []checkpoint
	if len(body) == 0 || body[0] != formatBinary {
		if err := json.Unmarshal(body, &entries); err != nil {
			return nil, fmt.Errorf("decode checkpoints: %w", err)
		}
		return entries, nil
	}
	for body = body[1:]; len(body) > 0; {
		c, rest, err := decodeCheckpoint(body)
		if err != nil {
			return nil, err
		}
		entries, body = append(entries, c), rest
	}
	return entries, nil
}

func decodeCheckpoint(b []byte) (c checkpoint, rest []byte, err error) {
	flags, b := b[0], b[1:]
	var v [9]uint64
	for i := range v {
		n := 0
		if v[i], n = binary.Uvarint(b); n <= 0 {
			return c, nil, errShort
		}
		b = b[n:]
	}
	marks, name := v[7], v[8]
	if v[3] > 1<<62 || v[4] > 1<<62 || v[5] > maxPrefix || v[6] > maxTail || marks > 128 || name > 1<<16 || uint64(len(b)) < 16+4*marks+name {
		return c, nil, errShort
	}
	c = checkpoint{Dev: v[0], Ino: v[1], Gen: uint32(v[2]), Seen: int64(v[3]), Done: flags&flagDone != 0} //nolint:gosec // checked above
	c.position = position{
		Offset: int64(v[4]), PrefixLen: int(v[5]), TailLen: int(v[6]), //nolint:gosec // checked above
		PrefixHash: binary.BigEndian.Uint64(b), TailHash: binary.BigEndian.Uint64(b[8:]),
		Skip: flags&flagSkip != 0, Await: flags&flagAwait != 0,
	}
	b = b[16:]
	for range marks {
		c.Marks = append(c.Marks, binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	c.Path = string(b[:name])
	return c, b[name:], nil
}
