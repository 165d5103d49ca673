package segmentstorageextension_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

// BenchmarkQueue measures the CPU time (user and system) that a MB costs on its way
// through upstream's queue, encoding included, with this storage and upstream's.
func BenchmarkQueue(b *testing.B) {
	storages := []struct {
		name string
		make func(b *testing.B) component.Component
	}{
		{"segment", func(b *testing.B) component.Component { return startFor(b, "never") }},
		{"segment-interval-fsync", func(b *testing.B) component.Component { return startFor(b, "interval") }},
		{"file", func(b *testing.B) component.Component { return startFile(b, false) }},
		{"file-fsync", func(b *testing.B) component.Component { return startFile(b, true) }},
	}
	for _, size := range []int{1 << 10, 10 << 10, 1 << 20} {
		for _, s := range storages {
			b.Run(fmt.Sprintf("batch=%dKB/storage=%s", size>>10, s.name), func(b *testing.B) {
				through(b, s.make(b), size)
			})
		}
	}
}

func startFor(b *testing.B, fsync string) component.Component {
	return start(b, b.TempDir(), func(c *segmentstorage.Config) { c.Fsync = fsync })
}

func startFile(b *testing.B, fsync bool) component.Component {
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory, cfg.FSync = b.TempDir(), fsync
	ext, err := factory.Create(b.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(b, err)
	require.NoError(b, ext.Start(b.Context(), componenttest.NewNopHost()))
	b.Cleanup(func() { require.NoError(b, ext.Shutdown(context.Background())) })
	return ext
}

// through sends b.N batches of about size bytes through a queue.
func through(b *testing.B, ext component.Component, size int) {
	cfg := exporterhelper.NewDefaultQueueConfig()
	cfg.StorageID = &storageID
	cfg.NumConsumers = 1
	cfg.QueueSize = 1 << 30
	cfg.Batch = configoptional.None[exporterhelper.BatchConfig]()
	var records atomic.Int64
	push := func(_ context.Context, ld plog.Logs) error {
		records.Add(int64(ld.LogRecordCount()))
		return nil
	}
	e, err := exporterhelper.NewLogs(b.Context(), exportertest.NewNopSettings(component.MustNewType("test")), &struct{}{}, push,
		exporterhelper.WithQueue(configoptional.Some(cfg)))
	require.NoError(b, err)
	require.NoError(b, e.Start(b.Context(), hostWith{ext}))
	ld := batchOf(size)
	marshaler := plog.ProtoMarshaler{}
	bytes := marshaler.LogsSize(ld)
	runtime.GC()
	before := cpu(b)
	b.ResetTimer()
	for range b.N {
		require.NoError(b, e.ConsumeLogs(b.Context(), ld))
	}
	for records.Load() < int64(b.N*ld.LogRecordCount()) {
		time.Sleep(time.Millisecond)
	}
	b.StopTimer()
	b.ReportMetric(float64(cpu(b)-before)/1e6/(float64(b.N*bytes)/1e6), "ms-cpu/MB")
	b.SetBytes(int64(bytes))
	require.NoError(b, e.Shutdown(context.Background()))
}

func batchOf(size int) plog.Logs {
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for i := 0; i*250 < size; i++ {
		lr := sl.LogRecords().AppendEmpty()
		lr.Body().SetStr(strings.Repeat("a line of a log ", 9))
		lr.SetTimestamp(1)
		lr.Attributes().PutStr("log.pattern.id", "0123456789abcdef")
		lr.Attributes().PutInt("log.file.position", int64(i*150))
	}
	return ld
}

func cpu(b *testing.B) time.Duration {
	var ru syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &ru))
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}
