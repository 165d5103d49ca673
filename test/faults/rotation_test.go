//go:build faults

package faults

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// rotations are what logrotate does, while the application writes fast, with the
// receiver's own intervals.
var rotations = []scenario{
	{name: "rename_glob", run: func(w *world) { rotating(w, "app.log*", renameRotation) }},
	{name: "rename_single", run: func(w *world) { rotating(w, "app.log", renameRotation) }},
	{name: "copytruncate_glob", run: func(w *world) { rotating(w, "app.log*", copyTruncateRotation) }},
	{name: "copytruncate_single", run: func(w *world) { rotating(w, "app.log", copyTruncateRotation) }},
	{name: "rename_glob_killed", goal: goal{perKill: 1000}, run: func(w *world) {
		w.agent.tail = nil
		r := newRotated(w, "app.log*", renameRotation)
		kills := 0
		w.paced(20_000, w.pick(100_000, 400_000), func(n int) {
			r.write(n)
			if w.lines.written/40_000 > kills {
				kills++
				w.crash()
			}
		})
		r.gzips.Wait()
	}},
}

// rotating writes 20,000 lines/s and rotates every 5 s, or 2 s in a quick run.
func rotating(w *world, include string, how func(*rotated)) {
	w.agent.tail = nil
	w.quiet = 7 * time.Second
	r := newRotated(w, include, how)
	r.every = time.Duration(w.pick(2, 5)) * time.Second
	w.paced(20_000, w.pick(120_000, 400_000), r.write)
	r.gzips.Wait()
}

// rotated is a log with its generations: app.log, app.log.1, ... Those of even
// number are compressed at once, the others when they are one generation older.
type rotated struct {
	w     *world
	log   *logFile
	how   func(*rotated)
	every time.Duration
	last  time.Time
	done  int
	gzips sync.WaitGroup
}

func newRotated(w *world, include string, how func(*rotated)) *rotated {
	w.agent.include = []string{"logs/" + include}
	r := &rotated{w: w, log: w.create(plainLine, "logs", "app.log"), how: how, every: 5 * time.Second, last: time.Now()}
	w.agent.start()
	w.agent.ready()
	return r
}

// write appends lines, and rotates when it is time.
func (r *rotated) write(n int) {
	r.log.write(n)
	if time.Since(r.last) > r.every {
		r.last = time.Now()
		r.rotate()
	}
}

func (r *rotated) rotate() {
	r.gzips.Wait()
	r.shift()
	r.how(r)
	compress := r.name(1)
	if r.done%2 == 1 {
		compress = r.name(2)
	}
	r.gzips.Go(func() {
		if err := gzipFile(compress); err != nil && !os.IsNotExist(err) {
			r.w.t.Error(err)
		}
	})
}

// shift makes room for a new first generation.
func (r *rotated) shift() {
	r.done++
	for n := r.done; n > 0; n-- {
		for _, ext := range []string{"", ".gz"} {
			_ = os.Rename(r.name(n)+ext, r.name(n+1)+ext) // only one of the two is there, or none
		}
	}
}

func (r *rotated) name(n int) string { return fmt.Sprintf("%s.%d", r.log.path, n) }

// renameRotation moves the file away; the application notices a little later.
func renameRotation(r *rotated) {
	r.w.must(os.Rename(r.log.path, r.name(1)))
	r.w.rest(20 * time.Millisecond)
	r.log.write(200)
	r.log.open()
}

// copyTruncateRotation copies the file and empties it. The application does not
// write meanwhile: what it would write then is lost to every reader.
func copyTruncateRotation(r *rotated) {
	r.w.must(copyFile(r.log.path, r.name(1)))
	r.w.must(os.Truncate(r.log.path, 0))
}
