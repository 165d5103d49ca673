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
		if !rotatedName(g.path, path) || g.pos.PrefixLen < minProof || size < int64(g.pos.PrefixLen) {
			continue
		}
		if size >= g.pos.Offset && g.pos.matches(r) {
			return g.pos, true
		}
		// More was read of the original than was copied: all of the copy is known.
		if size < g.pos.Offset && g.pos.matchesPrefix(r) {
			return endOf(r, size), true
		}
	}
	return position{}, false
}

// endOf is the position at the end of a file of which everything is known.
func endOf(r io.ReaderAt, size int64) position {
	p := position{}
	p.jump(r, size)
	return p
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
		f.pos = pos
		w.t.committed(f)
		return true
	}
	for _, k := range w.files {
		if k != f && k.handle != nil && !k.busy.Load() && rotatedName(k.path, f.path) && sameBytes(k, f) {
			f.source = k
			f.sourceRewinds = k.rewinds
			return true
		}
	}
	for _, c := range w.t.store.moved(f.path) {
		if w.files[c.id()] == nil && c.PrefixLen >= minProof && c.Offset <= f.size && c.matches(f.handle) && !w.t.stillHeld(c) {
			f.pos = c.position
			w.t.committed(f)
			return true
		}
	}
	return false
}

// sameBytes reports whether f holds nothing but what its older relative k holds.
func sameBytes(k, f *file) bool {
	if f.size < minProof || k.size < f.size {
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

// releaseCopy lets a copy be read once its original was truncated, or once the
// two differ.
func (w *watcher) releaseCopy(f *file) {
	k := f.source
	if k == nil || k.busy.Load() {
		return
	}
	switch {
	case k.rewinds != f.sourceRewinds || k.handle == nil:
		f.source = nil
		if pos, ok := w.t.ghostOf(f.path, f.handle, f.size); ok {
			f.pos = pos
		} else {
			f.pos = position{}
		}
	case !sameBytes(k, f):
		f.source = nil
		if k.pos.Offset <= f.size && k.pos.matches(f.handle) {
			f.pos = k.pos
		}
	default:
		return
	}
	w.t.committed(f)
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
