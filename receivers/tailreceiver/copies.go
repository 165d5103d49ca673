package tailreceiver

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// ghostAge is how long a copy of a truncated file may take to be found.
	ghostAge = 10 * time.Minute
	// maxGhosts bounds the memory for them; the oldest go first.
	maxGhosts = 1000
	// minProof is how many equal bytes make a copy; shorter files are read anew.
	minProof = 32
	// firstBytesWait is how long a file with fewer bytes waits for more of them if its
	// name says that it may be a copy.
	firstBytesWait = 2 * time.Second
)

// ghost is what a file held before it was truncated. Where the content was copied
// first, as logrotate's copytruncate does, the copy continues at the position.
type ghost struct {
	path string
	pos  position
	born time.Time
}

// rewound begins a file again that was truncated or rewritten.
func (t *tail) rewound(f *file, how string) {
	if f.size < f.pos.Offset {
		how = "truncated"
	}
	t.metrics.rotated.Add(context.Background(), 1, kind(how))
	t.addGhost(f.path, f.pos)
	f.rewind()
	t.committed(f)
}

func (t *tail) addGhost(path string, pos position) {
	t.ghostMu.Lock()
	defer t.ghostMu.Unlock()
	if len(t.ghosts) >= maxGhosts {
		t.ghosts = append(t.ghosts[:0], t.ghosts[1:]...)
	}
	t.ghosts = append(t.ghosts, ghost{path: path, pos: pos, born: t.now()})
}

func (t *tail) expireGhosts(now time.Time) {
	t.ghostMu.Lock()
	defer t.ghostMu.Unlock()
	for len(t.ghosts) > 0 && now.Sub(t.ghosts[0].born) > ghostAge {
		t.ghosts = t.ghosts[1:]
	}
}

// ghostOf returns the position of a truncated file of which f is a copy.
func (t *tail) ghostOf(path string, r io.ReaderAt, size int64) (position, bool) {
	t.ghostMu.Lock()
	defer t.ghostMu.Unlock()
	for i := len(t.ghosts) - 1; i >= 0; i-- {
		g := &t.ghosts[i]
		if !rotatedName(g.path, path) {
			continue
		}
		if pos, ok := g.pos.inCopy(r, size); ok {
			return pos, true
		}
	}
	return position{}, false
}

// jump moves to offset without reading what lies before it.
func (p *position) jump(r io.ReaderAt, offset int64) {
	var buf [maxTail]byte
	n := min(offset, maxTail)
	got, _ := r.ReadAt(buf[:n], offset-n)
	p.advance(offset, buf[:got])
	p.extendPrefix(r)
}

// seek begins at the first line that starts at or behind offset.
func (f *file) seek(offset int64) {
	f.pos.jump(f.handle, offset)
	var before [1]byte
	if _, err := f.handle.ReadAt(before[:], offset-1); err == nil && before[0] != '\n' {
		f.pos.Skip = true
	}
}

// resume continues at the file's checkpoint. Where the file no longer holds what
// the checkpoint says, it is a new file, and the checkpoint may belong to a copy.
func (w *watcher) resume(f *file) bool {
	c, ok := w.t.store.get(f.id)
	if !ok {
		return false
	}
	if c.Offset <= f.size && c.matches(f.handle) {
		f.pos, f.path = c.position, c.Path
		return true
	}
	w.t.addGhost(c.Path, c.position)
	return false
}

// continueCopy looks for the file of which f is a copy: one that was truncated
// since, one that is followed still, or one that has vanished.
func (w *watcher) continueCopy(f *file) bool {
	if pos, ok := w.t.ghostOf(f.path, f.handle, f.size); ok {
		w.continueAt(f, pos)
		return true
	}
	for _, k := range w.files {
		if k != f && rotatedName(k.path, f.path) && w.open(k) && w.copyOf(k, f) {
			return true
		}
	}
	for _, c := range w.t.store.moved(f.path) {
		if w.files[c.id()] == nil && c.PrefixLen >= minProof && c.Offset <= f.size && c.matches(f.handle) && !w.t.stillHeld(c) {
			w.continueAt(f, c.position)
			return true
		}
	}
	return false
}

func (w *watcher) continueAt(f *file, pos position) {
	f.source, f.pos = nil, pos
	w.t.committed(f)
}

// copyOf handles f if it holds what k holds, or held until it was truncated.
func (w *watcher) copyOf(k, f *file) bool {
	if sameBytes(k, f) {
		f.source, f.sourceRewinds, f.compared = k, k.rewinds, f.size
		return true
	}
	if k.pos.matches(k.handle) {
		return false
	}
	// k was truncated, which is not noticed yet.
	pos, ok := k.pos.inCopy(f.handle, f.size)
	if ok {
		w.continueAt(f, pos)
	}
	return ok
}

