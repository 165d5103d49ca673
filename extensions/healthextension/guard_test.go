package healthextension

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/freeport"
	"github.com/tidewatch/tidewatch/internal/listen/listentest"
)

// A probe has no token: it is told whether, and not why.
func TestWhoHasNoTokenIsNotToldWhy(t *testing.T) {
	a := listentest.New(t)
	a.Issue("server")
	cfg := createDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"endpoint": freeport.Address(), "telemetry_url": "",
		"tls": map[string]any{"cert_file": a.File("server.crt"), "key_file": a.File("server.key")}, "token_file": a.Write("token", "correct-horse-battery-staple"),
	}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	h := newHealth(cfg, zap.NewNop())
	require.NoError(t, h.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, h.Shutdown(context.Background())) })

	ask := func(path, bearer string) (int, Report) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+cfg.Endpoint+path, http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", bearer)
		resp, err := a.Client("").Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		var r Report
		if path == "/readyz" {
			require.NoError(t, json.NewDecoder(resp.Body).Decode(&r))
		}
		return resp.StatusCode, r
	}
	code, _ := ask("/livez", "")
	require.Equal(t, http.StatusOK, code)
	for _, stranger := range []string{"", "Bearer wrong-horse-battery-staple"} {
		code, r := ask("/readyz", stranger)
		require.Equal(t, http.StatusServiceUnavailable, code)
		require.Equal(t, Report{}, r)
	}
	code, r := ask("/readyz", "Bearer correct-horse-battery-staple")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, []string{"the pipelines are starting or stopping"}, r.Reasons)
	require.NoError(t, h.Ready())
	code, r = ask("/readyz", "")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, Report{Ready: true}, r)

	cfg.TokenFile = a.File("none")
	require.ErrorContains(t, newHealth(cfg, zap.NewNop()).Start(t.Context(), componenttest.NewNopHost()), "token_file")
}
