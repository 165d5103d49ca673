package elasticsearchexporter_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

func TestTheServerSaysWhatItIs(t *testing.T) {
	for _, c := range []struct{ info, want string }{
		{`{"version":{"number":"8.19.1"}}`, "Exporting to Elasticsearch."},
		{`{"version":{"number":"8.2.3"}}`, "older than 8.3"},
		{`{"version":{"number":"7.17.0"}}`, "older than 8.3"},
		{`{"version":{"number":"2.11.0","distribution":"opensearch"}}`, "is not Elasticsearch"},
		{`<html>`, "does not say what it is"},
		{``, "does not say what it is"},
	} {
		f := newFake(t)
		f.info = c.info
		core, logs := observer.New(zap.DebugLevel)
		set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
		set.Logger = zap.New(core)
		e, err := elasticsearchexporter.NewFactory().CreateLogs(t.Context(), set, direct(f.URL))
		require.NoError(t, err)
		require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
		for range 3 {
			require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
		}
		require.Eventually(t, func() bool { return logs.FilterMessageSnippet(c.want).Len() == 1 }, time.Minute, time.Millisecond, c.info)
		require.NoError(t, e.Shutdown(context.Background()))
	}
}

func TestAProbeWithoutAnswerBlocksNothing(t *testing.T) {
	f := newFake(t)
	release, asked := make(chan struct{}), make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			asked <- struct{}{}
			select { // it hangs until the exporter gives up
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		f.ServeHTTP(w, r)
	}))
	defer server.Close()
	defer close(release)
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	e, err := elasticsearchexporter.NewFactory().CreateLogs(t.Context(), set, direct(server.URL))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	<-asked
	require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	require.Len(t, f.docs(), 4)
	require.NoError(t, e.Shutdown(context.Background()), "and ends it")
}

func TestShutdownBeforeStart(t *testing.T) {
	set := exportertest.NewNopSettings(elasticsearchexporter.NewFactory().Type())
	e, err := elasticsearchexporter.NewFactory().CreateLogs(t.Context(), set, direct(strings.Repeat("http://a", 1)))
	require.NoError(t, err)
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context()))
}
