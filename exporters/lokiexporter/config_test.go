package lokiexporter_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/exporters/lokiexporter"
	"github.com/tidewatch/tidewatch/internal/breaker"
)

func TestFactory(t *testing.T) {
	f := lokiexporter.NewFactory()
	require.Equal(t, component.MustNewType("loki"), f.Type())
	require.NoError(t, componenttest.CheckConfigStruct(f.CreateDefaultConfig()))
}

func load(t *testing.T, yaml map[string]any) (*lokiexporter.Config, error) {
	t.Helper()
	cfg := lokiexporter.NewFactory().CreateDefaultConfig().(*lokiexporter.Config)
	require.NoError(t, confmap.NewFromStringMap(yaml).Unmarshal(cfg))
	return cfg, confmap.Validate(cfg)
}

func TestDefaultsLoseNothingAndKeepOrder(t *testing.T) {
	cfg, err := load(t, map[string]any{"endpoint": "http://localhost:3100", "sending_queue": map[string]any{"storage": "file_storage"}})
	require.NoError(t, err)
	require.Zero(t, cfg.RetryConfig.MaxElapsedTime)
	q := cfg.QueueConfig.Get()
	require.True(t, q.BlockOnOverflow)
	require.Equal(t, 1, q.NumConsumers)
	require.Zero(t, q.Batch.Get().MaxSize)
	require.Equal(t, "file_storage", q.StorageID.String())
}

func TestEveryKeyIsRead(t *testing.T) {
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	for _, name := range []string{"loki", "loki/token"} {
		_, err = load(t, conf.Get(name).(map[string]any))
		require.NoError(t, err)
	}
	everything, err := load(t, conf.Get("loki/everything").(map[string]any))
	require.NoError(t, err)
	require.Equal(t, 4, everything.QueueConfig.Get().NumConsumers)
	require.Equal(t, []string{"service.name", "host.name"}, everything.Labels)
	require.Equal(t, "team", everything.TenantAttribute)
	require.Equal(t, 100, everything.LateStreams)
	require.Equal(t, breaker.Config{Failures: 3, MinWait: 2 * time.Second, MaxWait: time.Minute}, everything.Circuit)
	require.Equal(t, breaker.LimitConfig{BytesPerSecond: 1000000, BurstBytes: 4000000, RequestsPerSecond: 10, BurstRequests: 20}, everything.RateLimit)
	require.Equal(t, "items", everything.QueueConfig.Get().Batch.Get().Sizer.String())
	require.Equal(t, "bytes", everything.QueueConfig.Get().Sizer.String())
	require.True(t, everything.QueueConfig.Get().BlockOnOverflow, "what is not named keeps its default")
}

func TestValidateNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		yaml map[string]any
		want string
	}{
		{map[string]any{}, "endpoint must be set"},
		{map[string]any{"endpoint": "localhost:3100"}, "endpoint must be a URL"},
		{map[string]any{"endpoint": "http://a", "compression": "gzip"}, "compression must stay unset"},
		{map[string]any{"endpoint": "http://a", "timeout": 0}, "timeout must be positive"},
		{map[string]any{"endpoint": "http://a", "user": "u"}, "user and password go together"},
		{map[string]any{"endpoint": "http://a", "user": "u", "password": "p", "bearer_token": "t"}, "exclude each other"},
		{map[string]any{"endpoint": "http://a", "password": "p"}, "user and password go together"},
		{map[string]any{"endpoint": "http://a", "user": "u", "password": "p", "password_file": "f"}, "password and password_file exclude each other"},
		{map[string]any{"endpoint": "http://a", "bearer_token": "t", "bearer_token_file": "f"}, "bearer_token and bearer_token_file exclude each other"},
		{map[string]any{"endpoint": "http://a", "user": "u", "password": "p", "bearer_token_file": "f"}, "exclude each other"},
		{map[string]any{"endpoint": "http://a", "stream_limit_wait": "-1s"}, "stream_limit_wait must not be negative"},
		{map[string]any{"endpoint": "http://a", "late_streams": -1}, "late_streams must not be negative"},
		{map[string]any{"endpoint": "http://a", "circuit_breaker": map[string]any{"min_wait": 0}}, "circuit_breaker: min_wait must be positive"},
		{map[string]any{"endpoint": "http://a", "rate_limit": map[string]any{"bytes_per_second": -1}}, "rate_limit: bytes_per_second"},
		{map[string]any{"endpoint": "http://a", "max_line_size": 0}, "max_line_size"},
		{map[string]any{"endpoint": "http://a", "labels": []any{"a.b", "a_b"}}, "labels must be different"},
		{map[string]any{"endpoint": "http://a", "labels": strings.Split(strings.Repeat("x,", 16), ",")}, "labels must be at most 15"},
	} {
		_, err := load(t, c.yaml)
		require.ErrorContains(t, err, c.want)
	}
}
