package segmentlog

import (
	"encoding/binary"
	"fmt"
	"io"
)

// window is read at a time when a segment is scanned.
const window = 1 << 20

// scanner reads the records of a file one after the other through a window that
// grows only for a record that is larger.
type scanner struct {
	r    io.ReaderAt
	size int64
	buf  []byte // the bytes from base on
	base int64
	err  error // of reading, which ends the scan
}

// bytes returns n bytes at off, or fewer at the end of the file or after an error.
func (c *scanner) bytes(off int64, n int) []byte {
	n = int(min(int64(n), c.size-off))
	if off >= c.base && off+int64(n) <= c.base+int64(len(c.buf)) {
		return c.buf[off-c.base:][:n]
	}
	want := int(min(max(int64(n), window), c.size-off))
	if cap(c.buf) < want {
		c.buf = make([]byte, want)
	}
	got, err := c.r.ReadAt(c.buf[:want], off)
	c.base, c.buf = off, c.buf[:got]
	if got < n {
		if err != nil && c.err == nil {
			c.err = fmt.Errorf("read segment: %w", err)
		}
		n = got
	}
	return c.buf[:n]
}

// record returns the payload and whole length of the record at off.
func (c *scanner) record(off int64) (payload []byte, size int, err error) {
	head := c.bytes(off, headBytes)
	if len(head) < headBytes || binary.LittleEndian.Uint32(head) != marker {
		return nil, 0, errDamaged
	}
	n := binary.LittleEndian.Uint32(head[4:])
	if n > maxRecord || int64(n) > c.size-off-headBytes {
		return nil, 0, errDamaged
	}
	return payloadOf(c.bytes(off, headBytes+int(n)))
}

// next returns where the first whole record behind off begins, the size of the file
// if there is none.
func (c *scanner) next(off int64) int64 {
	for at := off + 1; at+headBytes <= c.size && c.err == nil; {
		part := c.bytes(at, window)
		i := indexMarker(part)
		if i < 0 {
			at += int64(max(len(part)-len(markerBytes)+1, 1))
			continue
		}
		at += int64(i)
		if _, _, err := c.record(at); err == nil {
			return at
		}
		at++
	}
	return c.size
}

// scan calls visit for each whole record of a file and damaged for each stretch
// between them that is none. The payload is valid during the call.
func scan(r io.ReaderAt, size int64, visit func(off int64, size int, payload []byte), damaged func(off, n int64)) error {
	c := scanner{r: r, size: size}
	for off := int64(0); off < size && c.err == nil; {
		payload, n, err := c.record(off)
		if err == nil {
			visit(off, n, payload)
			off += int64(n)
			continue
		}
		if c.err != nil {
			break
		}
		next := c.next(off)
		if c.err != nil {
			break
		}
		damaged(off, next-off)
		off = next
	}
	return c.err
}
