package tailreceiver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// disk is a storage that knows up to where files need not be read again.
type disk struct {
	storage.Client
	mu     sync.Mutex // guards all
	offset map[string]int64
}

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, op := range ops {
		if op.Type != storage.Set || !strings.HasPrefix(op.Key, "v2/") {
			continue
		}
		entries, err := decodeBucket(op.Value)
		if err != nil {
			return err
		}
		for _, c := range entries {
			d.offset[c.Path] = c.Offset
		}
	}
	return nil
}

func (d *disk) lines(length int) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.offset {
		n += int(o) / length
	}
	return n
}

// Whenever the process is killed, no more than max_batch_records are read twice,
// however many files are read at a time.
func TestACrashDoublesNoMoreThanOneBatch(t *testing.T) {
	const files, lines = 8, 5000
	line := strings.Repeat("x", 50) + "\n"
	dir := t.TempDir()
	for i := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".log")), []byte(strings.Repeat(line, lines)), 0o600))
	}
	cfg := createDefaultConfig().(*Config)
	cfg.Include, cfg.StartAt, cfg.Multiline.Mode = []string{filepath.Join(dir, "*.log")}, startBeginning, multilineOff
	cfg.CheckpointInterval = time.Millisecond
	d := &disk{Client: storage.NewNopClient(), offset: map[string]int64{}}
	var mu sync.Mutex // guards delivered and most
	delivered, most := 0, 0
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		mu.Lock()
		defer mu.Unlock()
		delivered += ld.LogRecordCount()
		most = max(most, delivered-d.lines(len(line)))
		return nil
	})
	require.NoError(t, err)
	rcv, err := newTail(receivertest.NewNopSettings(component.MustNewType("tail")), cfg, next)
	require.NoError(t, err)
	rcv.store.client = d
	require.NoError(t, rcv.Start(t.Context(), componenttest.NewNopHost()))
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return delivered == files*lines
	}, time.Minute, time.Millisecond)
	require.NoError(t, rcv.Shutdown(context.Background()))
	require.LessOrEqual(t, most, cfg.MaxBatchRecords)
}
