package remotewriteexporter

import (
	"net/http"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// What a receiver that is down did not take is there after a restart.
func TestStoredQueueSurvivesRestart(t *testing.T) {
	var down []func(http.ResponseWriter)
	for range 1000 {
		down = append(down, answer(503))
	}
	r := newReceiver(t, down...)
	id := component.MustNewID("file_storage")
	dir := t.TempDir()
	run := func(use func(consume func(at int))) {
		fs := filestorage.NewFactory()
		fc := fs.CreateDefaultConfig().(*filestorage.Config)
		fc.Directory = dir
		ext, err := fs.Create(t.Context(), extensiontest.NewNopSettings(fs.Type()), fc)
		require.NoError(t, err)
		h := host{id: ext}
		require.NoError(t, ext.Start(t.Context(), h))
		cfg := configFor(r.URL)
		cfg.Queue.Get().StorageID = &id
		cfg.Queue.Get().Batch.Get().FlushTimeout = 10 * time.Millisecond
		set := exportertest.NewNopSettings(componentType)
		set.ID = component.NewID(componentType) // the queue is stored under it
		e, err := NewFactory().CreateMetrics(t.Context(), set, cfg)
		require.NoError(t, err)
		require.NoError(t, e.Start(t.Context(), h))
		use(func(at int) {
			require.NoError(t, e.ConsumeMetrics(t.Context(), sums(false, point{"a", at, float64(at), false})))
		})
		require.NoError(t, e.Shutdown(t.Context()))
		require.NoError(t, ext.Shutdown(t.Context()))
	}
	run(func(consume func(int)) {
		for i := range 20 {
			consume(i)
		}
		require.Eventually(t, func() bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return len(r.headers) > 1
		}, time.Minute, time.Millisecond)
	})
	require.Empty(t, r.samples())
	r.mu.Lock()
	r.answers = nil
	r.mu.Unlock()
	run(func(func(int)) {
		require.Eventually(t, func() bool { return len(r.samples()) >= 20 }, time.Minute, 10*time.Millisecond)
	})
	got := map[string]bool{}
	for _, s := range r.samples() {
		got[s] = true
	}
	require.Len(t, got, 20)
}
