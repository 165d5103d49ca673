package segmentstorageextension_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
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
	"go.opentelemetry.io/collector/extension/xextension/storage"
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

// BenchmarkBacklog measures the start with a backlog, the memory that it takes, and
// how fast it is read. TIDEWATCH_BACKLOG_GB is its size, 1 by default.
func BenchmarkBacklog(b *testing.B) {
	gigabytes := 1
	if s := os.Getenv("TIDEWATCH_BACKLOG_GB"); s != "" {
		var err error
		gigabytes, err = strconv.Atoi(s)
		require.NoError(b, err)
	}
	const item = 1 << 20
	dir, ctx := b.TempDir(), b.Context()
	big := func(c *segmentstorage.Config) { c.MaxBytes = 1 << 40 }
	client := func(ext storage.Extension) storage.Client {
		c, err := ext.GetClient(ctx, component.KindExporter, component.MustNewID("test"), "logs")
		require.NoError(b, err)
		return c
	}
	ext := start(b, dir, big)
	c := client(ext)
	value := make([]byte, item)
	items := gigabytes << 10
	for i := range items {
		copy(value, strconv.Itoa(i))
		require.NoError(b, c.Set(ctx, strconv.Itoa(i), value))
	}
	require.NoError(b, c.Close(ctx))
	require.NoError(b, ext.Shutdown(ctx))
	debug.FreeOSMemory()
	b.ResetTimer()
	began := time.Now()
	ext = start(b, dir, big)
	c = client(ext)
	b.ReportMetric(time.Since(began).Seconds(), "s-start")
	b.ReportMetric(residentMB(b), "MB-resident-after-start")
	began = time.Now()
	most := 0.0
	for i := range items {
		got, err := c.Get(ctx, strconv.Itoa(i))
		require.NoError(b, err)
		require.Len(b, got, item)
		require.NoError(b, c.Delete(ctx, strconv.Itoa(i)))
		if i%256 == 0 {
			most = max(most, residentMB(b))
		}
	}
	b.ReportMetric(float64(items*item)/1e6/time.Since(began).Seconds(), "MB/s-read")
	b.ReportMetric(most, "MB-resident-reading")
	b.SetBytes(int64(items * item))
}

func residentMB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("memory is read from /proc")
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	require.NoError(b, err)
	return kb / 1024
}
