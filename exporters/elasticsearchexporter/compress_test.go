package elasticsearchexporter_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
)

func TestCompression(t *testing.T) {
	for kind, want := range map[configcompression.Type]string{"gzip": "gzip", "zstd": "zstd", "none": "", "": ""} {
		f := newFake(t)
		cfg := direct(f.URL)
		cfg.ClientConfig.Compression = kind
		e := startLogs(t, cfg, nil)
		for range 2 {
			require.NoError(t, e.ConsumeLogs(t.Context(), records(50)))
		}
		require.Len(t, f.docs(), 100)
		require.Equal(t, want, f.headers.Get("Content-Encoding"))
	}
}

// A server that does not know zstd reads the bytes as they are, and refuses the
// request as it would refuse broken documents.
func TestZstdGivesWayToGzip(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnsupportedMediaType} {
		f := newFake(t)
		f.request = func(_ int, w http.ResponseWriter, r *http.Request, _ []doc) bool {
			if r.Header.Get("Content-Encoding") != "zstd" {
				return false
			}
			http.Error(w, `{"error":{"type":"x_content_parse_exception","reason":"Unexpected character"},"status":400}`, status)
			return true
		}
		tel := componenttest.NewTelemetry()
		cfg := direct(f.URL)
		cfg.ClientConfig.Compression = "zstd"
		e := startLogs(t, cfg, tel)
		for range 2 {
			require.NoError(t, e.ConsumeLogs(t.Context(), records(50)))
		}
		require.Len(t, f.docs(), 100)
		require.Equal(t, 3, f.count(), "zstd is tried once")
		require.Empty(t, dropped(t, tel))
		require.NoError(t, tel.Shutdown(context.Background()))
	}
}

// Where zstd was understood before, a refusal is about the documents.
func TestProvenZstdStays(t *testing.T) {
	f := newFake(t)
	f.request = func(n int, w http.ResponseWriter, _ *http.Request, docs []doc) bool {
		if n == 1 || len(docs) == 1 {
			return false
		}
		http.Error(w, `{"error":{"type":"illegal_argument_exception","reason":"broken"},"status":400}`, http.StatusBadRequest)
		return true
	}
	cfg := direct(f.URL)
	cfg.ClientConfig.Compression = "zstd"
	e := startLogs(t, cfg, nil)
	for range 2 {
		require.NoError(t, e.ConsumeLogs(t.Context(), records(4)))
	}
	require.Equal(t, "zstd", f.headers.Get("Content-Encoding"))
	require.Len(t, f.docs(), 8)
}
