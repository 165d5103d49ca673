package tailreceiver

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

const (
	// findBatch names are handed over at a time, so that reading goes on while a
	// folder of 100,000 files is found.
	findBatch = 128
	// walkShare bounds what walking costs: it rests for so many times as long as it
	// took.
	walkShare = 200
	// walkShareSoon is the same for walks that are asked for, as a new folder does.
	walkShareSoon = 20
)

// found is a part of what a walk has found.
type found struct {
	paths []string
	dir   string        // that is about to be read
	heard chan struct{} // closed when dir is watched; nil without one
	last  bool
}

// finder looks the patterns up again and again, in a goroutine of its own.
type finder struct {
	t     *tail
	found chan found
	ask   chan struct{}
	next  found
	idle  time.Duration // of a walk, in which the watcher was waited for
}

func newFinder(t *tail) *finder {
	return &finder{t: t, found: make(chan found), ask: make(chan struct{}, 1)}
}

// soon asks for a walk before its time.
func (d *finder) soon() {
	select {
	case d.ask <- struct{}{}:
	default:
	}
}

func (d *finder) run() {
	for {
		start := d.t.now()
		d.idle = 0
		if !d.walk() {
			return
		}
		took := d.t.now().Sub(start) - d.idle
		if !d.pause(max(took*walkShareSoon, time.Millisecond), nil) ||
			!d.pause(max(d.t.cfg.DiscoveryInterval, took*walkShare)-took*walkShareSoon, d.ask) {
			return
		}
	}
}

// pause waits, or until it is asked. It returns false if the receiver stops.
func (d *finder) pause(wait time.Duration, ask <-chan struct{}) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-d.t.stop:
		return false
	case <-timer.C:
	case <-ask:
	}
	return true
}

// walk hands over all names that match and the folders where such may appear. It
// returns false if the receiver stops.
func (d *finder) walk() bool {
	for _, pattern := range d.t.cfg.Include {
		base, rel := doublestar.SplitPattern(filepath.ToSlash(pattern))
		folders := folderFS{FS: os.DirFS(base), enter: func(dir string) {
			d.enter(filepath.Join(base, filepath.FromSlash(dir)))
		}}
		if !hasMeta(rel) { // a plain name, of which GlobWalk does not read the folder
			d.enter(filepath.Dir(filepath.Join(base, rel)))
		}
		err := doublestar.GlobWalk(folders, rel, func(name string, e fs.DirEntry) error {
			path := filepath.Join(base, filepath.FromSlash(name))
			if e.IsDir() || d.t.cfg.excludes(path) {
				return nil
			}
			if d.next.paths = append(d.next.paths, path); len(d.next.paths) >= findBatch && !d.hand() {
				return errStopped
			}
			return nil
		}, doublestar.WithFilesOnly())
		if errors.Is(err, errStopped) {
			return false
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.t.refused(pattern, "unreadable", err)
		}
	}
	d.next.last = true
	return d.hand()
}

// enter lets a folder be watched before it is read, so that what appears in it
// afterwards is told.
func (d *finder) enter(dir string) {
	heard := make(chan struct{})
	d.next.dir, d.next.heard = dir, heard
	if !d.hand() {
		return
	}
	select {
	case <-d.t.stop:
	case <-heard:
	}
}

// hand gives the watcher what was found since the last time.
func (d *finder) hand() bool {
	start := d.t.now()
	defer func() { d.idle += d.t.now().Sub(start) }()
	select {
	case <-d.t.stop:
		return false
	case d.found <- d.next:
		d.next = found{}
		return true
	}
}

func hasMeta(pattern string) bool {
	for i := range len(pattern) {
		switch pattern[i] {
		case '*', '?', '[', '{', '\\':
			return true
		}
	}
	return false
}

// folderFS tells which folders a walk reads.
type folderFS struct {
	fs.FS
	enter func(dir string)
}

// ReadDir lists a folder.
func (f folderFS) ReadDir(dir string) ([]fs.DirEntry, error) {
	f.enter(dir)
	return fs.ReadDir(f.FS, dir) //nolint:wrapcheck // for doublestar, which looks for the kind of error
}

// Stat describes a file.
func (f folderFS) Stat(name string) (fs.FileInfo, error) {
	return fs.Stat(f.FS, name) //nolint:wrapcheck // for doublestar, which looks for the kind of error
}
