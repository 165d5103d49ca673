package middlewarereceiver_test

import (
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(t *testing.T, raw map[string]any) *middlewarereceiver.Config {
	cfg := middlewarereceiver.NewFactory().CreateDefaultConfig().(*middlewarereceiver.Config)
	require.NoError(t, confmap.NewFromStringMap(raw).Unmarshal(cfg))
	return cfg
}

func TestAServerIsRead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	web := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("Active connections: 2 \nserver accepts handled requests\n 4 3 5 \nReading: 0 Writing: 1 Waiting: 1 \n"))
	})}
	done := make(chan struct{})
	go func() { _ = web.Serve(l); close(done) }()
	t.Cleanup(func() { _ = web.Close(); <-done })

	cfg := config(t, map[string]any{"collection_interval": "20ms", "nginx": map[string]any{"endpoints": []any{l.Addr().String()}, "service_name": "edge"}})
	require.NoError(t, confmap.Validate(cfg))
	telemetry := componenttest.NewTelemetry()
	set := receivertest.NewNopSettings(middlewarereceiver.NewFactory().Type())
	set.TelemetrySettings = telemetry.NewTelemetrySettings()
	sink := new(consumertest.MetricsSink)
	r, err := middlewarereceiver.NewFactory().CreateMetrics(t.Context(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	require.Eventually(t, func() bool { return len(sink.AllMetrics()) >= 2 }, time.Minute, 5*time.Millisecond)
	require.NoError(t, r.Shutdown(t.Context()))
	require.NoError(t, r.Shutdown(t.Context()))

	md := sink.AllMetrics()[0]
	require.Equal(t, 2, md.ResourceMetrics().Len())
	name, _ := md.ResourceMetrics().At(0).Resource().Attributes().Get("service.name")
	require.Equal(t, "edge", name.Str())
	up := md.ResourceMetrics().At(1).ScopeMetrics().At(0).Metrics().At(0)
	require.Equal(t, "middleware.up", up.Name())
	require.EqualValues(t, 1, up.Gauge().DataPoints().At(0).IntValue())
	for _, name := range []string{"tidewatch_middleware_scrapes", "tidewatch_middleware_servers", "otelcol_receiver_accepted_metric_points"} {
		_, err := telemetry.GetMetric(name)
		require.NoError(t, err)
	}
	require.NoError(t, telemetry.Shutdown(t.Context()))
}

func TestItEndsWithoutHavingBegun(t *testing.T) {
	r, err := middlewarereceiver.NewFactory().CreateMetrics(t.Context(), receivertest.NewNopSettings(middlewarereceiver.NewFactory().Type()), config(t, map[string]any{"redis": nil}), consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestOneLineTurnsAKindOn(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(middlewarereceiver.NewFactory().CreateDefaultConfig()))
	b, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	cfg := config(t, b.ToStringMap())
	require.NoError(t, confmap.Validate(cfg))
	require.True(t, cfg.Redis.HasValue())
	require.True(t, cfg.Nginx.HasValue())
	require.NotEmpty(t, cfg.Nginx.Get().Paths)
	require.True(t, cfg.JVM.HasValue())
	require.Equal(t, "postgres", cfg.PostgreSQL.Get().Database)
	require.Positive(t, cfg.MySQL.Get().MaxTables)
	require.False(t, config(t, map[string]any{"redis": nil}).JVM.HasValue())
	require.True(t, config(t, map[string]any{"redis": nil}).Redis.HasValue())
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	for want, raw := range map[string]map[string]any{
		"add one of nginx":                     {},
		"timeout must be positive":             {"redis": nil, "timeout": 0},
		"collection_interval must be positive": {"redis": nil, "collection_interval": -1},
		"max_servers must be positive":         {"redis": nil, "max_servers": 0},
		"concurrency must be positive":         {"redis": nil, "concurrency": 0},
		"redis::endpoints":                     {"redis": map[string]any{"endpoints": []any{"redis://:sesame@host"}}},
		"paths must begin":                     {"nginx": map[string]any{"paths": []any{"status"}}},
		"password must be set":                 {"redis": map[string]any{"username": "x"}},
	} {
		err := confmap.Validate(config(t, raw))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "sesame")
	}
}
