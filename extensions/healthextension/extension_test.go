package healthextension

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConfig(t *testing.T) {
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub("health/custom")
	require.NoError(t, err)
	cfg := createDefaultConfig()
	require.NoError(t, confmap.Validate(cfg))
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, &Config{Endpoint: "127.0.0.1:14322", Interval: time.Second, StallAfter: 5 * time.Second}, cfg)

	for key, bad := range map[string]Config{
		"endpoint":      {Endpoint: "nowhere", Interval: 1, StallAfter: 1},
		"token_file":    {Endpoint: ":1", Interval: 1, StallAfter: 1},
		"telemetry_url": {Endpoint: "[::1]:1", TelemetryURL: "x", Interval: 1, StallAfter: 1},
		"interval":      {Endpoint: "[::1]:1", StallAfter: 1},
		"stall_after":   {Endpoint: "[::1]:1", Interval: 2, StallAfter: 1},
	} {
		require.ErrorContains(t, bad.Validate(), key)
	}
}

func get(t *testing.T, url string) (int, Report) {
	t.Helper()
	resp, err := http.Get(url) //nolint:noctx // a test against loopback
	require.NoError(t, err)
	defer resp.Body.Close()
	var r Report
	if resp.Header.Get("Content-Type") == "application/json" {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&r))
	}
	return resp.StatusCode, r
}

func TestProbes(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("# TYPE otelcol_exporter_sent_log_records counter\notelcol_exporter_sent_log_records{exporter=\"loki\"} 5\n"))
	}))
	defer page.Close()
	cfg := createDefaultConfig()
	cfg.Endpoint, cfg.TelemetryURL = freeport.Address(), page.URL
	cfg.Interval = 10 * time.Millisecond
	ext, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(t.Context(), componenttest.NewNopHost()))
	base := "http://" + cfg.Endpoint

	code, _ := get(t, base+"/livez")
	require.Equal(t, http.StatusOK, code)
	code, r := get(t, base+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, []string{"the pipelines are starting or stopping"}, r.Reasons)

	require.NoError(t, ext.(extensioncapabilities.PipelineWatcher).Ready())
	require.Eventually(t, func() bool {
		code, r := get(t, base+"/readyz")
		return code == http.StatusOK && len(r.Exporters) == 1 && r.Exporters[0].Sent == 5
	}, time.Minute, 10*time.Millisecond)

	id := componentstatus.NewInstanceID(component.MustNewID("loki"), component.KindExporter)
	ext.(componentstatus.Watcher).ComponentStatusChanged(id, componentstatus.NewPermanentErrorEvent(errors.New("no such host")))
	code, r = get(t, base+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, r.Reasons[0], "no such host")
	ext.(componentstatus.Watcher).ComponentStatusChanged(id, componentstatus.NewEvent(componentstatus.StatusOK))
	code, _ = get(t, base+"/readyz")
	require.Equal(t, http.StatusOK, code)

	require.NoError(t, ext.(extensioncapabilities.PipelineWatcher).NotReady())
	code, _ = get(t, base+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.NoError(t, ext.Shutdown(t.Context()))
	require.NoError(t, ext.Shutdown(t.Context()))
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	cfg := createDefaultConfig()
	cfg.Endpoint = l.Addr().String()
	ext, err := NewFactory().Create(t.Context(), extensiontest.NewNopSettings(componentType), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, ext.Start(t.Context(), componenttest.NewNopHost()), "is another agent running?")
	require.NoError(t, ext.Shutdown(t.Context()))
}
