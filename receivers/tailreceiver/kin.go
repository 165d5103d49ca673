package tailreceiver

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"
)

const (
	// fewBytesWait is how long a file with too few bytes to be compared waits for more
	// of them, if its name says that it may be a copy.
	fewBytesWait = 2 * time.Second
	// copyWait is how long a file that holds what another holds, but does not have
	// its name, must be quiet to be a file of its own.
	copyWait = 10 * time.Second
	// fewStrangers is how many files of other names a new file is compared with.
	fewStrangers = 4
)

// verdict says what is known of a file that was not read before.
type verdict uint8

const (
	apart   verdict = iota // it is no copy
	settled                // it is a copy: it continues, or is held
	unclear                // ask again
)

// kin finds out whether f is a copy: of a file that is followed, or of what a file
// held that is gone or was truncated. head is its beginning.
//
// A copy may be incomplete whenever it is looked at, and its original may be
// truncated between two looks at it. So sizes that were seen earlier prove
// nothing; content does.
func (w *watcher) kin(f *file, head []byte) verdict {
	if f.size < minProof || len(head) < minProof {
		if w.t.now().Sub(f.changed) < fewBytesWait && looksRotated(filepath.Base(f.path)) && w.t.store.related(f.path, f.id) {
			return unclear
		}
		return apart
	}
	prefix := uint64(0)
	if len(head) >= maxPrefix {
		prefix = xxhash.Sum64(head[:maxPrefix])
	}
	strange := 0
	for _, c := range w.t.store.candidates(f.path, markOf(head[:minProof]), prefix) {
		k := w.files[c.id()]
		if k == f {
			continue
		}
		kinship := kinshipOf(c.Path, f.path)
		if kinship == strangers {
			if strange++; w.starting && k != nil || c.PrefixLen < maxPrefix || strange > fewStrangers {
				continue
			}
		}
		if k == nil && c.Gen == 0 {
			if w.elsewhere(&c) {
				return unclear
			}
		}
		var v verdict
		switch {
		case k == nil:
			v = w.continues(f, &c, kinship)
		case k.busy.Load():
			v = unclear // it may be found truncated just now
		default:
			v = w.isCopyOf(f, k, kinship)
		}
		if v != apart {
			return v
		}
	}
	return apart
}

// elsewhere follows the file of a checkpoint if it is there but was not found yet.
func (w *watcher) elsewhere(c *checkpoint) bool {
	fi, err := os.Stat(c.Path)
	if err != nil || statOf(fi) != c.id().fileID || !w.t.cfg.includes(c.Path) {
		return false
	}
	w.admit(c.Path)
	return w.files[c.id()] != nil
}

// isCopyOf compares f with a file that is followed.
func (w *watcher) isCopyOf(f, k *file, kinship kinship) verdict {
	if k.archive || !w.openAnyway(k) {
		return apart
	}
	if !k.begun {
		return unclear
	}
	if kinship == samePlace { // the name leads to f now: a successor, or k edited by replacing it
		if len(k.names) > 0 || k.pos.in(f.handle, f.size) != holds || !sameUpTo(k, f, sizeOf(k)) {
			return apart
		}
		w.continueAt(f, k.pos, k.name)
		w.forget(k)
		// Its inode may come back with a later edition, which must not begin where k ended.
		w.t.store.take(k.id)
		return settled
	}
	if kinship == strangers && k.pos.Offset < maxPrefix || f.alone && kinship != rotated {
		return apart
	}
	if size := sizeOf(f); sameUpTo(k, f, size) {
		f.source, f.sourceRewinds, f.compared = k, k.rewinds, size
		f.alone = false
		return settled
	}
	if k.pos.matches(k.handle) {
		return apart
	}
	w.t.rewound(k, "rewritten") // which was not noticed yet; what it held is compared next
	w.active[k] = struct{}{}
	return unclear
}

// continues lets f go on where reading of content stood that is gone, if f is a
// copy of it.
func (w *watcher) continues(f *file, c *checkpoint, kinship kinship) verdict {
	likeness := c.in(f.handle, f.size)
	switch {
	case likeness == differs, likeness == begins && (kinship == strangers || kinship == samePlace || f.alone):
		return apart
	case kinship == strangers && c.Offset < maxPrefix:
		return apart
	}
	pos := c.position
	pos.Await = likeness == begins
	w.t.store.take(c.id())
	w.continueAt(f, pos, c.Path)
	return settled
}

func (w *watcher) continueAt(f *file, pos position, name string) {
	f.source, f.pos, f.name = nil, pos, name
	w.t.committed(f)
}

// sizeOf is a file's size now.
func sizeOf(f *file) int64 {
	if fi, err := f.handle.Stat(); err == nil {
		f.size = fi.Size()
	}
	return f.size
}

// sameUpTo reports whether f begins with the first size bytes of k, judged by both
// ends of them.
func sameUpTo(k, f *file, size int64) bool {
	var a, b [4096]byte
	for _, off := range []int64{0, max(size-int64(len(a)), 0)} {
		n := int(min(size-off, int64(len(a))))
		na, _ := k.handle.ReadAt(a[:n], off)
		nb, _ := f.handle.ReadAt(b[:n], off)
		if na != n || nb != n || !bytes.Equal(a[:n], b[:n]) {
			return false
		}
	}
	return true
}

// tend looks after a copy that is held or awaits more, and reports whether it may
// be read.
func (w *watcher) tend(f *file) bool {
	switch k := f.source; {
	case k != nil && k.busy.Load():
		return false
	case k != nil && w.files[k.id] == k && k.rewinds == f.sourceRewinds && f.compared == f.size:
		if kinshipOf(k.name, f.path) == rotated || w.t.now().Sub(f.changed) < copyWait {
			return false
		}
		f.alone = true
		fallthrough
	case k != nil:
		f.source, f.begun = nil, false
		return w.begin(f) && f.source == nil && !f.pos.Await
	case f.pos.Await:
		return w.arrive(f)
	}
	return true
}

// arrive begins to read a copy that has grown to where reading of its original
// stood. Where it holds something else, it is a file of its own.
func (w *watcher) arrive(f *file) bool {
	rotated := rotatedName(f.name, f.path)
	if f.size == f.compared && (rotated || w.t.now().Sub(f.changed) < copyWait) || !w.open(f) {
		return false
	}
	f.compared = sizeOf(f)
	pos := f.pos
	pos.Await = false
	switch likeness := pos.in(f.handle, f.size); {
	case likeness == begins && (rotated || w.t.now().Sub(f.changed) < copyWait):
		return false
	case likeness == begins, likeness == differs:
		pos = position{}
	}
	w.continueAt(f, pos, f.name)
	return true
}

// rewound begins a file again that was truncated or rewritten. What it held is
// remembered: where it was copied first, as logrotate's copytruncate does, the copy
// continues at the position.
func (t *tail) rewound(f *file, how string) {
	if f.size < f.pos.Offset {
		how = "truncated"
	}
	t.metrics.rotated.Add(context.Background(), 1, kind(how))
	t.store.bury(t.checkpointOf(f))
	f.rewind()
	t.committed(f)
}
