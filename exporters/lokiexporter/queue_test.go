package lokiexporter_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/tidewatch/tidewatch/exporters/lokiexporter"
)

type hostWithStorage map[component.ID]component.Component

func (h hostWithStorage) GetExtensions() map[component.ID]component.Component { return h }

// startQueued starts an exporter whose queue is in dir and returns how to stop it.
func startQueued(t *testing.T, url, dir string) (exporter.Logs, func()) {
	t.Helper()
	factory := filestorage.NewFactory()
	storageConfig := factory.CreateDefaultConfig().(*filestorage.Config)
	storageConfig.Directory = dir
	id := component.MustNewID("file_storage")
	settings := extensiontest.NewNopSettings(factory.Type())
	settings.ID = id
	storage, err := factory.Create(t.Context(), settings, storageConfig)
	require.NoError(t, err)
	require.NoError(t, storage.Start(t.Context(), hostWithStorage{}))

	cfg := lokiexporter.NewFactory().CreateDefaultConfig().(*lokiexporter.Config)
	cfg.ClientConfig.Endpoint = url
	cfg.RetryConfig.InitialInterval = 5 * time.Millisecond
	cfg.RetryConfig.MaxInterval = 20 * time.Millisecond
	cfg.QueueConfig.Get().StorageID = &id
	cfg.QueueConfig.Get().Batch.Get().FlushTimeout = 20 * time.Millisecond
	set := exportertest.NewNopSettings(lokiexporter.NewFactory().Type())
	set.ID = component.MustNewID("loki") // the queue is found again by it
	e, err := lokiexporter.NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), hostWithStorage{id: storage}))
	return e, func() {
		require.NoError(t, e.Shutdown(context.Background()))
		require.NoError(t, storage.Shutdown(context.Background()))
	}
}

func TestNothingIsLostWhileTheServerIsAwayAndTheAgentRestarts(t *testing.T) {
	f := newFake(t)
	f.Close() // nobody listens
	dir := t.TempDir()
	e, stop := startQueued(t, f.URL, dir)
	for i := range 20 {
		require.NoError(t, e.ConsumeLogs(t.Context(), records(100, noon.Add(time.Duration(i)*time.Second))))
	}
	stop() // with everything undelivered

	again := newFake(t)
	again.push = func(n int, w http.ResponseWriter, _ *http.Request, lines []stored) bool {
		switch n % 3 {
		case 1: // stored, but the answer is lost
			again.store(lines)
			panic(http.ErrAbortHandler)
		case 2:
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	_, stop = startQueued(t, again.URL, dir)
	require.Eventually(t, func() bool { return len(again.all()) >= 2000 }, time.Minute, 10*time.Millisecond)
	stop()
	require.Len(t, again.all(), 2000)
}
