package tailreceiver

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"
)

// rests remembers which folders were searched for the rest of content that is gone.
type rests struct {
	due      bool // there is new content to search for
	last     time.Time
	searched map[string]search
}

// search is what a folder was like when it was searched.
type search struct {
	changed  int64
	contents uint64 // a sum over them
}

// findRests looks for what is left of files that were renamed out of the patterns,
// copied or compressed while nobody watched, or faster than they were read: in the
// folders where they were.
func (w *watcher) findRests() {
	w.rests.due, w.rests.last = false, w.t.now()
	folders := map[string][]checkpoint{}
	for _, c := range w.t.store.unread() {
		dir := filepath.Dir(c.Path)
		folders[dir] = append(folders[dir], c)
		if target, err := filepath.EvalSymlinks(c.Path); err == nil && filepath.Dir(target) != dir {
			folders[filepath.Dir(target)] = append(folders[filepath.Dir(target)], c)
		}
	}
	searched := map[string]search{}
	for dir, contents := range folders {
		fi, err := os.Stat(dir)
		if err != nil {
			continue
		}
		searched[dir] = search{changed: fi.ModTime().UnixNano(), contents: sumOf(contents)}
		if w.rests.searched[dir] != searched[dir] {
			w.searchFolder(dir, contents)
		}
	}
	w.rests.searched = searched
}

func sumOf(contents []checkpoint) (sum uint64) {
	for i := range contents {
		sum += contents[i].Ino ^ uint64(contents[i].Gen)<<48
	}
	return sum
}

// searchFolder compares the files of a folder with contents of files that were in
// it.
func (w *watcher) searchFolder(dir string, contents []checkpoint) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	families, inodes := map[uint64]bool{}, map[fileID]*checkpoint{}
	for i := range contents {
		c := &contents[i]
		families[family(c.Path)] = true
		if target, err := filepath.EvalSymlinks(c.Path); err == nil {
			families[family(target)] = true
		}
		if c.Gen == 0 {
			inodes[c.id().fileID] = c
		}
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if !e.Type().IsRegular() || w.names[path] != nil || !families[family(path)] {
			continue
		}
		fi, err := e.Info()
		if err != nil || w.left.has(path, fi) {
			continue
		}
		switch {
		case compressedName(path):
			w.admitArchive(path, fi)
		case w.t.cfg.includes(path):
			w.admit(path)
		default:
			w.searchFile(path, fi, inodes[statOf(fi)])
		}
	}
}

// searchFile follows a file outside the patterns to its end if it holds the rest
// of content: c, of which it has the inode, or any that it is a copy of.
func (w *watcher) searchFile(path string, fi fs.FileInfo, c *checkpoint) {
	id := contentID{fileID: statOf(fi)}
	if w.files[id] != nil || fi.Size() < minProof && c == nil || len(w.files) >= w.t.cfg.MaxFiles {
		return
	}
	f := &file{id: id, name: path, path: path, size: fi.Size(), seenAt: -1, changed: w.t.now()}
	if !w.openAnyway(f) {
		return
	}
	switch {
	case c != nil && fi.Size() > c.Offset && c.matches(f.handle):
		f.name, f.pos = c.Path, c.position
		w.t.committed(f)
	case c != nil || !w.copyOfGone(f, fi.Size()):
		w.close(f)
		return
	}
	f.begun = true
	w.files[id] = f
	w.orphans[f], w.active[f] = struct{}{}, struct{}{}
	w.t.set.Logger.Info("reading the rest of a file that was renamed or copied", zap.String("path", f.name), zap.String("now", path), zap.Int64("bytes", f.size-f.pos.Offset))
}

// copyOfGone continues f where content that is gone was read up to, if f is a
// rotated copy of it.
func (w *watcher) copyOfGone(f *file, size int64) bool {
	var head [minProof]byte
	if n, _ := f.handle.ReadAt(head[:], 0); n < minProof {
		return false
	}
	f.size = size
	for _, c := range w.t.store.candidates(f.path, markOf(head[:]), 0) {
		if !c.followed && !c.Done && c.in(f.handle, size) == holds && w.continues(f, &c, rotated) == settled {
			return true
		}
	}
	return false
}
