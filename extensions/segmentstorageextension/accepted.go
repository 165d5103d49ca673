package segmentstorageextension

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
)

// acceptedName is the file, beside those of a queue, that says how many records the
// queue has accepted in all its life, and how many of them wait.
const acceptedName = "accepted"

// acceptedBytes are the two numbers and their CRC-32.
const acceptedBytes = 2*8 + 4

// accepted keeps these numbers apart from the queue, so that records which damage took
// from the end of the queue, together with what was noted of them there, are missed.
// It is only evidence: without the file, or with a wrong one, a queue works. The zero
// value has no file.
type accepted struct{ f *os.File }

// openAccepted opens the file in a queue's folder.
func openAccepted(dir string) accepted {
	f, err := os.OpenFile(filepath.Join(dir, acceptedName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return accepted{}
	}
	return accepted{f}
}

// read returns the numbers, none if the file does not say them.
func (a accepted) read() (ever, waiting int64) {
	if a.f == nil {
		return 0, 0
	}
	var b [acceptedBytes]byte
	if n, _ := a.f.ReadAt(b[:], 0); n < len(b) || crc32.ChecksumIEEE(b[:16]) != binary.LittleEndian.Uint32(b[16:]) {
		return 0, 0
	}
	waiting, ever, _ = parseCounts(b[:16])
	return ever, waiting
}

// write replaces the numbers; a disk that takes nothing keeps the older ones.
func (a accepted) write(ever, waiting int64) {
	if a.f == nil {
		return
	}
	b := countBytes(waiting, ever)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	_, _ = a.f.WriteAt(b, 0)
}

func (a accepted) close() {
	if a.f != nil {
		_ = a.f.Close() // all is written
	}
}
