package tailreceiver

import (
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"
)

const (
	// maxFolders is how many folders are watched; the others are polled.
	maxFolders = 8192
	// eventRest is how long the system gathers events before the next are taken: a
	// busy file then costs some wakes per second, not one per line.
	eventRest = 5 * time.Millisecond
	// eventBatch names are looked at before other things have their turn.
	eventBatch = 1024
	// maxSilent is how often a poll may see what no event told before a folder is
	// polled: as one on a network, or in a lower layer of a container's.
	maxSilent = 3
)

// folder is one of which the system tells what changes in it.
type folder struct {
	path   string
	names  int // followed files in it
	silent int // changes that were not told
}

// trusted reports whether changes in a folder are told; a nil one is not watched.
func (f *folder) trusted() bool { return f != nil && f.silent < maxSilent }

// missed takes note that a poll saw what was not told.
func (f *folder) missed() {
	if f != nil {
		f.silent++
	}
}

// events are the system's news of folders. Where there are none, or no more, all
// files are polled. Its state belongs to the watcher but for what mu guards.
type events struct {
	t       *tail
	source  *notifier // nil if the system has none
	ready   chan struct{}
	folders map[string]*folder
	links   map[string]string // from what a symlink leads to, to its name
	full    bool              // a limit was reached, which was said

	mu      sync.Mutex // guards what follows
	changed map[string]struct{}
	dirs    bool // there may be new folders
}

// maxChanged bounds what is remembered of events; what is beyond it the poll sees.
const maxChanged = 50_000

func newEvents(t *tail) *events {
	e := &events{t: t, ready: make(chan struct{}, 1), folders: map[string]*folder{}, links: map[string]string{}, changed: map[string]struct{}{}}
	source, err := newNotifier(e)
	if err != nil {
		e.limit("", err)
		return e
	}
	e.source = source
	return e
}

// watch asks for news of a folder, and returns it; nil if there are none.
func (e *events) watch(dir string) *folder {
	if f := e.folders[dir]; f != nil || e.source == nil {
		return f
	}
	if len(e.folders) >= maxFolders {
		e.limit(dir, errManyFolders)
		return nil
	}
	if err := e.source.add(dir); err != nil {
		e.limit(dir, err)
		return nil
	}
	f := &folder{path: dir}
	e.folders[dir] = f
	return f
}

// limit counts a folder that is polled because there are no news of it, and says
// so the first time.
func (e *events) limit(dir string, err error) {
	e.t.metrics.unwatched.Add(e.t.consume, 1)
	if !e.full && isLimit(err) {
		e.full = true
		e.t.set.Logger.Warn("the system's limit of watched folders is reached: the others are polled; raise fs.inotify.max_user_watches and max_user_instances", zap.String("folder", dir), zap.Error(err))
	}
}

// follow watches the folder of a followed file.
func (e *events) follow(n *name) {
	if n.real != n.path {
		if len(e.links) < e.t.cfg.MaxFiles {
			e.links[n.real] = n.path
		}
		e.watch(filepath.Dir(n.path)) // for the symlink itself
	}
	if n.folder = e.watch(filepath.Dir(n.real)); n.folder != nil {
		n.folder.names++
	}
}

// forget ends that. A folder that is empty by then is likely gone itself.
func (e *events) forget(n *name) {
	delete(e.links, n.real)
	if n.folder != nil {
		n.folder.names--
	}
}

// note is called by the source for a name in a folder; dir says that it is one.
func (e *events) note(path string, dir bool) {
	e.mu.Lock()
	if len(e.changed) < maxChanged {
		e.changed[path] = struct{}{}
	} else {
		dir = true // a walk finds what is missed here
	}
	e.dirs = e.dirs || dir
	e.mu.Unlock()
	e.wake()
}

func (e *events) wake() {
	select {
	case e.ready <- struct{}{}:
	default:
	}
}

// take returns the names that have changed, and whether there may be new folders.
func (e *events) take() (paths []string, dirs bool) {
	e.mu.Lock()
	changed := e.changed
	if dirs, e.dirs = e.dirs, false; len(changed) <= eventBatch {
		e.changed = map[string]struct{}{}
	} else { // the others are next, so that reading goes on meanwhile
		changed = make(map[string]struct{}, eventBatch)
		for path := range e.changed {
			if changed[path] = struct{}{}; len(changed) == eventBatch {
				break
			}
		}
		for path := range changed {
			delete(e.changed, path)
		}
		e.wake()
	}
	e.mu.Unlock()
	for path := range changed {
		if f := e.folders[path]; f != nil { // a folder that is gone
			f.silent = maxSilent
			delete(e.folders, path)
			dirs = true
			continue
		}
		if f := e.folders[filepath.Dir(path)]; f != nil {
			f.silent = 0
		}
		if link, ok := e.links[path]; ok {
			paths = append(paths, link)
		}
		paths = append(paths, path)
	}
	return paths, dirs
}

// watching is how many folders tell of changes.
func (e *events) watching() (n int) {
	for _, f := range e.folders {
		if f.trusted() {
			n++
		}
	}
	return n
}

func (e *events) close() {
	if e.source != nil {
		e.source.close()
	}
}
