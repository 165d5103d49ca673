package segmentstorageextension

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
)

// acceptedName is the file, beside those of a queue, that says how many records the
// queue has accepted in all its life, how many of them wait, and in which items.
const acceptedName = "accepted"

// maxAccepted bounds the file: notes of a thousand items that are being sent.
const maxAccepted = 16 << 10

// accepted keeps this apart from the queue, so that records which damage took
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

// readOnlyAccepted opens the file to be looked at.
func readOnlyAccepted(dir string) accepted {
	f, err := os.Open(filepath.Join(dir, acceptedName))
	if err != nil {
		return accepted{}
	}
	return accepted{f}
}

// read returns what the file says, false if nothing: its length, the two counts, the
// queue's notes, and a CRC-32 of all that.
func (a accepted) read() (ever, waiting int64, n notes, ok bool) {
	if a.f == nil {
		return 0, 0, n, false
	}
	b := make([]byte, maxAccepted)
	size, _ := a.f.ReadAt(b, 0) // the end of the file is no error
	if size < 4 {
		return 0, 0, n, false
	}
	end := int64(binary.LittleEndian.Uint32(b))
	if end < 4+2*8 || end+4 > int64(size) || crc32.ChecksumIEEE(b[:end]) != binary.LittleEndian.Uint32(b[end:]) {
		return 0, 0, n, false
	}
	waiting, ever, _ = parseCounts(b[4:20])
	n, ok = parseNotes(b[20:end])
	return ever, waiting, n, ok
}

// write replaces what the file says; a disk that takes nothing keeps the older state.
func (a accepted) write(ever, waiting int64, queueNotes []byte) {
	end := 4 + 2*8 + len(queueNotes)
	if a.f == nil || end+4 > maxAccepted {
		return
	}
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, end+4), uint32(end)) //nolint:gosec // at most maxAccepted
	b = append(append(b, countBytes(waiting, ever)...), queueNotes...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	_, _ = a.f.WriteAt(b, 0)
}

func (a accepted) close() {
	if a.f != nil {
		_ = a.f.Close() // all is written
	}
}
