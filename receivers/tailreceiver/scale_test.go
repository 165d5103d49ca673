package tailreceiver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// BenchmarkFolder reports how long a folder of new files takes to be read, how
// late a line of another file is meanwhile at most, and what the files cost when
// they are idle.
func BenchmarkFolder(b *testing.B) {
	for _, files := range []int{5_000, 20_000, 100_000} {
		b.Run(fmt.Sprint(files), func(b *testing.B) {
			for b.Loop() {
				benchmarkFolder(b, files)
			}
		})
	}
}

func benchmarkFolder(b *testing.B, files int) {
	dir := b.TempDir()
	many := filepath.Join(dir, "many")
	require.NoError(b, os.Mkdir(many, 0o700))
	busy := filepath.Join(dir, "busy.log")
	f, err := os.Create(busy)
	require.NoError(b, err)
	defer f.Close()
	cfg := createDefaultConfig().(*Config)
	cfg.Include = []string{filepath.Join(dir, "**", "*.log")}
	cfg.StartAt, cfg.Multiline.Mode = startBeginning, multilineOff
	var seen, lines atomic.Int64
	var latest atomic.Int64
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		for _, rl := range ld.ResourceLogs().All() {
			path, _ := rl.Resource().Attributes().Get("log.file.path")
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				if path.Str() != busy {
					seen.Add(1)
					continue
				}
				var sent int64
				_, _ = fmt.Sscanf(lr.Body().Str(), "sent at %d", &sent)
				latest.Store(max(latest.Load(), time.Now().UnixNano()-sent))
				lines.Add(1)
			}
		}
		return nil
	})
	require.NoError(b, err)
	rcv, err := newTail(receivertest.NewNopSettings(component.MustNewType("tail")), cfg, next)
	require.NoError(b, err)
	require.NoError(b, rcv.Start(b.Context(), componenttest.NewNopHost()))
	before := memory()
	for i := range files {
		require.NoError(b, os.WriteFile(filepath.Join(many, fmt.Sprintf("app-%06d.log", i)), []byte("the only line of this file, the same in all files\n"), 0o600))
	}
	start, used := time.Now(), cpu()
	for seen.Load() < int64(files) && time.Since(start) < time.Minute {
		_, err := fmt.Fprintf(f, "sent at %d\n", time.Now().UnixNano())
		require.NoError(b, err)
		time.Sleep(10 * time.Millisecond)
		if os.Getenv("DBG") != "" && time.Now().UnixMilli()%500 < 12 {
			fmt.Println(time.Since(start), seen.Load(), cpu()-used)
		}
	}
	require.Equal(b, int64(files), seen.Load())
	b.ReportMetric(time.Since(start).Seconds(), "s-to-read")
	b.ReportMetric((cpu() - used).Seconds(), "cpu-s-to-read")
	b.ReportMetric(float64(latest.Load())/1e6, "ms-late")
	b.ReportMetric(float64(memory()-before)/float64(files), "B/file")
	time.Sleep(12 * time.Second) // until the files count as quiet
	idle := cpu()
	time.Sleep(10 * time.Second)
	b.ReportMetric(100*(cpu()-idle).Seconds()/10, "%core-idle")
	require.NoError(b, rcv.Shutdown(context.Background()))
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // far from it
}
