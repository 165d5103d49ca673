package segmentstorageextension_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	segmentstorage "github.com/tidewatch/tidewatch/extensions/segmentstorageextension"
)

// TestWhatDamageTakesWithItsCountIsMissed ends the process with a backlog, after some
// was delivered, and cuts or overwrites the file from some place on: then the counts
// that were stored with the lost items are gone too, and deletions come back.
func TestWhatDamageTakesWithItsCountIsMissed(t *testing.T) {
	dir, delivered := t.TempDir(), 0
	m := startMeasured(t, dir, "block")
	b := &backend{}
	e := startQueue(t, m.ext, b, 1)
	for i := range 5 {
		require.NoError(t, e.ConsumeLogs(t.Context(), several(fmt.Sprint("early ", i), 7)))
	}
	require.Eventually(t, func() bool { delivered = len(b.delivered()); return delivered == 35 && m.value("items") == 0 }, time.Minute, time.Millisecond)
	require.NoError(t, e.Shutdown(context.Background()))
	b = &backend{blocked: make(chan struct{})}
	e = startQueue(t, m.ext, b, 2)
	for i := range 10 {
		require.NoError(t, e.ConsumeLogs(t.Context(), several(fmt.Sprint("item ", i), 20)))
	}
	require.Eventually(t, func() bool { return b.pushes() == 2 }, time.Minute, time.Millisecond)
	copied := copyOf(t, dir)
	b.unblock()
	require.NoError(t, e.Shutdown(context.Background()))
	m.stop()

	files, err := filepath.Glob(filepath.Join(copied, "exporter_test_logs", "*.seg"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	whole, err := os.ReadFile(files[0])
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		again := copyOf(t, copied)
		path := filepath.Join(again, "exporter_test_logs", filepath.Base(files[0]))
		hurt := append([]byte(nil), whole...)
		from := r.IntN(len(hurt))
		if r.IntN(2) == 0 {
			hurt = hurt[:from]
		} else {
			clear(hurt[from:min(len(hurt), from+r.IntN(8000))])
		}
		require.NoError(t, os.WriteFile(path, hurt, 0o600))
		m := startMeasured(t, again, "block")
		b := &backend{}
		e := startQueue(t, m.ext, b, 1)
		require.Eventually(t, func() bool { return m.value("items") == 0 }, time.Minute, time.Millisecond)
		dropped, carried := m.value("dropped_items"), m.value("carried_items")
		require.NoError(t, e.Shutdown(context.Background()))
		late := 0
		for _, body := range b.delivered() {
			if body[:4] == "item" {
				late++
			}
		}
		require.Equal(t, int64(200-late), dropped, "%d of %d bytes", from, len(whole))
		require.Equal(t, int64(len(b.delivered())+200-late), carried)
		m.stop()
	}
}

// TestANewItemIsGivenUpWhereOldOnesMakeNoRoom keeps a queue that was told not to wait
// from waiting, and from emptying itself for nothing.
func TestANewItemIsGivenUpWhereOldOnesMakeNoRoom(t *testing.T) {
	dir := t.TempDir()
	m := startMeasured(t, dir, "drop_oldest")
	b := &backend{blocked: make(chan struct{})}
	e := startQueue(t, m.ext, b, 1000) // all are being sent
	for i := range 200 {
		require.NoError(t, e.ConsumeLogs(t.Context(), several(fmt.Sprint("item ", i), 20)))
	}
	require.Equal(t, int64(4000), m.value("items")+m.value("dropped_items"))
	require.Positive(t, m.value("dropped_items"))
	b.unblock()
	require.NoError(t, e.Shutdown(context.Background()))
	m.stop()

	cfg := segmentstorage.NewFactory().CreateDefaultConfig().(*segmentstorage.Config)
	cfg.Directory, cfg.WhenFull, cfg.MinFreeBytes = t.TempDir(), "drop_oldest", 1<<60
	m = startMeasuredWith(t, cfg)
	e = startQueue(t, m.ext, &backend{}, 1)
	require.NoError(t, e.ConsumeLogs(t.Context(), several("item", 20)))
	require.Equal(t, int64(20), m.value("dropped_items"))
	require.NoError(t, e.Shutdown(context.Background()))
	m.stop()
}