// arrive begins to read a copy that has grown to where reading of its original
// stood. Where it holds something else there, it is a file of its own.
func (w *watcher) arrive(f *file) {
	pos := f.pos
	pos.Await = false
	if !pos.matches(f.handle) {
		pos = position{}
	}
	w.continueAt(f, pos)
}

// tooSmall reports whether f is perhaps the beginning of a copy that is just being
// written, of which there is not enough yet to tell.
func (w *watcher) tooSmall(f *file) bool {
	if f.size >= minProof || w.t.now().Sub(f.changed) > firstBytesWait {
		return false
	}
	for _, k := range w.files {
		if k != f && rotatedName(k.path, f.path) {
			return true
		}
	}
	return false
}

// relativeBusy reports whether a file of which f may be a copy is with a worker,
// which may find it truncated just now.
func (w *watcher) relativeBusy(f *file) bool {
	for _, k := range w.files {
		if k != f && k.busy.Load() && rotatedName(k.path, f.path) {
			return true
		}
	}
	return false
}

// inCopy returns where reading continues in a copy of what was read up to p.
func (p *position) inCopy(r io.ReaderAt, size int64) (position, bool) {
	switch {
	case p.PrefixLen < minProof || size < int64(p.PrefixLen):
		return position{}, false
	case size >= p.Offset:
		return *p, p.matches(r)
	case p.matchesPrefix(r): // it is still being written, or more was read of the original than was copied
		pos := *p
		pos.Await = true
		return pos, true
	}
	return position{}, false
}

// sameBytes reports whether f holds nothing but what its older relative k holds.
func sameBytes(k, f *file) bool {
	if f.size < minProof {
		return false
	}
	var a, b [4096]byte
	for _, off := range []int64{0, max(f.size-int64(len(a)), 0)} {
		n := int(min(f.size-off, int64(len(a))))
		na, _ := k.handle.ReadAt(a[:n], off)
		nb, _ := f.handle.ReadAt(b[:n], off)
		if na != n || nb != n || !bytes.Equal(a[:n], b[:n]) {
			return false
		}
	}
	return true
}

// releaseCopy lets a copy be read once its original was truncated or is gone, or
// once the two differ.
func (w *watcher) releaseCopy(f *file) {
	k := f.source
	if k == nil || k.busy.Load() {
		return
	}
	switch {
	case k.rewinds != f.sourceRewinds:
		pos, _ := w.t.ghostOf(f.path, f.handle, f.size)
		w.continueAt(f, pos)
	case w.files[k.id] != k || f.compared != f.size && w.open(k) && !sameBytes(k, f):
		pos, ok := k.pos.inCopy(f.handle, f.size)
		if !ok {
			pos = position{}
		}
		w.continueAt(f, pos)
	default:
		f.compared = f.size
	}
}

// stillHeld reports whether the file of a checkpoint holds what was read of it.
func (t *tail) stillHeld(c checkpoint) bool {
	h, err := t.openFile(c.Path)
	if err != nil {
		return false
	}
	defer h.Close()
	fi, err := h.Stat()
	if err != nil {
		return false
	}
	id, _ := statOf(fi)
	return id == c.id() && c.matches(h)
}

// rotatedName reports whether path looks like a rotated name of original:
// app.log.1, app-20260309.log, app.log.old, in any folder.
func rotatedName(original, path string) bool {
	if original == path {
		return false
	}
	base := filepath.Base(original)
	stem, _, _ := strings.Cut(base, ".")
	rest, ok := strings.CutPrefix(filepath.Base(path), stem)
	if !ok || stem == "" || rest == "" || !strings.ContainsRune(".-_", rune(rest[0])) {
		return false
	}
	ext := strings.TrimPrefix(base, stem)
	rest = strings.ReplaceAll(rest, ext, "")
	if strings.ContainsAny(rest, "0123456789") {
		return true
	}
	for _, word := range []string{"old", "bak", "prev", "copy", "orig", "backup", "rot"} {
		if strings.Contains(rest, word) {
			return true
		}
	}
	return false
}

// openMoved opens a file that its name no longer leads to: it looks for the inode
// in the folder.
func (t *tail) openMoved(f *file) bool {
	dir := filepath.Dir(f.path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		fi, err := e.Info()
		if err != nil {
			continue
		}
		if id, _ := statOf(fi); id != f.id {
			continue
		}
		h, err := t.openFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return false
		}
		f.handle = h
		return true
	}
	return false
}
