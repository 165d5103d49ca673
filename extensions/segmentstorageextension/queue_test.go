package segmentstorageextension_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// backend is where a queue delivers to.
type backend struct {
	mu      sync.Mutex
	blocked chan struct{} // non-nil: every push waits for it, and then fails for good
	permits chan struct{} // non-nil: each push takes one and succeeds; without any left, closed, it fails for good
	calls   int
	taken   int
	got     []string
	failed  int64 // records that it refused for good
}

func (b *backend) push(ctx context.Context, ld plog.Logs) error {
	b.mu.Lock()
	b.calls++
	blocked := b.blocked
	b.mu.Unlock()
	if blocked != nil {
		select {
		case <-blocked:
		case <-ctx.Done():
		}
		b.mu.Lock()
		b.failed += int64(ld.LogRecordCount())
		b.mu.Unlock()
		return errors.New("never delivered")
	}
	if b.permits != nil {
		if _, ok := <-b.permits; !ok {
			return errors.New("never delivered")
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken++
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				b.got = append(b.got, lr.Body().Str())
			}
		}
	}
	return nil
}

func (b *backend) delivered() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// successes is how many pushes it took.
func (b *backend) successes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

// fail lets every push fail that waits, and all that come.
func (b *backend) fail() { close(b.blocked) }

// unblock lets every push fail that waits, and those that come succeed.
func (b *backend) unblock() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.blocked)
	b.blocked = nil
}

func (b *backend) failedRecords() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

func (b *backend) pushes() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.calls
}

type hostWith struct{ ext component.Component }

func (h hostWith) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: h.ext}
}

// startQueue starts upstream's queue, with its items in ext, in front of b.
func startQueue(t testing.TB, ext component.Component, b *backend, consumers int) exporter.Logs {
	t.Helper()
	cfg := exporterhelper.NewDefaultQueueConfig()
	cfg.StorageID = &storageID
	cfg.NumConsumers = consumers
	cfg.QueueSize = 100_000
	cfg.Batch = configoptional.None[exporterhelper.BatchConfig]()
	set := exportertest.NewNopSettings(component.MustNewType("test"))
	set.ID = component.MustNewID("test")
	e, err := exporterhelper.NewLogs(t.Context(), set, &struct{}{}, b.push, exporterhelper.WithQueue(configoptional.Some(cfg)))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), hostWith{ext}))
	return e
}

func logs(body string) plog.Logs {
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(body)
	return ld
}

// copyOf copies a directory as the end of the process would leave it now.
func copyOf(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// abandoned returns the directory of a queue whose process ended with n items, of
// which inFlight were being sent.
func abandoned(t *testing.T, n, inFlight int) string {
	t.Helper()
	dir := t.TempDir()
	ext := start(t, dir, nil)
	b := &backend{blocked: make(chan struct{})}
	e := startQueue(t, ext, b, inFlight)
	for i := range n {
		require.NoError(t, e.ConsumeLogs(t.Context(), logs(fmt.Sprint("item ", i))))
	}
	require.Eventually(t, func() bool { return b.pushes() == inFlight }, time.Minute, time.Millisecond)
	left := ""
	require.Eventually(t, func() bool { // until the notes about the items in flight are in the file
		left = copyOf(t, dir)
		l, err := segmentlog.Open(filepath.Join(left, "exporter_test_logs"), segmentlog.Options{})
		require.NoError(t, err)
		notes, err := l.Get("qmv0")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		return len(notes) >= 4*9+2+8*inFlight // four numbers and the list
	}, time.Minute, 10*time.Millisecond)
	close(b.blocked)
	require.NoError(t, e.Shutdown(context.Background()))
	return left
}

// recovered starts a queue over dir and returns what arrives: n items, or fewer if no
// more come.
func recovered(t *testing.T, dir string, n int) []string {
	t.Helper()
	b := &backend{}
	ext := start(t, dir, nil)
	e := startQueue(t, ext, b, 2)
	deadline := time.Now().Add(time.Minute)
	for len(b.delivered()) < n && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	require.NoError(t, e.Shutdown(context.Background()))
	return b.delivered()
}

func items(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint("item ", i))
	}
	return out
}

