package elasticsearchexporter_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
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

	cfg := elasticsearchexporter.NewFactory().CreateDefaultConfig().(*elasticsearchexporter.Config)
	cfg.ClientConfig.Endpoint = url
	cfg.DocumentID = "always"
	cfg.RetryConfig.InitialInterval = 5 * time.Millisecond
	cfg.RetryConfig.MaxInterval = 20 * time.Millisecond
	cfg.QueueConfig.Get().StorageID = &id
	cfg.QueueConfig.Get().Batch.Get().FlushTimeout = 20 * time.Millisecond
	require.NoError(t, cfg.Validate())
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	set.ID = component.MustNewID("elasticsearch") // the queue is found again by it
	e, err := elasticsearchexporter.NewFactory().CreateLogs(t.Context(), set, cfg)
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
	address := f.Listener.Addr().String()
	dir := t.TempDir()

	e, stop := startQueued(t, "http://"+address, dir)
	ld := records(2000)
	for _, rl := range ld.ResourceLogs().All() { // many small requests
		for i := 0; i < rl.ScopeLogs().At(0).LogRecords().Len(); i += 100 {
			part := plog.NewLogs()
			to := part.ResourceLogs().AppendEmpty()
			rl.Resource().CopyTo(to.Resource())
			records := to.ScopeLogs().AppendEmpty().LogRecords()
			for j := i; j < i+100; j++ {
				rl.ScopeLogs().At(0).LogRecords().At(j).CopyTo(records.AppendEmpty())
			}
			require.NoError(t, e.ConsumeLogs(t.Context(), part))
		}
	}
	stop() // with everything undelivered

	again := newFake(t)
	again.item = func(doc) (int, string) {
		if len(again.stored)%7 == 3 && again.requests%2 == 1 {
			return http.StatusTooManyRequests, "es_rejected_execution_exception"
		}
		return 0, ""
	}
	_, stop = startQueued(t, again.URL, dir)
	require.Eventually(t, func() bool { return len(again.docs()) >= 2000 }, time.Minute, 10*time.Millisecond)
	stop()
	requireExactly(t, again, 2000)
}

func TestServerThatDiesAmidBatchesGetsEachRecordOnce(t *testing.T) {
	f := newFake(t)
	f.request = func(n int, _ http.ResponseWriter, _ *http.Request, docs []doc) bool {
		if n%3 == 1 { // stored, but the answer is lost
			f.answer(httptest.NewRecorder(), docs)
			panic(http.ErrAbortHandler)
		}
		return false
	}
	e, stop := startQueued(t, f.URL, t.TempDir())
	for range 3 {
		require.NoError(t, e.ConsumeLogs(t.Context(), records(1000)))
	}
	require.Eventually(t, func() bool { return len(f.docs()) >= 1000 }, time.Minute, 10*time.Millisecond)
	stop()
	requireExactly(t, f, 1000)
}
