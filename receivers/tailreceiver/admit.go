package tailreceiver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tidewatch/tidewatch/internal/logformat"
)

// admit follows the file that a name leads to, unless it is known already.
func (w *watcher) admit(path string) {
	if w.names[path] != nil {
		return
	}
	fi, err := os.Lstat(path)
	target := path
	if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		if target, err = filepath.EvalSymlinks(path); err == nil {
			fi, err = os.Stat(target)
		}
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.t.openFailed(path, err)
		}
		return
	}
	if !fi.Mode().IsRegular() || w.left.has(path, fi) {
		return
	}
	if compressedName(path) {
		w.admitArchive(path, fi)
		return
	}
	w.follow(path, target, fi)
}

// follow makes a name lead to its file, which may be known by another name.
func (w *watcher) follow(path, target string, fi os.FileInfo) {
	id := contentID{fileID: statOf(fi)}
	f := w.files[id]
	switch {
	case f != nil && f.busy.Load():
		f.peek = true
		w.active[f] = struct{}{}
	case f != nil:
		w.see(f, fi)
	case len(w.files) >= w.t.cfg.MaxFiles:
		w.t.refused(path, "max_files", errors.New("max_files are followed already: raise it or narrow include"))
		return
	default:
		f = &file{id: id, name: path, path: path, size: fi.Size(), seenAt: -1, changed: fi.ModTime(), first: w.first}
		if w.handleFree() && !w.openAnyway(f) {
			return
		}
		w.files[id] = f
		w.active[f] = struct{}{}
	}
	n := &name{path: path, real: target, f: f}
	f.names = append(f.names, n)
	delete(w.orphans, f)
	w.names[path] = n
	w.events.follow(n)
	w.wheel.add(n, 1)
	if !f.busy.Load() && !f.begun {
		w.begin(f)
		w.rest(f)
	}
}

// begin decides, once a file holds something, whether it is text and where
// reading starts. It returns false if that is to be asked again later.
func (w *watcher) begin(f *file) bool {
	if !w.open(f) {
		return false
	}
	fi, err := f.handle.Stat()
	if err != nil {
		w.t.openFailed(f.path, err)
		return false
	}
	f.look(fi.Size(), w.t.now())
	if f.size == 0 {
		if c, ok := w.t.store.get(f.id); ok && c.Offset > 0 { // truncated while nobody watched
			w.t.store.bury(c)
			w.rests.due = true
		}
		return false
	}
	var buf [4096]byte
	n, _ := f.handle.ReadAt(buf[:], 0)
	head := buf[:n]
	order, _ := logformat.DetectUTF16(head)
	if order == nil && !isText(head) {
		w.t.metrics.refused.Add(context.Background(), 1, reason("not_text"))
		w.left.add(f.path, fi, n >= minProof)
		w.drop(f)
		return false
	}
	f.order = order
	if !w.resume(f) {
		switch w.kin(f, head) {
		case unclear:
			return false
		case apart:
			w.startFresh(f, head)
		case settled:
		}
	}
	f.begun = true
	w.active[f] = struct{}{}
	return true
}

// resume continues at the file's checkpoint. Where the file no longer holds what
// the checkpoint says, it is a new file, and a copy may hold the rest of the old.
func (w *watcher) resume(f *file) bool {
	c, ok := w.t.store.get(f.id)
	if !ok {
		return false
	}
	same := c.Offset <= f.size && c.matches(f.handle)
	if c.Await {
		same = c.in(f.handle, f.size) != differs
	}
	if !same && c.Offset <= f.size && c.edited(f.handle) {
		same = true
		c.PrefixLen, c.Marks = 0, nil
		c.jump(f.handle, c.Offset)
	}
	if !same {
		w.t.store.bury(c)
		w.rests.due = true
		return false
	}
	f.pos, f.name = c.position, c.Path
	w.t.committed(f)
	return true
}

// startFresh begins a file that was never seen: at its first byte, but for files
// that are there at the very first start.
func (w *watcher) startFresh(f *file, head []byte) {
	start := int64(0)
	if f.first {
		switch {
		case w.t.cfg.MaxAge > 0 && w.t.now().Sub(f.changed) > w.t.cfg.MaxAge, w.t.cfg.StartAt == startEnd:
			start = f.size
		case w.t.cfg.StartAt == startTail:
			start = max(f.size-w.t.cfg.InitialBytes, 0)
		}
	}
	if start > 0 {
		f.seek(start)
	}
	if len(f.pos.Marks) == 0 && len(head) >= minProof {
		f.pos.Marks = []uint32{markOf(head[:minProof])} // so that copies find it
	}
	w.t.committed(f)
}

// seek begins at the first line that starts at or behind offset.
func (f *file) seek(offset int64) {
	if f.order != nil {
		offset &^= 1
	}
	f.pos.jump(f.handle, offset)
	unit := int64(1)
	if f.order != nil {
		unit = 2
	}
	before := make([]byte, unit)
	if _, err := f.handle.ReadAt(before, offset-unit); err != nil {
		return
	}
	if f.order != nil {
		f.pos.Skip = f.order.Uint16(before) != '\n'
	} else {
		f.pos.Skip = before[0] != '\n'
	}
}

// leftAlone are the names of files that are not text or hold nothing new, with
// what they were then. Beyond the limit they are looked at again each time.
type leftAlone struct {
	limit int
	names map[string]left
}

type left struct {
	id   fileID
	size int64
	grow bool // it stays what it is when it grows
}

func (l *leftAlone) has(path string, fi os.FileInfo) bool {
	was, ok := l.names[path]
	if ok && (was.id != statOf(fi) || was.size > fi.Size() || !was.grow && was.size < fi.Size()) {
		delete(l.names, path)
		return false
	}
	return ok
}

func (l *leftAlone) add(path string, fi os.FileInfo, grow bool) {
	if l.names == nil {
		l.names = map[string]left{}
	}
	if len(l.names) < l.limit {
		l.names[path] = left{id: statOf(fi), size: fi.Size(), grow: grow}
	}
}