func TestAQueueSurvivesTheEndOfTheProcess(t *testing.T) {
	dir := abandoned(t, 20, 4)
	require.ElementsMatch(t, items(20), recovered(t, dir, 20))
}

// crashing lets a client do so much and then no more, as if the process had ended.
type crashing struct {
	storage.Extension
	left int
}

var errCrashed = errors.New("the process has ended")

func (c *crashing) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := c.Extension.GetClient(ctx, kind, id, name)
	return &crashingClient{Client: client, ext: c}, err
}

type crashingClient struct {
	storage.Client
	mu  sync.Mutex
	ext *crashing
}

func (c *crashingClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ext.left == 0 {
		return errCrashed
	}
	c.ext.left--
	return c.Client.Batch(ctx, ops...)
}

// TestACrashInsideRecoveryLosesNothing ends the process after every single step of
// upstream's recovery, which by itself deletes the items in flight before it adds them.
func TestACrashInsideRecoveryLosesNothing(t *testing.T) {
	const n, inFlight = 12, 5
	dir := abandoned(t, n, inFlight)
	for steps := range 2 + inFlight + 3 {
		again := copyOf(t, dir)
		ext := &crashing{Extension: start(t, again, nil), left: steps}
		b := &backend{blocked: make(chan struct{})}
		e := startQueue(t, ext, b, 1)
		after := copyOf(t, again)
		close(b.blocked)
		require.NoError(t, e.Shutdown(context.Background()))
		require.ElementsMatch(t, items(n), recovered(t, after, n), "after %d steps", steps)
	}
}

func TestDamageCostsOnlyWhatItHit(t *testing.T) {
	dir := abandoned(t, 50, 3)
	files, err := filepath.Glob(filepath.Join(dir, "exporter_test_logs", "*.seg"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for at := 10; at < len(b); at += len(b)/40 + 1 {
		spoiled := copyOf(t, dir)
		c := slices.Clone(b)
		c[at] ^= 0x55
		require.NoError(t, os.WriteFile(filepath.Join(spoiled, "exporter_test_logs", filepath.Base(files[0])), c, 0o600))
		got := recovered(t, spoiled, 49)
		require.GreaterOrEqual(t, len(got), 49, "byte %d", at)
		require.Subset(t, items(50), got)
	}
}

func TestAQueueWithoutItsNotesIsFoundAgain(t *testing.T) {
	dir := abandoned(t, 10, 2)
	ext := start(t, dir, nil)
	c, err := ext.GetClient(t.Context(), component.KindExporter, component.MustNewID("test"), "logs")
	require.NoError(t, err)
	require.NoError(t, c.Set(t.Context(), "qmv0", []byte("garbage")))
	require.NoError(t, c.Close(t.Context()))
	require.NoError(t, ext.Shutdown(t.Context()))
	require.ElementsMatch(t, items(10), recovered(t, dir, 10))
}

func TestAFullQueueRefusesForNowAndLosesNothing(t *testing.T) {
	ext := start(t, t.TempDir(), func(c *segmentstorage.Config) { c.SegmentBytes, c.MaxBytes = 1<<16, 1<<18 })
	b := &backend{}
	e := startQueue(t, ext, b, 1)
	var want []string
	refused := 0
	for i := range 200 {
		body := fmt.Sprintf("%d %20000d", i, 0)
		for {
			err := e.ConsumeLogs(t.Context(), logs(body))
			if err == nil {
				break
			}
			require.False(t, consumererror.IsPermanent(err), err)
			refused++
			time.Sleep(time.Millisecond)
		}
		want = append(want, body)
	}
	require.Eventually(t, func() bool { return len(b.delivered()) >= len(want) }, time.Minute, time.Millisecond)
	require.NoError(t, e.Shutdown(context.Background()))
	require.ElementsMatch(t, want, b.delivered())
}
