package tailreceiver

import (
	"context"
	"time"
)

// watcher finds files, sees them grow and hands those with news to the workers.
// All its state belongs to one goroutine.
type watcher struct {
	t     *tail
	files map[contentID]*file
	names map[string]*name
	wheel wheel
	// active are the files that may have something to do; all others cost nothing.
	active map[*file]struct{}
	// orphans are files to which no name leads any more.
	orphans map[*file]struct{}
	// opened are the files with a handle.
	opened   map[*file]struct{}
	left     leftAlone
	archives int // being read
	rests    rests
	events   *events

	first    bool // nothing was ever read: start_at applies to what is found now
	starting bool // the first walk of this run is not over
	cleaned  time.Time
}

func newWatcher(t *tail, first bool) *watcher {
	return &watcher{
		t: t, first: first, starting: true,
		files: map[contentID]*file{}, names: map[string]*name{},
		active: map[*file]struct{}{}, orphans: map[*file]struct{}{}, opened: map[*file]struct{}{},
		left: leftAlone{limit: t.cfg.MaxFiles}, events: newEvents(t),
	}
}

func (w *watcher) run() {
	finder := newFinder(w.t)
	w.t.running.Go(finder.run)
	defer w.events.close()
	defer w.closeAll()
	poll := time.NewTicker(w.t.cfg.PollInterval)
	defer poll.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-w.t.stop:
			return
		case found := <-finder.found:
			w.find(found)
		case <-w.events.ready:
			if w.hear() {
				finder.soon()
			}
		case <-poll.C:
			w.poll()
		case <-w.t.wake:
		case <-timer.C:
		}
		if next := w.dispatch(); !next.IsZero() {
			timer.Reset(max(next.Sub(w.t.now()), time.Millisecond))
		}
	}
}

// find takes what a walk has found; at its end, what a walk alone cannot find is
// looked for: the rest of files that were renamed, copied or compressed.
func (w *watcher) find(f found) {
	if f.heard != nil {
		w.events.watch(f.dir)
		close(f.heard)
	}
	for _, path := range f.paths {
		w.admit(path)
	}
	if !f.last {
		return
	}
	w.first, w.starting = false, false
	w.findRests()
	if now := w.t.now(); now.Sub(w.cleaned) > time.Hour {
		w.t.store.expire(now)
		w.cleaned = now
	}
	ctx := context.Background()
	w.t.metrics.follow.Record(ctx, int64(len(w.files)))
	w.t.metrics.open.Record(ctx, int64(len(w.opened)))
	w.t.metrics.watched.Record(ctx, int64(w.events.watching()))
}

// hear looks at what the system says has changed. It returns true if there may be
// new folders.
func (w *watcher) hear() bool {
	changed, folders := w.events.take()
	for _, path := range changed {
		if n := w.names[path]; n != nil {
			w.look(n)
		} else if !compressedName(path) && w.t.cfg.includes(path) {
			w.admit(path)
		}
	}
	return folders
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
	for f := range w.opened {
		for f.busy.Load() {
			<-w.t.wake
		}
		f.close()
	}
}
