package segmentstorageextension_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// mortal is a process with a queue: it ends inside the write that is its last, of
// which a part may be in the file. What the disk holds then is in after.
type mortal struct {
	t      *testing.T
	dir    string
	after  string
	rng    *rand.Rand
	part   string // only writes that are part of it count; empty: all
	within string // what the last write was part of

	mu     sync.Mutex // guards the rest
	writes int        // that it has left, negative: all
	dead   bool
	got    map[string]bool // what its backend took while it lived
	held   int             // pushes that its backend does not answer
	end    chan struct{}
}

var errKilled = errors.New("the process was killed")

type mortalFile struct {
	segmentlog.File
	m    *mortal
	path string
}

func (m *mortal) open(path string, create bool) (segmentlog.File, error) {
	flag := os.O_RDWR
	if create {
		flag |= os.O_CREATE | os.O_EXCL
		if !m.step(path, nil, 0) {
			return nil, errKilled
		}
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return &mortalFile{File: f, m: m, path: path}, nil
}

func (f *mortalFile) WriteAt(b []byte, off int64) (int, error) {
	if !f.m.step(f.path, b, off) {
		return 0, errKilled
	}
	return f.File.WriteAt(b, off)
}

func (f *mortalFile) Truncate(size int64) error {
	if !f.m.step(f.path, nil, 0) {
		return errKilled
	}
	return f.File.Truncate(size)
}

// step reports whether the process lives on to do something to a file.
func (m *mortal) step(path string, b []byte, off int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return false
	}
	part := caller()
	if m.part == "" || m.part == part {
		m.writes--
	}
	if m.writes != 0 {
		return true
	}
	m.dead = true
	m.within = part
	close(m.end)
	m.after = copyOf(m.t, m.dir)
	if len(b) > 0 {
		rel, err := filepath.Rel(m.dir, path)
		require.NoError(m.t, err)
		f, err := os.OpenFile(filepath.Join(m.after, rel), os.O_RDWR|os.O_CREATE, 0o600)
		require.NoError(m.t, err)
		_, err = f.WriteAt(b[:m.rng.IntN(len(b)+1)], off)
		require.NoError(m.t, err)
		require.NoError(m.t, f.Close())
	}
	return false
}

// push takes two requests and keeps the third waiting, so that old items stay while
// newer ones go, until they are moved to a newer file.
func (m *mortal) push(_ context.Context, ld plog.Logs) error {
	m.mu.Lock()
	hold := !m.dead && m.held < 3 && m.rng.IntN(3) == 0
	if hold {
		m.held++
	}
	if !m.dead && !hold {
		m.got[ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str()] = true
		m.mu.Unlock()
		return nil
	}
	m.mu.Unlock()
	<-m.end
	return errKilled
}

// live runs the process until it is killed, or for good: until all is delivered.
func (m *mortal) live(accepted map[string]bool, offers int) {
	t := m.t
	factory := segmentstorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*segmentstorage.Config)
	cfg.Directory, cfg.Fsync, cfg.SegmentBytes, cfg.MaxBytes, cfg.MinFreeBytes = m.dir, "never", 1<<16, 1<<20, 0
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	segmentstorage.SetOpenFile(ext, m.open)
	require.NoError(t, ext.Start(t.Context(), componenttest.NewNopHost()))
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID, queue.NumConsumers, queue.QueueSize = &storageID, 8, 100_000
	queue.Batch = configoptional.None[exporterhelper.BatchConfig]()
	set := exportertest.NewNopSettings(component.MustNewType("test"))
	set.ID = component.MustNewID("test")
	e, err := exporterhelper.NewLogs(t.Context(), set, &struct{}{}, m.push, exporterhelper.WithQueue(configoptional.Some(queue)))
	require.NoError(t, err)
	if e.Start(t.Context(), hostWith{ext}) == nil {
		for i := range offers {
			body := fmt.Sprintf("%s %d %7000d", filepath.Base(filepath.Dir(m.dir))+filepath.Base(m.dir), i, 0)
			if e.ConsumeLogs(t.Context(), logs(body)) == nil {
				m.mu.Lock()
				if !m.dead {
					accepted[body] = true
				}
				m.mu.Unlock()
			}
		}
		require.Eventually(t, func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.dead || m.writes < 0 && len(m.got) >= len(accepted) || m.writes > 0 && m.held == 3
		}, time.Minute, time.Millisecond)
	}
	m.kill()
	_ = e.Shutdown(context.Background()) // a dead disk takes nothing
	_ = ext.Shutdown(context.Background())
}

// kill ends the process between two writes, unless it has ended.
func (m *mortal) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.dead && m.writes >= 0 {
		m.dead, m.within, m.after = true, "nothing", copyOf(m.t, m.dir)
		close(m.end)
	}
}

// TestKilledInsideAnyWrite ends a process with a backlog a hundred times inside of a
// write: when the log is opened, when upstream's queue recovers, when items are moved
// to another file, when a file is sealed. All that was accepted is delivered.
func TestKilledInsideAnyWrite(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	dir, accepted, got, within := t.TempDir(), map[string]bool{}, map[string]bool{}, map[string]int{}
	parts := []struct {
		name string
		most int // writes in one life
	}{{"", 150}, {"open", 2}, {"recovery", 8}, {"move", 10}, {"seal", 3}}
	for kill := range 100 {
		part := parts[kill%len(parts)]
		m := &mortal{t: t, dir: dir, rng: rng, part: part.name, writes: 1 + rng.IntN(part.most), got: map[string]bool{}, end: make(chan struct{})}
		m.live(accepted, 60)
		maps.Copy(got, m.got)
		within[m.within]++
		dir = m.after
	}
	t.Log("killed within", within)
	for _, part := range parts[1:] {
		require.Positive(t, within[part.name], "no kill within %s", part.name)
	}
	last := &mortal{t: t, dir: dir, rng: rng, writes: -1, held: 3, got: got, end: make(chan struct{})}
	last.live(accepted, 0)
	for body := range accepted {
		require.True(t, last.got[body], "%.20s is lost", body)
	}
}

// caller names what a write is part of.
func caller() string {
	pc := make([]uintptr, 40)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	var names []string
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		names = append(names, f.Function)
	}
	for _, part := range []struct{ in, name string }{
		{"segmentlog.(*Log).move", "move"},
		{"segmentlog.(*Log).seal", "seal"},
		{"segmentlog.Open", "open"},
		{"enqueueNotDispatchedReqs", "recovery"},
		{"segmentlog.(*Log).roll", "roll"},
	} {
		if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, part.in) }) {
			return part.name
		}
	}
	return "queue"
}
