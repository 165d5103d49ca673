package tailreceiver_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// sink is a next consumer that remembers what it took and can refuse.
type sink struct {
	mu     sync.Mutex // guards all
	refuse func(bodies []string) error
	bodies []string
	logs   []plog.Logs
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var bodies []string
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				bodies = append(bodies, lr.Body().AsString())
			}
		}
	}
	if s.refuse != nil {
		if err := s.refuse(bodies); err != nil {
			ld.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })
			return err
		}
	}
	s.bodies = append(s.bodies, bodies...)
	s.logs = append(s.logs, ld)
	return nil
}

func (s *sink) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies...)
}

func (s *sink) setRefuse(f func([]string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

// memory is a storage extension that survives restarts of the receiver.
type memory struct {
	component.StartFunc
	component.ShutdownFunc
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

func (m *memory) Set(ctx context.Context, key string, value []byte) error {
	return m.Batch(ctx, storage.SetOperation(key, value))
}

func (m *memory) Delete(ctx context.Context, key string) error {
	return m.Batch(ctx, storage.DeleteOperation(key))
}

func (m *memory) Batch(_ context.Context, ops ...*storage.Operation) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = m.data[op.Key]
		case storage.Set:
			m.data[op.Key] = op.Value
		case storage.Delete:
			delete(m.data, op.Key)
		}
	}
	return nil
}

func (*memory) Close(context.Context) error { return nil }

// clone is what a crash at this moment would leave.
func (m *memory) clone() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{data: maps.Clone(m.data)}
}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

var storageID = component.MustNewID("memory")

// rig runs receivers over a folder, one after the other, with the same storage.
type rig struct {
	t         *testing.T
	dir       string
	cfg       *tailreceiver.Config
	sink      *sink
	memory    *memory
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	running   receiver.Logs
}

func newRig(t *testing.T, change func(*tailreceiver.Config)) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), sink: &sink{}, memory: &memory{data: map[string][]byte{}}}
	r.cfg = tailreceiver.NewFactory().CreateDefaultConfig().(*tailreceiver.Config)
	r.cfg.Include = []string{filepath.Join(r.dir, "*.log")}
	r.cfg.StartAt = "beginning"
	r.cfg.Storage = &storageID
	r.cfg.PollInterval = 2 * time.Millisecond
	r.cfg.DiscoveryInterval = 5 * time.Millisecond
	r.cfg.CheckpointInterval = time.Millisecond
	r.cfg.RotateWait = 50 * time.Millisecond
	r.cfg.Timezone = "UTC"
	r.cfg.Multiline.Timeout = 10 * time.Millisecond
	if change != nil {
		change(r.cfg)
	}
	require.NoError(t, r.cfg.Validate())
	return r
}

func (r *rig) start() {
	r.t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	r.logs = logs
	r.telemetry = componenttest.NewTelemetry()
	set := receivertest.NewNopSettings(component.MustNewType("tail"))
	set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	set.Logger = zap.New(core)
	rcv, err := tailreceiver.NewFactory().CreateLogs(r.t.Context(), set, r.cfg, r.sink)
	require.NoError(r.t, err)
	require.NoError(r.t, rcv.Start(r.t.Context(), host{storageID: r.memory}))
	r.running = rcv
	r.t.Cleanup(r.stop)
}

func (r *rig) stop() {
	if r.running != nil {
		require.NoError(r.t, r.running.Shutdown(context.Background()))
		r.running = nil
		require.NoError(r.t, r.telemetry.Shutdown(context.Background()))
	}
}

func (r *rig) path(name string) string { return filepath.Join(r.dir, name) }

func (r *rig) write(name string, lines ...string) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(r.t, err)
	_, err = f.WriteString(strings.Join(lines, ""))
	require.NoError(r.t, err)
	require.NoError(r.t, f.Close())
}

// wants waits until exactly these bodies have arrived, in any order of files.
func (r *rig) wants(bodies ...string) {
	r.t.Helper()
	bodies = slices.Sorted(slices.Values(bodies))
	require.EventuallyWithT(r.t, func(c *assert.CollectT) {
		got := slices.Sorted(slices.Values(r.sink.taken()))
		if len(got) != len(bodies) {
			require.FailNow(c, fmt.Sprintf("%d records instead of %d", len(got), len(bodies)))
		}
		for i := range bodies {
			if got[i] != bodies[i] {
				require.Equal(c, bodies[i], got[i], "the first difference, in sorted order")
			}
		}
	}, patience, 2*time.Millisecond)
}

// counter returns the sum of a counter over all attributes.
func (r *rig) counter(name string) int64 {
	m, err := r.telemetry.GetMetric(name)
	if err != nil {
		return 0
	}
	total := int64(0)
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		total += p.Value
	}
	return total
}

func numbered(prefix string, from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("%s line number %06d\n", prefix, i))
	}
	return out
}

func trimmed(lines ...[]string) []string {
	var out []string
	for _, l := range lines {
		for _, s := range l {
			out = append(out, strings.TrimSuffix(s, "\n"))
		}
	}
	return out
}
