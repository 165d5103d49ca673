package tailreceiver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.uber.org/zap"
)

const (
	// freeLooks is how many files are looked at every poll_interval at no cost worth
	// saving: 2 us each.
	freeLooks = 500
	// longestRest bounds how late a line of a quiet file among thousands is seen.
	longestRest = 5 * time.Second
	// quietAfter is how long a file must not have changed to count as quiet.
	quietAfter = 10 * time.Second
)

// watcher finds files, sees them grow and hands those with news to the workers.
// All its state belongs to one goroutine.
type watcher struct {
	t       *tail
	files   map[fileID]*file
	paths   map[string]*file // names that lead to a file
	ignored map[string]int64 // names of files that are not text, with their size then
	orphans map[*file]bool
	first   bool // nothing was ever read: start_at applies to what is found now
	opened  int
}

func newWatcher(t *tail, first bool) *watcher {
	return &watcher{t: t, files: map[fileID]*file{}, paths: map[string]*file{}, ignored: map[string]int64{}, orphans: map[*file]bool{}, first: first}
}

func (w *watcher) run() {
	w.discover()
	w.resumeVanished()
	w.first = false
	w.poll()
	poll := time.NewTicker(w.t.cfg.PollInterval)
	defer poll.Stop()
	discover := time.NewTicker(w.t.cfg.DiscoveryInterval)
	defer discover.Stop()
	defer w.closeAll()
	for {
		select {
		case <-w.t.stop:
			return
		case <-discover.C:
			w.discover()
			w.poll()
		case <-poll.C:
			w.poll()
		case <-w.t.wake:
			w.dispatch()
		}
	}
}

// closeAll runs when the receiver stops; it waits for files that workers still
// hold, which the workers give back as soon as their delivery ends.
func (w *watcher) closeAll() {
	for {
		select {
		case f := <-w.t.work: // no worker will take it any more
			f.busy.Store(false)
			continue
		default:
		}
		break
	}
	for _, f := range w.files {
		for f.busy.Load() {
			<-w.t.wake
		}
		f.close()
	}
	for f := range w.orphans {
		for f.busy.Load() {
			<-w.t.wake
		}
		f.close()
	}
}

// discover looks the patterns up and admits names that are new.
func (w *watcher) discover() {
	for _, pattern := range w.t.cfg.Include {
		base, rel := doublestar.SplitPattern(filepath.ToSlash(pattern))
		err := doublestar.GlobWalk(os.DirFS(base), rel, func(name string, d fs.DirEntry) error {
			select {
			case <-w.t.stop:
				return doublestar.SkipDir
			default:
			}
			if !d.IsDir() {
				w.admit(filepath.Join(base, filepath.FromSlash(name)))
			}
			return nil
		}, doublestar.WithFilesOnly())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.t.refused(pattern, "unreadable", err)
		}
	}
	now := w.t.now()
	w.t.store.expire(now, func(id fileID) bool { return w.files[id] != nil })
	w.t.expireGhosts(now)
	w.t.metrics.follow.Record(context.Background(), int64(len(w.files)))
	w.t.metrics.open.Record(context.Background(), int64(w.opened))
}

func (w *watcher) excluded(path string) bool {
	for _, pattern := range w.t.cfg.Exclude {
		if ok, _ := doublestar.PathMatch(pattern, path); ok {
			return true
		}
	}
	return compressedName(path)
}

// admit follows the file that a name leads to, unless it is known already.
func (w *watcher) admit(path string) {
	if w.paths[path] != nil || w.excluded(path) {
		return
	}
	fi, err := os.Stat(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			w.t.refused(path, "unreadable", err)
		}
		return
	}
	if fi.Mode().IsRegular() {
		w.follow(path, fi)
	}
}

func (w *watcher) follow(path string, fi os.FileInfo) {
	id, _ := statOf(fi)
	if f := w.files[id]; f != nil {
		if !f.busy.Load() { // else at the next look
			w.paths[path] = f
			f.orphan = false
			delete(w.orphans, f)
		}
		return
	}
	if size, ok := w.ignored[path]; ok && size <= fi.Size() {
		return
	}
	if len(w.files) >= w.t.cfg.MaxFiles {
		w.t.refused(path, "max_files", errors.New("max_files are followed already: raise it or narrow include"))
		return
	}
	f := &file{id: id, path: path, size: fi.Size(), seenAt: -1, changed: fi.ModTime()}
	if w.open(f) {
		w.files[f.id] = f
		w.paths[path] = f
		w.begin(f)
	}
}

func (w *watcher) open(f *file) bool {
	if f.handle != nil {
		return true
	}
	if err := w.t.open(f); err != nil {
		w.t.openFailed(f.path, err)
		return false
	}
	w.t.logs.Forget(f.path)
	w.opened++
	return true
}

func (w *watcher) close(f *file) {
	if f.handle != nil {
		w.opened--
		f.close()
	}
}

// begin decides, once a file holds something, whether it is text and where
// reading starts. It returns false if that is to be asked again later.
func (w *watcher) begin(f *file) bool {
	if f.size == 0 {
		if c, ok := w.t.store.get(f.id); ok && c.Offset > 0 {
			w.t.addGhost(c.Path, c.position) // truncated while nobody watched
			w.t.committed(f)
		}
		return false
	}
	if w.relativeBusy(f) || w.tooSmall(f) || !w.open(f) {
		return false
	}
	if !isText(f.handle) {
		if len(w.ignored) < w.t.cfg.MaxFiles {
			w.ignored[f.path] = f.size
		}
		w.t.metrics.refused.Add(context.Background(), 1, reason("not_text"))
		w.drop(f)
		return false
	}
	f.begun = true
	delete(w.ignored, f.path)
	if !w.resume(f) && !w.continueCopy(f) {
		w.startFresh(f)
	}
	return true
}

