package tailreceiver

import "time"

// dispatch hands files with news to the workers, as long as these keep up, and
// returns when the next file is due that has none; zero if no file is. Files that
// are open come first, so that their handles become free for the others.
func (w *watcher) dispatch() (next time.Time) {
	full := false
	for f := range w.opened {
		if _, ok := w.active[f]; ok && !full {
			var due time.Time
			due, full = w.serve(f)
			next = earlier(next, due)
		}
	}
	for f := range w.active {
		if full || f.handle == nil && !f.busy.Load() && !w.handleFree() {
			break
		}
		var due time.Time
		due, full = w.serve(f)
		next = earlier(next, due)
	}
	if w.rests.due && !w.starting {
		if again := w.rests.last.Add(w.t.cfg.PollInterval); again.After(w.t.now()) {
			return earlier(next, again)
		}
		w.findRests()
	}
	return next
}

// serve hands a file to a worker if there is something to do, or says when there
// will be. It returns full if the workers have enough.
func (w *watcher) serve(f *file) (due time.Time, full bool) {
	if f.busy.Load() {
		return due, false
	}
	now := w.t.now()
	if f.peek && f.handle != nil {
		f.peek = false
		if fi, err := f.handle.Stat(); err == nil && !f.archive {
			w.see(f, fi)
		}
	}
	if f.known != f.rewinds {
		f.known = f.rewinds
		w.rests.due = true
	}
	if f.failed || !f.begun && !w.begin(f) {
		if f.size == 0 || f.failed {
			delete(w.active, f)
		}
		w.rest(f)
		return due, false
	}
	if !w.tend(f) {
		w.rest(f)
		return due, false
	}
	due = f.due(w.t.cfg.FlushTimeout)
	switch {
	case !f.unread() && !f.recheck && (due.IsZero() || due.After(now)):
		if due.IsZero() {
			delete(w.active, f)
			w.rest(f)
		}
		return due, false
	case f.resting.After(now):
		return f.resting, false
	case !w.open(f):
		return time.Time{}, false
	}
	f.recheck = false
	f.busy.Store(true)
	select {
	case w.t.work <- f:
		return time.Time{}, false
	default:
		f.busy.Store(false)
		return time.Time{}, true
	}
}

// handleFree reports whether one more file may be opened, after closing another
// if need be.
func (w *watcher) handleFree() bool {
	return len(w.opened) < w.t.cfg.MaxOpenFiles || w.closeQuiet()
}

// open makes sure that a file has a handle, which is refused while too many are
// open and none of them can be closed.
func (w *watcher) open(f *file) bool {
	if f.handle != nil {
		return true
	}
	return w.handleFree() && w.openAnyway(f)
}

func (w *watcher) openAnyway(f *file) bool {
	if f.handle != nil {
		return true
	}
	if err := w.t.open(f); err != nil {
		w.t.openFailed(f.path, err)
		return false
	}
	w.t.logs.Forget(f.path)
	w.opened[f] = struct{}{}
	return true
}

func (w *watcher) close(f *file) {
	f.close()
	delete(w.opened, f)
}

// rest closes a file that does nothing now if handles are scarce.
func (w *watcher) rest(f *file) {
	if 2*len(w.opened) > w.t.cfg.MaxOpenFiles && f.closable() && !f.unread() {
		w.close(f)
	}
}

// closable reports whether a file can be opened again by its name.
func (f *file) closable() bool { return f.handle != nil && len(f.names) > 0 && !f.busy.Load() }

// closeQuiet closes one of the files that do nothing now, and have for long: the
// quietest of some.
func (w *watcher) closeQuiet() bool {
	const some = 16
	var quiet *file
	seen := 0
	for f := range w.opened {
		if !f.closable() || f.unread() {
			continue
		}
		if quiet == nil || f.changed.Before(quiet.changed) {
			quiet = f
		}
		if seen++; seen == some {
			break
		}
	}
	if quiet == nil {
		return false
	}
	w.close(quiet)
	return true
}
