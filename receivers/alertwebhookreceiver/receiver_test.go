package alertwebhookreceiver

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/signals"
)

var update = flag.Bool("update", false, "rewrite testdata")

var now = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t *testing.T, id string) *Config {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(id)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	return cfg
}

func TestConfig(t *testing.T) {
	require.Equal(t, createDefaultConfig(), load(t, "alert_webhook"))
	cfg := load(t, "alert_webhook/all")
	require.Equal(t, "0.0.0.0:9999", cfg.NetAddr.Endpoint)
	require.Equal(t, []string{"svc"}, cfg.ServiceLabels)
	for key, change := range map[string]func(*Config){
		"endpoint":              func(c *Config) { c.NetAddr.Endpoint = "x" },
		"path":                  func(c *Config) { c.Path = "alerts" },
		"max_alerts":            func(c *Config) { c.MaxAlerts = 0 },
		"max_request_body_size": func(c *Config) { c.MaxRequestBodySize = 0 },
		"severity_label":        func(c *Config) { c.SeverityLabel = "" },
		"authenticator":         func(c *Config) { c.NetAddr.Endpoint, c.OpenToNetwork = "0.0.0.0:4324", true },
		"tls":                   func(c *Config) { c.NetAddr.Endpoint, c.TokenFile = "0.0.0.0:4324", "x" },
		"token must":            func(c *Config) { c.Token = "short" },
		"token_file":            func(c *Config) { c.Token, c.TokenFile = "long-enough-as-it-is", "x" },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), key)
	}
}

// rig is a receiver on a port of its own.
type rig struct {
	*alertReceiver

	tel *componenttest.Telemetry
}

func start(t *testing.T, cfg *Config, next consumer.Logs) *rig {
	t.Helper()
	cfg.NetAddr.Endpoint = "127.0.0.1:0"
	tel := componenttest.NewTelemetry()
	set := receivertest.NewNopSettings(componentType)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	r, err := newReceiver(set, cfg, next)
	require.NoError(t, err)
	r.now = func() time.Time { return now }
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, tel.Shutdown(context.Background()))
	})
	return &rig{r, tel}
}

func (r *rig) post(t *testing.T, token string, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.addr.String()+r.cfg.Path, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}

func (r *rig) droppedBy(t *testing.T) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	m, err := r.tel.GetMetric("tidewatch_alert_webhook_dropped_records")
	if err != nil {
		return out
	}
	for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
		reason, _ := p.Attributes.Value("reason")
		out[reason.AsString()] = p.Value
	}
	return out
}

func TestGolden(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "notification.json"))
	require.NoError(t, err)
	sink := new(consumertest.LogsSink)
	r := start(t, createDefaultConfig().(*Config), sink)
	code, answer := r.post(t, "", string(body))
	require.Equal(t, http.StatusOK, code, answer)
	require.Len(t, sink.AllLogs(), 1)
	got, file := sink.AllLogs()[0], filepath.Join("testdata", "findings.yaml")
	if *update {
		require.NoError(t, golden.WriteLogsToFile(file, got))
	}
	want, err := golden.ReadLogs(file)
	require.NoError(t, err)
	require.NoError(t, plogtest.CompareLogs(want, got))
	require.Equal(t, map[string]int64{"no_labels": 1}, r.droppedBy(t))

	// The same alert, resolved, is the same finding.
	code, _ = r.post(t, "", strings.Replace(string(body), `"status": "firing", "startsAt": "2026-03-02T09:58`, `"status": "resolved", "startsAt": "2026-03-02T09:58`, 1))
	require.Equal(t, http.StatusOK, code)
	first, ok := incidentlog.ReadFinding(got.ResourceLogs().At(0).Resource().Attributes(), got.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0), now)
	require.True(t, ok)
	rl := sink.AllLogs()[1].ResourceLogs().At(0)
	again, _ := incidentlog.ReadFinding(rl.Resource().Attributes(), rl.ScopeLogs().At(0).LogRecords().At(0), now)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, signals.StateResolved, again.State)
}

