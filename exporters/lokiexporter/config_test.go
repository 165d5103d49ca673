package lokiexporter_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/exporters/lokiexporter"
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
	_, err = load(t, conf.Get("loki").(map[string]any))
	require.NoError(t, err)
	everything, err := load(t, conf.Get("loki/everything").(map[string]any))
	require.NoError(t, err)
	require.Equal(t, 4, everything.QueueConfig.Get().NumConsumers)
	require.Equal(t, []string{"service.name", "host.name"}, everything.Labels)
	require.Equal(t, "bytes", everything.QueueConfig.Get().Batch.Get().Sizer.String())
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
		{map[string]any{"endpoint": "http://a", "max_line_size": 0}, "max_line_size"},
		{map[string]any{"endpoint": "http://a", "labels": []any{"a.b", "a_b"}}, "labels must be different"},
		{map[string]any{"endpoint": "http://a", "labels": strings.Split(strings.Repeat("x,", 16), ",")}, "labels must be at most 15"},
	} {
		_, err := load(t, c.yaml)
		require.ErrorContains(t, err, c.want)
	}
}
