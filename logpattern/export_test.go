package logpattern

import (
	"encoding/binary"
	"hash/crc32"
)

// RestoreUnchecked restores b with its checksum put right, for fuzzing.
func (m *Miner) RestoreUnchecked(b []byte) error {
	if len(b) > 9 {
		b = append([]byte(nil), b...)
		copy(b, snapshotMagic)
		b[4] = snapshotVersion
		body := b[:len(b)-4]
		binary.LittleEndian.PutUint32(b[len(body):], crc32.Checksum(body, castagnoli))
	}
	return m.Restore(b)
}
