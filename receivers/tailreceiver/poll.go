package tailreceiver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

const (
	// freeLooks is how many files are looked at every poll_interval at no cost worth
	// saving: 2 us each.
	freeLooks = 500
	// longestRest bounds how late a line of a quiet file among thousands is seen where
	// the system does not tell of changes.
	longestRest = 5 * time.Second
	// longestTrust is how often a quiet file is looked at of which the system should
	// tell; what is seen then without being told ends the trust in its folder.
	longestTrust = 15 * time.Second
	// quietAfter is how long a file must not have changed to count as quiet.
	quietAfter = 10 * time.Second
)

// name is a path that leads to a followed file.
type name struct {
	path   string
	real   string // without symlinks in its last element
	f      *file
	folder *folder // tells of changes; nil if nothing does
	gone   bool
}

// wheel says at which poll a name is looked at next, so that names that rest cost
// nothing in between.
type wheel struct {
	slots [128][]*name
	now   int
}

// add lets a name be looked at after some polls.
func (w *wheel) add(n *name, polls int) {
	at := (w.now + min(max(polls, 1), len(w.slots)-1)) % len(w.slots)
	w.slots[at] = append(w.slots[at], n)
}

// turn returns the names whose time has come.
func (w *wheel) turn() []*name {
	w.now = (w.now + 1) % len(w.slots)
	due := w.slots[w.now]
	w.slots[w.now] = nil
	return due
}

// poll asks the names whose time has come for what they lead to, and every file
// without a name for its size. It is the truth; what the system tells is faster.
func (w *watcher) poll() {
	for _, n := range w.wheel.turn() {
		if n.gone {
			continue
		}
		if n.f.busy.Load() {
			w.look(n)
			if !n.gone {
				w.wheel.add(n, 1)
			}
			continue
		}
		before, quiet := n.f.size, w.quiet(n.f)
		w.look(n)
		if n.gone {
			continue
		}
		if quiet && n.f.size != before {
			n.folder.missed()
		}
		w.wheel.add(n, w.restOf(n))
	}
	for f := range w.orphans {
		w.pollOrphan(f)
	}
}

// restOf is after how many polls a name is looked at again.
func (w *watcher) restOf(n *name) int {
	rest := time.Duration(0)
	switch {
	case n.f.busy.Load(), !w.quiet(n.f) && !n.folder.trusted():
	case n.folder.trusted() && w.quiet(n.f):
		rest = longestTrust
	default:
		rest = min(time.Duration(len(w.names)/freeLooks)*w.t.cfg.PollInterval, longestRest)
	}
	return int(rest / w.t.cfg.PollInterval)
}

func (w *watcher) quiet(f *file) bool { return w.t.now().Sub(f.changed) >= quietAfter }

// look asks a name for what it leads to.
func (w *watcher) look(n *name) {
	fi, err := os.Stat(n.path)
	if err == nil && statOf(fi) == n.f.id.fileID {
		if n.f.busy.Load() {
			n.f.peek = true
			w.active[n.f] = struct{}{}
		} else {
			w.see(n.f, fi)
		}
		return
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.openFailed(n.path, err)
		return
	}
	// The name is gone or leads to another file.
	w.unname(n)
	if err == nil {
		w.admit(n.path)
	}
}

// see takes note of a file's size.
func (w *watcher) see(f *file, fi os.FileInfo) {
	written := fi.ModTime().UnixNano()
	if fi.Size() == f.size && (written == f.mtime || f.size == 0) {
		return
	}
	f.recheck = fi.Size() == f.size && f.begun
	f.mtime = written
	f.look(fi.Size(), w.t.now())
	w.active[f] = struct{}{}
}

// unname takes a name from its file. A file to which no name leads any more is
// followed by its handle until it has been quiet for rotate_wait.
func (w *watcher) unname(n *name) {
	n.gone = true
	delete(w.names, n.path)
	w.events.forget(n)
	f := n.f
	if f.names = slices.DeleteFunc(f.names, func(o *name) bool { return o == n }); len(f.names) > 0 {
		return
	}
	w.t.metrics.rotated.Add(context.Background(), 1, kind("moved"))
	f.missed = w.t.now()
	w.orphans[f] = struct{}{}
	if !f.busy.Load() && f.handle == nil {
		if w.t.openMoved(f, n.real) {
			w.opened[f] = struct{}{}
		} else {
			w.rests.due = true
		}
	}
}

func (w *watcher) pollOrphan(f *file) {
	if f.busy.Load() {
		return
	}
	waited := w.t.now().Sub(later(f.changed, f.missed))
	if f.handle == nil || f.failed {
		w.forget(f)
		return
	}
	if fi, err := f.handle.Stat(); err == nil && !f.archive {
		w.see(f, fi)
	}
	switch {
	case f.source != nil || f.pos.Await:
		if waited > w.t.cfg.RotateWait {
			w.forget(f)
		}
	case f.unread() || !f.begun && f.size > 0 || !f.archive && waited <= w.t.cfg.RotateWait:
	case f.size > f.pos.Offset && !f.last:
		f.last = true // once more, for a last line without a line end
		f.seenAt = -1
		w.active[f] = struct{}{}
	default:
		w.forget(f)
	}
}

// forget ends following a file. Its checkpoint stays, in case the file comes back
// or a copy or an archive of it holds more.
func (w *watcher) forget(f *file) {
	done := false
	if f.handle != nil && !f.failed && f.pos.Offset >= f.size {
		fi, err := f.handle.Stat()
		done = f.archive || err == nil && deleted(fi)
	}
	w.t.store.release(f.id, done)
	w.close(f)
	delete(w.orphans, f)
	delete(w.active, f)
	if f.archive {
		w.archives--
	}
	if w.files[f.id] == f {
		delete(w.files, f.id)
	}
}

// drop stops following a file that turned out not to be text.
func (w *watcher) drop(f *file) {
	for _, n := range f.names {
		n.gone = true
		delete(w.names, n.path)
		w.events.forget(n)
	}
	w.forget(f)
}
