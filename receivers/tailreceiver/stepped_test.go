package tailreceiver

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// stepped is a receiver that does nothing by itself: the test says when it looks
// and what time it is, so that every interleaving can be had on any machine.
type stepped struct {
	t      *testing.T
	dir    string
	tail   *tail
	watch  *watcher
	worker *worker
	bodies []string
	clock  time.Time
}

func newStepped(t *testing.T, include string) *stepped {
	t.Helper()
	s := &stepped{t: t, dir: t.TempDir(), clock: time.Unix(1773094498, 0)}
	s.start(include)
	return s
}

func (s *stepped) start(include string) {
	cfg := createDefaultConfig().(*Config)
	cfg.Include = []string{filepath.Join(s.dir, include)}
	cfg.StartAt, cfg.Multiline.Mode = startBeginning, multilineOff
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		for _, rl := range ld.ResourceLogs().All() {
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				s.bodies = append(s.bodies, lr.Body().Str())
			}
		}
		return nil
	})
	require.NoError(s.t, err)
	s.tail, err = newTail(receivertest.NewNopSettings(component.MustNewType("tail")), cfg, next)
	require.NoError(s.t, err)
	s.tail.now = func() time.Time { return s.clock }
	s.watch = newWatcher(s.tail, false)
	s.watch.events.close() // the test says when something has changed
	s.watch.events.source = nil
	s.worker = &worker{t: s.tail, buf: make([]byte, 64<<10), maxRecords: 100}
	s.worker.builder = builder{maxLine: cfg.MaxLineBytes}
	watch := s.watch
	s.t.Cleanup(func() { watch.closeAll() })
}

// look lets the watcher look at everything once, and read what it finds.
func (s *stepped) look() {
	finder := newFinder(s.tail)
	done := make(chan struct{})
	go func() {
		defer close(done)
		finder.walk()
	}()
	for walking := true; walking; {
		select {
		case found := <-finder.found:
			s.watch.find(found)
			s.work()
		case <-done:
			walking = false
		}
	}
	s.watch.poll()
	s.work()
}

// work reads what there is to read.
func (s *stepped) work() {
	for range 3 {
		s.watch.dispatch()
		for len(s.tail.work) > 0 {
			f := <-s.tail.work
			s.worker.drain(f)
			f.busy.Store(false)
			s.watch.dispatch()
		}
	}
}

func (s *stepped) append(name, text string) {
	f, err := os.OpenFile(filepath.Join(s.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(s.t, err)
	_, err = f.WriteString(text)
	require.NoError(s.t, err)
	require.NoError(s.t, f.Close())
}

func (s *stepped) lines(prefix string, n int) (text string, bodies []string) {
	for i := range n {
		bodies = append(bodies, fmt.Sprintf("%s line number %06d", prefix, i))
	}
	return strings.Join(bodies, "\n") + "\n", bodies
}

// A rotation by copy and truncation is looked at after every step of it: the copy
// is written in slices of any size, the original grows meanwhile, and every line
// arrives once.
func TestEveryStepOfCopyTruncateCanBeLookedAt(t *testing.T) {
	for _, include := range []string{"app.log*", "app.log"} {
		for _, slice := range []int{1, 31, 40, 700, 1024, 1500, 4096, 100_000} {
			for looks := range 1 << 4 {
				t.Run(fmt.Sprint(include, slice, "/", looks), func(t *testing.T) {
					s := newStepped(t, include)
					var want []string
					for round := range 3 {
						before, bodies := s.lines(fmt.Sprint("round", round), 60)
						s.append("app.log", before)
						s.look()
						grown, more := s.lines(fmt.Sprint("more", round), 10)
						s.append("app.log", grown)
						if looks&1 != 0 {
							s.look()
						}
						s.copyInSlices("app.log", fmt.Sprint("app.log.", round), slice, looks&2 != 0)
						if looks&4 != 0 {
							s.look()
						}
						require.NoError(t, os.Truncate(filepath.Join(s.dir, "app.log"), 0))
						if looks&8 != 0 {
							s.look()
						}
						want = append(append(want, bodies...), more...)
					}
					s.append("app.log", "the end of all lines, at last\n")
					want = append(want, "the end of all lines, at last")
					for range 3 {
						s.look()
						s.clock = s.clock.Add(time.Second)
					}
					if include == "app.log" && looks&7 == 0 { // nobody saw what the copy alone holds
						return
					}
					s.arrived(want)
				})
			}
		}
	}
}

// arrived fails unless each of these lines has arrived once.
func (s *stepped) arrived(want []string) {
	s.t.Helper()
	counts := map[string]int{}
	for _, b := range s.bodies {
		counts[b]++
	}
	lost := 0
	for _, b := range want {
		if counts[b] == 0 {
			lost++
		}
	}
	require.Zero(s.t, lost, "lines lost")
	require.Len(s.t, s.bodies, len(want), "lines doubled")
}

func (s *stepped) copyInSlices(from, to string, slice int, looking bool) {
	in, err := os.Open(filepath.Join(s.dir, from))
	require.NoError(s.t, err)
	defer in.Close()
	buf := make([]byte, slice)
	for i := 0; ; i++ {
		n, err := in.Read(buf)
		if err == io.EOF {
			return
		}
		require.NoError(s.t, err)
		s.append(to, string(buf[:n]))
		if looking && (slice > 20 || i < 50 || i%97 == 0) {
			s.look()
		}
	}
}
