package elasticsearchexporter_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTemplatesAreInstalledOnceAndBeforeTheFirstDocument(t *testing.T) {
	f := newFake(t)
	puts := 0
	f.template = func(_ http.ResponseWriter, r *http.Request) bool {
		require.Zero(t, f.requests)
		if r.Method == http.MethodPut {
			puts++
		}
		return false
	}
	for range 3 {
		e := startLogs(t, direct(f.URL), nil)
		f.mu.Lock()
		f.requests = 0
		f.mu.Unlock()
		require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
		require.NoError(t, e.ConsumeLogs(t.Context(), records(2)))
	}
	require.Equal(t, 1, puts, "by the first exporter")
	require.Contains(t, f.templates["tidewatch-logs"], `"match_only_text"`)
}

func TestTemplatesGiveWayToWhatTheServerKnows(t *testing.T) {
	for _, lacks := range []string{`"match_only_text"`, `"passthrough"`} {
		f := newFake(t)
		f.template = refuseTemplatesWith(lacks)
		require.NoError(t, startLogs(t, direct(f.URL), nil).ConsumeLogs(t.Context(), records(2)))
		require.Len(t, f.templates, 1)
		require.NotContains(t, f.templates["tidewatch-logs"], lacks)
		require.Len(t, f.docs(), 2)
	}
}

func TestServersWithoutTemplatesGetTheDocumentsAllTheSame(t *testing.T) {
	for _, status := range []int{http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusInternalServerError} {
		f := newFake(t)
		f.template = func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "no", status)
			return true
		}
		e := startLogs(t, direct(f.URL), nil)
		err := e.ConsumeLogs(t.Context(), records(2))
		if status >= 500 {
			require.Error(t, err, "may pass")
			continue
		}
		require.NoError(t, err)
		require.Len(t, f.docs(), 2)
	}
}

func TestSetupOffAsksForNothing(t *testing.T) {
	f := newFake(t)
	f.template = func(http.ResponseWriter, *http.Request) bool { t.Error("asked"); return false }
	cfg := direct(f.URL)
	cfg.Setup = "off"
	require.NoError(t, startLogs(t, cfg, nil).ConsumeLogs(t.Context(), records(2)))
}
