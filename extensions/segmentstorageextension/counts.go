package segmentstorageextension

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime/debug"
)

// countsName is the file, beside those of a queue, that says how many records wait,
// and in which items.
const countsName = "counts"

// slotBytes is room for notes of a thousand items that are being sent. The file has
// two slots, of which the older is written, so that one of them is always whole.
const slotBytes = 8 << 10

// slotHead are the CRC-32C of the rest, the length of all, the step, the records that
// wait and the length of the queue's notes.
const slotHead = 4 + 4 + 8 + 8 + 4

// counts keep the state of an account apart from the queue, at every step, so that
// records which damage or a kill took from the end of the queue, together with what
// was noted of them there, are missed, and those that had been delivered are not. The
// file is mapped into memory where the system can do that: a step costs no system
// call, and the end of the process takes nothing away. It is only evidence: without
// the file, or with a wrong one, a queue works. The zero value has no file.
type counts struct {
	slots  []byte
	f      *os.File
	mapped bool
}

// tally is what a slot says.
type tally struct {
	step    uint64 // grows with each change of the queue
	waiting int64
	notes   []byte            // of the queue
	moved   map[uint64]uint64 // items that took the place of others when the queue recovered: the older by the newer
}

// openCounts opens the file in a queue's folder, to be looked at or to be written.
func openCounts(dir string, readOnly bool) counts {
	path := filepath.Join(dir, countsName)
	if readOnly {
		b, err := os.ReadFile(path)
		if err != nil || len(b) < 2*slotBytes {
			return counts{}
		}
		return counts{slots: b}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return counts{}
	}
	b := make([]byte, 2*slotBytes)
	_, _ = f.ReadAt(b, 0) // a shorter one is filled up
	// Written even if it is whole, so that each page has its place on the disk.
	if _, err := f.WriteAt(b, 0); err != nil {
		f.Close()
		return counts{}
	}
	if mapped, err := mapFile(f, len(b)); err == nil {
		return counts{slots: mapped, f: f, mapped: true}
	}
	return counts{slots: b, f: f}
}

// newest returns what the newer whole slot says, false if neither is.
func (c *counts) newest() (out tally, ok bool) {
	for at := 0; at+slotBytes <= len(c.slots); at += slotBytes {
		if t, whole := parseSlot(c.slots[at : at+slotBytes]); whole && (!ok || t.step > out.step) {
			out, ok = t, true
		}
	}
	return out, ok
}

func parseSlot(b []byte) (t tally, ok bool) {
	size := int64(binary.LittleEndian.Uint32(b[4:]))
	if size < slotHead || size > slotBytes || checksum(b[4:size]) != binary.LittleEndian.Uint32(b) {
		return t, false
	}
	t.step = binary.LittleEndian.Uint64(b[8:])
	t.waiting = int64(binary.LittleEndian.Uint64(b[16:])) //nolint:gosec // a count
	end := slotHead + int64(binary.LittleEndian.Uint32(b[24:]))
	if end > size {
		return t, false
	}
	t.notes = append([]byte(nil), b[slotHead:end]...)
	t.moved = map[uint64]uint64{}
	for b = b[end:size]; len(b) >= 16; b = b[16:] {
		t.moved[binary.LittleEndian.Uint64(b)] = binary.LittleEndian.Uint64(b[8:])
	}
	return t, true
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// write replaces the older slot. A disk that takes nothing keeps what it has.
func (c *counts) write(t *tally) {
	size := slotHead + len(t.notes) + 16*len(t.moved)
	if c.slots == nil || size > slotBytes {
		return
	}
	if c.mapped {
		// A page that the system cannot store, or a file that someone cut, is no reason
		// to end the agent.
		defer func(was bool) {
			debug.SetPanicOnFault(was)
			_ = recover()
		}(debug.SetPanicOnFault(true))
	}
	at := int(t.step%2) * slotBytes
	b := c.slots[at : at+size]
	binary.LittleEndian.PutUint32(b[4:], uint32(size)) //nolint:gosec // at most slotBytes
	binary.LittleEndian.PutUint64(b[8:], t.step)
	binary.LittleEndian.PutUint64(b[16:], uint64(t.waiting))    //nolint:gosec // a count
	binary.LittleEndian.PutUint32(b[24:], uint32(len(t.notes))) //nolint:gosec // at most slotBytes
	rest := append(b[:slotHead], t.notes...)
	for newer, older := range t.moved {
		rest = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(rest, newer), older)
	}
	binary.LittleEndian.PutUint32(b, checksum(b[4:]))
	if !c.mapped && c.f != nil {
		_, _ = c.f.WriteAt(b, int64(at))
	}
}

func (c *counts) close() {
	if c.mapped {
		_ = unmapFile(c.slots)
	}
	if c.f != nil {
		_ = c.f.Close() // all is written
	}
	*c = counts{}
}