func TestRefusals(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Token, cfg.MaxAlerts, cfg.MaxRequestBodySize = "wet-horse-staple", 1, 400
	sink := new(consumertest.LogsSink)
	r := start(t, cfg, sink)
	one := `{"labels":{"alertname":"A"}}`
	for _, c := range []struct {
		token, body string
		code        int
	}{
		{"", `{"version":"4"}`, http.StatusUnauthorized},
		{"wrong", `{"version":"4"}`, http.StatusUnauthorized},
		{"wet-horse-staple", `{"version":"4"}`, http.StatusOK},
		{"wet-horse-staple", `{"version":"3"}`, http.StatusBadRequest},
		{"wet-horse-staple", `{`, http.StatusBadRequest},
		{"wet-horse-staple", `{"version":"4","truncatedAlerts":3,"alerts":[` + one + `,` + one + `]}`, http.StatusOK},
		{"wet-horse-staple", `{"version":"4","alerts":[{"labels":{"alertname":"A","tidewatch_incident":"1"}}]}`, http.StatusOK},
		{"wet-horse-staple", `{"version":"4","x":"` + strings.Repeat("x", 400) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		code, answer := r.post(t, c.token, c.body)
		require.Equal(t, c.code, code, "%s: %s", c.body, answer)
		require.NotContains(t, answer, "wet-horse-staple")
	}
	require.Equal(t, 1, sink.LogRecordCount())
	require.Equal(t, map[string]int64{"truncated": 3, "max_alerts": 1, "own_incident": 1, "unreadable": 2, "too_large": 1}, r.droppedBy(t))
}

// What the pipeline refuses for now an Alertmanager sends again; what it refuses for
// good, not.
func TestPipelineRefuses(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{{errors.New("full"), http.StatusServiceUnavailable}, {consumererror.NewPermanent(errors.New("no")), http.StatusBadRequest}} {
		next, err := consumer.NewLogs(func(context.Context, plog.Logs) error { return c.err })
		require.NoError(t, err)
		r := start(t, createDefaultConfig().(*Config), next)
		code, _ := r.post(t, "", `{"version":"4","alerts":[{"labels":{"alertname":"A"}}]}`)
		require.Equal(t, c.code, code)
	}
}

func TestPortInUseSaysSo(t *testing.T) {
	r := start(t, createDefaultConfig().(*Config), consumertest.NewNop())
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = r.addr.String()
	other, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(componentType), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, other.Start(t.Context(), componenttest.NewNopHost()), "free port")
	require.NoError(t, other.Shutdown(t.Context()))
}

func FuzzNotification(f *testing.F) {
	body, err := os.ReadFile(filepath.Join("testdata", "notification.json"))
	require.NoError(f, err)
	f.Add(body)
	f.Add([]byte(`{"version":"4","alerts":[{"labels":{"instance":"[::1]:9","job":"x","alertname":""},"startsAt":"9999-12-31T23:59:59Z"}]}`))
	set := receivertest.NewNopSettings(componentType)
	sink := new(consumertest.LogsSink)
	r, err := newReceiver(set, createDefaultConfig().(*Config), sink)
	require.NoError(f, err)
	r.now = func() time.Time { return now }
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := parse(body)
		if err != nil {
			return
		}
		sink.Reset()
		require.NoError(t, r.take(t.Context(), n))
		for _, ld := range sink.AllLogs() {
			for _, rl := range ld.ResourceLogs().All() {
				f, ok := incidentlog.ReadFinding(rl.Resource().Attributes(), rl.ScopeLogs().At(0).LogRecords().At(0), now)
				require.True(t, ok)
				require.False(t, f.Start.After(f.Time))
				require.NotEmpty(t, f.Summary)
			}
		}
	})
}
