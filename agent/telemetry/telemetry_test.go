package telemetry_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	upstream "go.opentelemetry.io/collector/service/telemetry"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/agent/telemetry"
	"github.com/tidewatch/tidewatch/internal/freeport"
	"github.com/tidewatch/tidewatch/internal/listen/listentest"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func configure(t *testing.T, metrics map[string]any) component.Config {
	t.Helper()
	cfg := telemetry.NewFactory().CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"metrics": metrics}).Unmarshal(cfg))
	return cfg
}

// The own metrics are for who has the token; the agent itself need not ask.
func TestMetricsWithTLSAndToken(t *testing.T) {
	a := listentest.New(t)
	a.Issue("server")
	address := freeport.Address()
	cfg := configure(t, map[string]any{
		"endpoint": address, "token_file": a.Write("token", "correct-horse-battery-staple"),
		"tls": map[string]any{"cert_file": a.File("server.crt"), "key_file": a.File("server.key")},
	})
	require.NoError(t, confmap.Validate(cfg))
	m, err := telemetry.NewFactory().CreateMeterProvider(t.Context(), upstream.MeterSettings{Logger: zap.NewNop()}, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Shutdown(context.Background())) })
	counter, err := m.Meter("test").Int64Counter("counted")
	require.NoError(t, err)
	counter.Add(t.Context(), 3)

	for bearer, want := range map[string]int{"": 401, "Bearer wrong-horse-battery-staple": 401, "Bearer correct-horse-battery-staple": 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+"/metrics", http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", bearer)
		resp, err := a.Client("").Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, bearer)
	}
	samples, err := selfmetrics.Scrape(t.Context(), http.DefaultClient, "http://"+address+"/metrics")
	require.NoError(t, err)
	require.Equal(t, []float64{3}, valuesOf(samples, "counted"))
}

func valuesOf(samples []selfmetrics.Sample, name string) (values []float64) {
	for _, s := range samples {
		if s.Name == name {
			values = append(values, s.Value)
		}
	}
	return values
}

func TestConfig(t *testing.T) {
	for says, metrics := range map[string]map[string]any{
		"metrics::endpoint 0.0.0.0:1 can be reached": {"endpoint": "0.0.0.0:1"},
		"metrics::endpoint must be host:port":        {"endpoint": "nowhere"},
		"metrics::token must have":                   {"token": "short"},
	} {
		require.ErrorContains(t, confmap.Validate(configure(t, metrics)), says)
	}
	require.NoError(t, confmap.Validate(configure(t, map[string]any{"endpoint": "0.0.0.0:1", "open_to_network": true})))
	require.NoError(t, confmap.Validate(configure(t, map[string]any{"endpoint": "0.0.0.0:1", "level": "none"})))
}
