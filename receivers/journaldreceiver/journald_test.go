package journaldreceiver_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/receivers/journaldreceiver"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second

type sink struct {
	mu     sync.Mutex // guards all
	refuse int
	lines  []string
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse > 0 {
		s.refuse--
		return errors.New("queue is full")
	}
	for _, rl := range ld.ResourceLogs().All() {
		for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
			s.lines = append(s.lines, fmt.Sprintf("%s %d %s %q %v %v", lr.Timestamp().AsTime().Format(time.RFC3339Nano), lr.SeverityNumber(), lr.SeverityText(),
				lr.Body().AsString(), lr.Attributes().AsRaw(), rl.Resource().Attributes().AsRaw()))
		}
	}
	sort.Strings(s.lines)
	return nil
}

func (s *sink) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

// memory is a storage extension that survives restarts of the receiver.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
	storage.Client
	mu   sync.Mutex // guards data
	data map[string][]byte
}

func (m *memory) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data[key], nil
}

func (m *memory) Set(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[key] = value
	return nil
}

func (*memory) Close(context.Context) error { return nil }

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

var storageID = component.MustNewID("memory")

type rig struct {
	t      *testing.T
	dir    string
	cfg    *journaldreceiver.Config
	sink   *sink
	memory *memory
	logs   *observer.ObservedLogs
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), sink: &sink{}, memory: &memory{data: map[string][]byte{}}}
	t.Setenv("FAKE_JOURNAL", r.dir)
	r.cfg = journaldreceiver.NewFactory().CreateDefaultConfig().(*journaldreceiver.Config)
	program, err := filepath.Abs("testdata/journalctl")
	require.NoError(t, err)
	r.cfg.Journalctl = program
	r.cfg.Storage = &storageID
	r.cfg.BatchTimeout = 5 * time.Millisecond
	return r
}

func (r *rig) start() receiver.Logs {
	r.t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	r.logs = logs
	set := receivertest.NewNopSettings(component.MustNewType("journald"))
	set.Logger = zap.New(core)
	rcv, err := journaldreceiver.NewFactory().CreateLogs(r.t.Context(), set, r.cfg, r.sink)
	require.NoError(r.t, err)
	require.NoError(r.t, rcv.Start(r.t.Context(), host{storageID: r.memory}))
	r.t.Cleanup(func() { require.NoError(r.t, rcv.Shutdown(context.Background())) })
	return rcv
}

func (r *rig) entries(lines ...string) {
	r.t.Helper()
	f, err := os.OpenFile(filepath.Join(r.dir, "entries"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(r.t, err)
	_, err = f.WriteString(strings.Join(lines, "\n") + "\n")
	require.NoError(r.t, err)
	require.NoError(r.t, f.Close())
}

func (r *rig) numbered(from, to int) {
	for i := from; i <= to; i++ {
		r.entries(fmt.Sprintf(`{"__CURSOR":"c%d","__REALTIME_TIMESTAMP":"%d","MESSAGE":"m%d"}`, i, 1773094498000000+int64(i)*1e6, i))
	}
}

func (r *rig) wants(n int) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return len(r.sink.taken()) >= n }, patience, time.Millisecond)
	require.Len(r.t, r.sink.taken(), n)
}

func (r *rig) args() string {
	b, err := os.ReadFile(filepath.Join(r.dir, "args"))
	require.NoError(r.t, err)
	return string(b)
}

func TestEntriesBecomeTheRecordsOfTheGoldenFile(t *testing.T) {
	r := newRig(t)
	in, err := os.ReadFile("testdata/entries.jsonl")
	require.NoError(t, err)
	r.entries(strings.TrimSuffix(string(in), "\n"))
	r.start()
	r.wants(4)
	got := strings.Join(r.sink.taken(), "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile("testdata/entries.golden", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/entries.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), got)
	require.Contains(t, r.args(), "--lines=1000")
}

func TestARestartContinuesBehindTheCursor(t *testing.T) {
	r := newRig(t)
	r.numbered(1, 3)
	rcv := r.start()
	r.wants(3)
	require.NoError(t, rcv.Shutdown(t.Context()))
	r.numbered(4, 5)
	r.start()
	r.wants(5)
	require.Contains(t, r.args(), "--after-cursor=c3")
}

func TestARefusingConsumerLosesNothing(t *testing.T) {
	r := newRig(t)
	r.sink.refuse = 2
	r.numbered(1, 3)
	r.start()
	r.wants(3)
}

func TestAStopBeforeDeliveryKeepsTheCursorBack(t *testing.T) {
	r := newRig(t)
	r.sink.refuse = 1000
	r.numbered(1, 2)
	rcv := r.start()
	require.Eventually(t, func() bool { r.sink.mu.Lock(); defer r.sink.mu.Unlock(); return r.sink.refuse < 1000 }, patience, time.Millisecond)
	require.NoError(t, rcv.Shutdown(t.Context()))
	require.Empty(t, r.memory.data)
	r.sink.refuse = 0
	r.start()
	r.wants(2)
}

func TestAJournalThatForgotTheCursorIsReadFromItsTime(t *testing.T) {
	r := newRig(t)
	r.memory.data["cursor"] = []byte(`{"cursor":"c1","time":1773094499000000000}`)
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "fail"), []byte("Failed to seek to cursor: Invalid argument\n"), 0o600))
	r.numbered(1, 2)
	r.start()
	r.wants(2)
	require.Contains(t, r.args(), "--since=@1773094499")
	require.Equal(t, 1, r.logs.FilterMessageSnippet("starting it again").Len())
}

func TestWithoutJournalctlItDoesNothing(t *testing.T) {
	r := newRig(t)
	r.cfg.Journalctl = filepath.Join(r.dir, "missing")
	r.start()
	require.Equal(t, 1, r.logs.FilterMessageSnippet("no journalctl").Len())
	require.Equal(t, zap.InfoLevel, r.logs.All()[0].Level)
}
