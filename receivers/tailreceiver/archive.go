package tailreceiver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"
	"go.uber.org/zap"
)

// maxArchives bounds how many are read at a time: each takes some 400 KB.
const maxArchives = 4

// archive reads a gzip file as if it were the file that was compressed. Reading
// forward is as cheap as reading; reading back starts over, but for the beginning,
// which it keeps.
type archive struct {
	*os.File
	zip    *gzip.Reader
	head   []byte // the first bytes
	window []byte // what was read last
	at     int64  // where window begins
	end    error  // why nothing follows the window
}

func openArchive(f *os.File) (*archive, error) {
	a := &archive{File: f}
	if err := a.restart(); err != nil {
		return nil, err
	}
	a.fill(sampleBytes)
	a.head = append([]byte(nil), a.window...)
	return a, nil
}

func (a *archive) restart() error {
	if _, err := a.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var err error
	if a.zip == nil {
		a.zip, err = gzip.NewReader(a.File)
	} else {
		err = a.zip.Reset(a.File)
	}
	a.window, a.at, a.end = a.window[:0], 0, nil
	return err
}

// fill makes the window n bytes long, as far as there are so many.
func (a *archive) fill(n int) {
	for len(a.window) < n && a.end == nil {
		if cap(a.window) < n {
			a.window = append(make([]byte, 0, n), a.window...)
		}
		var got int
		got, a.end = a.zip.Read(a.window[len(a.window):n])
		a.window = a.window[:len(a.window)+got]
	}
}

// ReadAt reads what lies at off in the file that was compressed. What is damaged
// ends with its error, after all that could be read.
func (a *archive) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= int64(len(a.head)) {
		return copy(p, a.head[off:]), nil
	}
	if off < a.at {
		if err := a.restart(); err != nil {
			return 0, err
		}
	}
	for off > a.at+int64(len(a.window)) && a.end == nil {
		a.at, a.window = a.at+int64(len(a.window)), a.window[:0]
		a.fill(int(min(chunkBytes, off-a.at)))
	}
	if skip := off - a.at; skip > 0 {
		skip = min(skip, int64(len(a.window)))
		a.window = a.window[:copy(a.window, a.window[skip:])]
		a.at += skip
	}
	if a.at < off {
		return 0, a.end
	}
	a.fill(len(p))
	n := copy(p, a.window)
	if n < len(p) && (n == 0 || errors.Is(a.end, io.EOF)) {
		return n, a.end
	}
	return n, nil
}

// damaged returns what is wrong with the archive; nil if that is not known yet.
func (a *archive) damaged() error {
	if errors.Is(a.end, io.EOF) {
		return nil
	}
	return a.end
}

// lengthOf returns the length of what a gzip file holds modulo 2^32, as the file
// says itself.
func lengthOf(f io.ReaderAt, size int64) uint32 {
	var b [4]byte
	if _, err := f.ReadAt(b[:], size-4); err != nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b[:])
}

// admitArchive reads from a compressed file what is left of a file that was
// partly read before it was rotated and compressed. All others are left alone.
func (w *watcher) admitArchive(path string, fi fs.FileInfo) {
	if !strings.HasSuffix(path, gzipExt) {
		w.leaveArchive(path, fi)
		return
	}
	if !w.t.store.related(path, contentID{}) || fi.Size() < 18 { // the least gzip file
		w.leaveArchive(path, fi)
		return
	}
	if w.archives >= maxArchives {
		w.rests.searched = nil // at the next walk
		return
	}
	h, err := w.t.openFile(path)
	if err != nil {
		w.t.openFailed(path, err)
		return
	}
	c, a := w.restInArchive(h, strings.TrimSuffix(path, gzipExt), fi.Size())
	if c == nil || c.followed {
		h.Close()
		if c == nil {
			w.leaveArchive(path, fi)
		} else {
			w.rests.searched = nil // it was read when it was not whole: again at the next walk
		}
		return
	}
	w.left.add(path, fi, false)
	if c.Gen == 0 {
		c.Gen = w.t.store.bury(*c).gen // the inode may be another file's now
	}
	f := &file{id: c.id(), name: c.Path, path: path, pos: c.position, size: math.MaxInt64, seenAt: -1, begun: true, archive: true, handle: a, changed: w.t.now()}
	w.t.committed(f)
	w.files[f.id] = f
	w.archives++
	w.opened[f], w.orphans[f], w.active[f] = struct{}{}, struct{}{}, struct{}{}
	w.t.set.Logger.Info("reading the rest of a file that was compressed", zap.String("path", c.Path), zap.String("archive", path), zap.Int64("from", c.Offset))
}

func (w *watcher) leaveArchive(path string, fi fs.FileInfo) {
	w.left.add(path, fi, false)
	w.t.metrics.refused.Add(context.Background(), 1, reason("archive"))
}

// restInArchive returns the content of which an archive holds more than was read.
func (w *watcher) restInArchive(h *os.File, path string, size int64) (*checkpoint, *archive) {
	a, err := openArchive(h)
	if err != nil || len(a.head) < minProof {
		return nil, nil
	}
	prefix := uint64(0)
	if len(a.head) >= maxPrefix {
		prefix = xxhash.Sum64(a.head[:maxPrefix])
	}
	for _, c := range w.t.store.candidates(path, markOf(a.head[:minProof]), prefix) {
		if k := w.files[c.id()]; k != nil && k.archive {
			return &c, nil
		}
		if c.followed || c.Done || c.Await || kinshipOf(c.Path, path) == strangers || w.isThere(&c) {
			continue
		}
		known := min(c.Offset, int64(len(a.head)))
		if begin := c.position; begin.in(a, known) == differs {
			continue
		}
		if lengthOf(h, size) == uint32(c.Offset) { //nolint:gosec // modulo 2^32 is meant
			w.t.store.release(c.id(), true)
			continue
		}
		return &c, a
	}
	return nil, nil
}

// isThere reports whether the file of a checkpoint is where it was.
func (w *watcher) isThere(c *checkpoint) bool {
	fi, err := os.Stat(c.Path)
	return c.Gen == 0 && err == nil && statOf(fi) == c.id().fileID
}
