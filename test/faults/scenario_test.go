//go:build faults

package faults

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scenario is one thing that goes wrong, and what may come of it.
type scenario struct {
	// name is that of the test; words are parted by underscores.
	name string
	goal goal
	run  func(w *world)
}

// goal is what may be lost and doubled; the zero value says nothing.
type goal struct {
	// perKill lines may be doubled by each crash.
	perKill int
	// destroyed says that the scenario destroys checkpoints: lines are read again,
	// as often as it does so.
	destroyed bool
	// named says that lines may be lost, if the delivery ledger counts each of them
	// as dropped.
	named bool
}

// world is what a scenario plays in; it belongs to the scenario's goroutine.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	dir   string
	sink  *sink
	agent *agent
	lines numbers
	// quiet is how long nothing must arrive before a scenario counts as over: more
	// than a discovery_interval, or doubled lines could come later.
	quiet time.Duration
	// patience is how long nothing may arrive while lines are missing; it ends when
	// it was in vain once.
	patience time.Duration
	// given is what each life of the agent, by its process, gave up by its ledger.
	given map[int]int
	notes []string
}

// play runs the scenario, then restarts the agent once more, which must change
// nothing, and prints the row.
func (s scenario) play(t *testing.T) {
	name := fnv.New64a()
	_, _ = name.Write([]byte(s.name)) // a hash never fails
	w := &world{t: t, rng: rand.New(rand.NewPCG(*seed, name.Sum64())), dir: t.TempDir(), sink: newSink(t), given: map[int]int{}, quiet: 2 * time.Second, patience: 25 * time.Second}
	w.allow(w.dir)
	w.agent = newAgent(w)
	begin := time.Now()
	t.Cleanup(func() { s.report(w, time.Since(begin)) })
	s.run(w)
	w.settle()
	if w.agent.running() {
		if e := w.balance(); e.Durable {
			w.note("ledger %.0f + %.0f = %.0f + %.0f + %.0f", e.Accepted, e.Carried, e.Exported, e.Queued, e.DroppedTotal())
		}
		w.agent.stop()
		w.agent.start()
		w.agent.ready()
		w.quiet = 2 * time.Second // it looks for files when it starts
		w.settle()
		w.agent.stop()
	}
}

// allow lets other users of the machine pass through a folder and those above it
// that are the test's own.
func (w *world) allow(dir string) {
	for ; strings.HasPrefix(dir, os.TempDir()) && dir != filepath.Clean(os.TempDir()); dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755) // where it is not ours, it is open already or the scenario fails
	}
}

func (w *world) path(elem ...string) string {
	return filepath.Join(append([]string{w.dir}, elem...)...)
}

// pick chooses an amount by whether the run is a quick one.
func (w *world) pick(short, full int) int {
	if *quick {
		return short
	}
	return full
}

func (w *world) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

func (w *world) rest(d time.Duration) { time.Sleep(d) }

// crash kills the agent and starts it again.
func (w *world) crash() {
	w.agent.kill()
	w.rest(50 * time.Millisecond) // an answer of the sink may be under way still
	w.sink.newLife()
	w.agent.start()
}

// settle waits until every line has arrived and nothing more comes, or until what
// is missing does not come any more.
func (w *world) settle() {
	last, since := w.sink.count(), time.Now()
	for {
		w.rest(50 * time.Millisecond)
		c := w.sink.count()
		if c != last {
			last, since = c, time.Now()
		}
		idle := time.Since(since)
		if c.distinct+w.givenUp() >= w.lines.written && idle > w.quiet || !w.agent.running() {
			return
		}
		if idle > w.patience {
			w.patience = 2 * w.quiet
			return
		}
	}
}

// arrived waits until every line written so far is at the sink. What does not
// come is counted as lost at the end.
func (w *world) arrived() {
	for deadline := time.Now().Add(w.patience); w.agent.running(); w.rest(20 * time.Millisecond) {
		if w.sink.count().distinct >= w.lines.written {
			return
		}
		if time.Now().After(deadline) {
			w.patience = 2 * w.quiet
			return
		}
	}
}

var printing sync.Mutex

func printHeader() {
	mode := "full"
	if *quick {
		mode = "quick"
	}
	fmt.Printf("real agent, real files, numbered lines, counting sink; seed %d, %s\n", *seed, mode)
	fmt.Println("ledger: accepted + carried over = exported + queued + dropped, of the last life of the agent")
	fmt.Printf("%-42s %9s %9s %7s %8s %5s  %s\n", "scenario", "lines", "arrived", "lost", "doubled", "s", "")
}

func (s scenario) report(w *world, took time.Duration) {
	c := w.sink.count()
	row := fmt.Sprintf("%-42s %9d %9d %7d %8d %5.0f  ", s.name, w.lines.written, c.arrived, w.lines.written-c.distinct, c.doubled, took.Seconds())
	result := "ok"
	if w.t.Skipped() {
		result = "skipped"
	} else if miss := s.miss(w, c); miss != "" {
		w.t.Error(miss)
		result = "MISSED " + miss
	} else if w.t.Failed() {
		result = "FAILED"
	}
	printing.Lock()
	defer printing.Unlock()
	fmt.Println(row + strings.Join(append([]string{result}, w.notes...), "; "))
}

// miss says what of the goal was not reached.
func (s scenario) miss(w *world, c count) string {
	if s.goal.perKill > 0 {
		lives := w.sink.doubledByLife()
		most, kills := slices.Max(lives), len(lives)-1
		w.note("%d kills doubled %d lines each, at most %d", kills, c.doubled/max(kills, 1), most)
		if most > s.goal.perKill {
			return fmt.Sprintf("a kill doubled %d lines, more than %d", most, s.goal.perKill)
		}
	} else if c.doubled > 0 && !s.goal.destroyed {
		return fmt.Sprintf("%d lines doubled: %s", c.doubled, w.sink.name(w.lines.written, -1))
	}
	if lost := w.lines.written - c.distinct; s.goal.named && lost != w.givenUp() {
		return fmt.Sprintf("%d lines lost, %d named in the ledger", lost, w.givenUp())
	} else if lost > 0 && !s.goal.named {
		return fmt.Sprintf("%d lines lost: %s", lost, w.sink.name(w.lines.written, 0))
	}
	if c.torn > 0 {
		return fmt.Sprintf("%d lines arrived in part only", c.torn)
	}
	return ""
}

// skip ends the scenario where the machine cannot play it.
func (w *world) skip(format string, args ...any) {
	w.note(format, args...)
	w.t.Skipf(format, args...)
}

func (w *world) must(err error) {
	w.t.Helper()
	require.NoError(w.t, err)
}