func (w *watcher) startFresh(f *file) {
	if !w.first {
		return
	}
	start := int64(0)
	switch {
	case w.t.cfg.MaxAge > 0 && w.t.now().Sub(f.changed) > w.t.cfg.MaxAge, w.t.cfg.StartAt == startEnd:
		start = f.size
	case w.t.cfg.StartAt == startTail:
		start = max(f.size-w.t.cfg.InitialBytes, 0)
	}
	if start > 0 {
		f.seek(start)
	}
	w.t.committed(f)
}

// poll asks every name for what it leads to, and every file without a name for
// its size.
func (w *watcher) poll() {
	now := w.t.now()
	rest := w.restBetweenLooks()
	for path, f := range w.paths {
		if f.busy.Load() || now.Before(f.nextLook) {
			continue
		}
		if now.Sub(f.changed) > quietAfter {
			f.nextLook = now.Add(rest)
		}
		fi, err := os.Stat(path)
		if err == nil {
			if id, _ := statOf(fi); id == f.id {
				f.look(fi.Size(), now)
				continue
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			w.t.refused(path, "unreadable", err)
			continue
		}
		// The name is gone or leads to another file.
		delete(w.paths, path)
		w.lose(f, now)
		if err == nil && fi.Mode().IsRegular() {
			w.follow(path, fi)
		}
	}
	for f := range w.orphans {
		w.pollOrphan(f, now)
	}
	w.dispatch()
	w.limitOpen()
}

// restBetweenLooks is how long a quiet file is left alone. Up to some hundred files
// all are looked at each time; beyond that the quiet ones share about as many looks.
func (w *watcher) restBetweenLooks() time.Duration {
	return min(time.Duration(len(w.paths)/freeLooks)*w.t.cfg.PollInterval, longestRest)
}

// lose marks a file to which no name leads any more. It is followed by its handle
// until it has been quiet for rotate_wait.
func (w *watcher) lose(f *file, now time.Time) {
	for _, other := range w.paths {
		if other == f {
			return
		}
	}
	w.t.metrics.rotated.Add(context.Background(), 1, kind("moved"))
	f.orphan = true
	f.changed = now
	w.orphans[f] = true
	if f.handle == nil && w.t.openMoved(f) {
		w.opened++
	}
}

func (w *watcher) pollOrphan(f *file, now time.Time) {
	if f.busy.Load() {
		return
	}
	if f.handle != nil {
		if fi, err := f.handle.Stat(); err == nil {
			f.look(fi.Size(), now)
			if f.unread() || now.Sub(f.changed) <= w.t.cfg.RotateWait {
				return
			}
			if f.size > f.pos.Offset && !f.last {
				f.last = true // once more, for a last line without a line end
				f.seenAt = -1
				return
			}
		}
	}
	w.forget(f)
}

func (w *watcher) forget(f *file) {
	w.close(f)
	delete(w.orphans, f)
	if w.files[f.id] == f {
		delete(w.files, f.id)
	}
}

// drop stops following a file that turned out not to be text.
func (w *watcher) drop(f *file) {
	for path, other := range w.paths {
		if other == f {
			delete(w.paths, path)
		}
	}
	w.forget(f)
}

// dispatch hands files with news to the workers, as long as these keep up.
func (w *watcher) dispatch() {
	now := w.t.now()
	for _, f := range w.files {
		if !f.begun && !f.busy.Load() {
			w.begin(f)
		}
		if f.source != nil {
			w.releaseCopy(f)
		}
	}
	for _, f := range w.files {
		if f.busy.Load() || !f.begun {
			continue
		}
		if f.pos.Await && f.source == nil && f.size >= f.pos.Offset && w.open(f) {
			w.arrive(f)
		}
		if !f.unread() && !f.overdue(now, w.t.cfg.FlushTimeout) {
			continue
		}
		if !w.open(f) {
			continue
		}
		f.busy.Store(true)
		select {
		case w.t.work <- f:
		default:
			f.busy.Store(false)
			return
		}
	}
}

// limitOpen closes the files that have been quiet for longest.
func (w *watcher) limitOpen() {
	for w.opened > w.t.cfg.MaxOpenFiles {
		var quiet *file
		for _, f := range w.files {
			if f.handle != nil && !f.orphan && !f.busy.Load() && !f.unread() && (quiet == nil || f.changed.Before(quiet.changed)) {
				quiet = f
			}
		}
		if quiet == nil {
			return
		}
		w.close(quiet)
	}
}

// resumeVanished looks for files that have a checkpoint but were renamed out of
// the patterns while nobody watched, and reads what is left of them.
func (w *watcher) resumeVanished() {
	for _, c := range w.t.store.all() {
		if w.files[c.id()] != nil || w.t.now().Sub(time.Unix(c.Seen, 0)) > checkpointAge {
			continue
		}
		f := &file{id: c.id(), path: c.Path, pos: c.position, seenAt: -1, begun: true, orphan: true, changed: w.t.now()}
		if !w.t.openMoved(f) {
			continue
		}
		fi, err := f.handle.Stat()
		if err != nil || fi.Size() <= c.Offset || !c.matches(f.handle) {
			f.close()
			continue
		}
		f.size = fi.Size()
		w.files[f.id] = f
		w.orphans[f] = true
		w.opened++
		w.t.set.Logger.Info("reading the rest of a file that was renamed", zap.String("path", c.Path), zap.Int64("bytes", f.size-c.Offset))
	}
}
