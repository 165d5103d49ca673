package segmentstorageextension_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

// measured is a running extension whose metrics can be read.
type measured struct {
	t         *testing.T
	telemetry *componenttest.Telemetry
	ext       component.Component
}

func startMeasured(t *testing.T, dir, whenFull string) *measured {
	t.Helper()
	cfg := segmentstorage.NewFactory().CreateDefaultConfig().(*segmentstorage.Config)
	cfg.Directory, cfg.Fsync = dir, "never"
	cfg.SegmentBytes, cfg.MaxBytes, cfg.WhenFull, cfg.MinFreeBytes = 1<<16, 1<<18, whenFull, 0
	return startMeasuredWith(t, cfg)
}

func startMeasuredWith(t *testing.T, cfg *segmentstorage.Config) *measured {
	t.Helper()
	m := &measured{t: t, telemetry: componenttest.NewTelemetry()}
	factory := segmentstorage.NewFactory()
	set := extensiontest.NewNopSettings(factory.Type())
	set.TelemetrySettings = m.telemetry.NewTelemetrySettings()
	ext, err := factory.Create(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(t.Context(), componenttest.NewNopHost()))
	m.ext = ext
	return m
}

func (m *measured) stop() {
	require.NoError(m.t, m.ext.Shutdown(context.Background()))
	require.NoError(m.t, m.telemetry.Shutdown(context.Background()))
}

func (m *measured) value(name string) int64 {
	m.t.Helper()
	got, err := m.telemetry.GetMetric("tidewatch_queue_" + name)
	require.NoError(m.t, err)
	switch data := got.Data.(type) {
	case metricdata.Gauge[int64]:
		return data.DataPoints[0].Value
	case metricdata.Sum[int64]:
		sum := int64(0)
		for _, p := range data.DataPoints {
			sum += p.Value
		}
		return sum
	}
	require.Fail(m.t, "no such value", name)
	return 0
}

func several(name string, n int) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		records.AppendEmpty().Body().SetStr(fmt.Sprintf("%s %d %100d", name, i, 0))
	}
	return ld
}

// TestEveryRecordIsAccountedFor lets queues fill, drain, refuse, end and start again,
// and lose files to damage: what came in is always delivered, waiting or given up.
func TestEveryRecordIsAccountedFor(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			dir := t.TempDir()
			accepted, delivered, damaged := int64(0), int64(0), int64(0)
			for round := range 4 {
				m := startMeasured(t, dir, []string{"block", "drop_oldest", "drop_newest"}[seed%3])
				b := &backend{blocked: make(chan struct{})}
				e := startQueue(t, m.ext, b, 1+r.IntN(3))
				if round > 0 {
					require.Equal(t, accepted-delivered-damaged, m.value("carried_items"))
				}
				for i := range r.IntN(150) {
					n := 1 + r.IntN(40)
					if e.ConsumeLogs(t.Context(), several(fmt.Sprint(round, i), n)) == nil {
						accepted += int64(n)
					}
				}
				require.Equal(t, accepted-delivered-damaged, m.value("items")+m.value("dropped_items"))
				last := round == 3
				if last {
					m.spoil(r, dir)
				}
				if last || r.IntN(2) == 0 { // all is delivered, but what is being sent: that fails for good
					b.unblock()
					require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
					damaged += m.value("dropped_items")
				} else {
					damaged += m.value("dropped_items")
					time.AfterFunc(time.Millisecond, b.fail)
				}
				require.NoError(t, e.Shutdown(context.Background()))
				delivered += b.failedRecords() + int64(len(b.delivered()))
				if last {
					require.Equal(t, accepted, delivered+damaged)
					t.Log("damaged", damaged, "of", accepted)
				}
				m.stop()
			}
		})
	}
}

// spoil damages some items that wait.
func (m *measured) spoil(r *rand.Rand, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "exporter_test_logs", "*.seg"))
	require.NoError(m.t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(m.t, err)
		if len(b) < 100 {
			continue
		}
		for range 3 {
			at := r.IntN(len(b))
			h, err := os.OpenFile(f, os.O_WRONLY, 0)
			require.NoError(m.t, err)
			_, err = h.WriteAt([]byte{^b[at]}, int64(at))
			require.NoError(m.t, err)
			require.NoError(m.t, h.Close())
		}
	}
}

func TestWhatAFullQueueGivesUp(t *testing.T) {
	for policy, want := range map[string]struct{ first, last bool }{
		"drop_oldest": {first: false, last: true},
		"drop_newest": {first: true, last: false},
	} {
		t.Run(policy, func(t *testing.T) {
			m := startMeasured(t, t.TempDir(), policy)
			b := &backend{blocked: make(chan struct{})}
			e := startQueue(t, m.ext, b, 1)
			require.NoError(t, e.ConsumeLogs(t.Context(), several("being sent", 1)))
			require.Eventually(t, func() bool { return b.pushes() == 1 }, time.Minute, time.Millisecond)
			for i := range 200 {
				require.NoError(t, e.ConsumeLogs(t.Context(), several(fmt.Sprint("item ", i), 20)))
			}
			waiting, dropped := m.value("items"), m.value("dropped_items")
			require.Equal(t, int64(4001), waiting+dropped)
			require.Positive(t, dropped)
			b.unblock()
			require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
			require.Equal(t, dropped, m.value("dropped_items"))
			require.NoError(t, e.Shutdown(context.Background()))
			got := b.delivered()
			require.Len(t, got, int(waiting)-1)
			require.Equal(t, want.first, slices.Contains(got, fmt.Sprintf("item 0 %d %100d", 0, 0)))
			require.Equal(t, want.last, slices.Contains(got, fmt.Sprintf("item 199 %d %100d", 0, 0)))
			m.stop()
		})
	}
}

func TestADiskThatOthersNeedIsLeftToThem(t *testing.T) {
	ext := start(t, t.TempDir(), func(c *segmentstorage.Config) { c.MinFreeBytes = 1 << 60 })
	c, err := ext.GetClient(t.Context(), component.KindExporter, component.MustNewID("loki"), "logs")
	require.NoError(t, err)
	require.ErrorIs(t, c.Set(t.Context(), "0", make([]byte, 1000)), storage.ErrStorageFull)
	require.NoError(t, c.Delete(t.Context(), "0"))
	require.NoError(t, receiverClient(t, ext, "").Set(t.Context(), "started", []byte("yes")), "a reader keeps its place all the same")
}
