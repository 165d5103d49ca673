package elasticsearchexporter_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/exporters/elasticsearchexporter"
)

func TestFactory(t *testing.T) {
	f := elasticsearchexporter.NewFactory()
	require.Equal(t, component.MustNewType("elasticsearch"), f.Type())
	require.NoError(t, componenttest.CheckConfigStruct(f.CreateDefaultConfig()))
}

func load(t *testing.T, yaml map[string]any) (*elasticsearchexporter.Config, error) {
	t.Helper()
	cfg := elasticsearchexporter.NewFactory().CreateDefaultConfig().(*elasticsearchexporter.Config)
	require.NoError(t, confmap.NewFromStringMap(yaml).Unmarshal(cfg))
	return cfg, confmap.Validate(cfg)
}

func TestDefaultsLoseNothing(t *testing.T) {
	cfg, err := load(t, map[string]any{"endpoint": "http://localhost:9200", "sending_queue": map[string]any{"storage": "file_storage"}})
	require.NoError(t, err)
	require.Zero(t, cfg.RetryConfig.MaxElapsedTime)
	q := cfg.QueueConfig.Get()
	require.True(t, q.BlockOnOverflow)
	require.Equal(t, "bytes", q.Sizer.String())
	require.Equal(t, time.Second, q.Batch.Get().FlushTimeout)
	require.Zero(t, q.Batch.Get().MaxSize, "the queue would drop a record that is larger")
	require.Equal(t, "file_storage", q.StorageID.String())
}

func TestEveryKeyIsRead(t *testing.T) {
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	_, err = load(t, conf.Get("elasticsearch").(map[string]any))
	require.NoError(t, err)
	everything, err := load(t, conf.Get("elasticsearch/everything").(map[string]any))
	require.NoError(t, err)
	require.Equal(t, 2, everything.QueueConfig.Get().NumConsumers)
	require.Equal(t, []string{"https://es-1.example:9200", "https://es-2.example:9200"}, everything.Endpoints)
	require.Equal(t, "bytes", everything.QueueConfig.Get().Batch.Get().Sizer.String())
	require.True(t, everything.QueueConfig.Get().BlockOnOverflow, "what is not named keeps its default")
}

func TestValidateNamesTheKey(t *testing.T) {
	for _, c := range []struct {
		yaml map[string]any
		want string
	}{
		{map[string]any{}, "endpoint must be set"},
		{map[string]any{"endpoint": "localhost:9200"}, "endpoint must hold URLs"},
		{map[string]any{"endpoints": []string{"http://a", "ftp://b"}}, "endpoints must hold URLs"},
		{map[string]any{"endpoint": "http://a", "endpoints": []string{"http://b"}}, "exclude each other"},
		{map[string]any{"endpoint": "http://a", "compression": "snappy"}, "compression must be gzip, zstd or none"},
		{map[string]any{"endpoint": "http://a", "timeout": 0}, "timeout must be positive"},
		{map[string]any{"endpoint": "http://a", "mode": "maybe"}, "mode must be ecs or otel"},
		{map[string]any{"endpoint": "http://a", "retention": "5m"}, "retention must be 0 or at least 1h"},
		{map[string]any{"endpoint": "http://a", "dead_letter_file": map[string]any{"max_size": 0}}, "dead_letter_file::max_size must be positive"},
		{map[string]any{"endpoint": "http://a", "circuit_breaker": map[string]any{"failures": -1}}, "failures must not be negative"},
		{map[string]any{"endpoint": "http://a", "setup": "maybe"}, "setup must be auto or off"},
		{map[string]any{"endpoint": "http://a", "document_id": "maybe"}, "document_id must be"},
		{map[string]any{"endpoint": "http://a", "dataset": "My-App"}, "dataset must be lower case"},
		{map[string]any{"endpoint": "http://a", "namespace": ""}, "namespace must be lower case"},
		{map[string]any{"endpoint": "http://a", "max_request_size": -1}, "max_request_size must be positive"},
		{map[string]any{"endpoint": "http://a", "user": "u"}, "user and password go together"},
		{map[string]any{"endpoint": "http://a", "user": "u", "password": "p", "api_key": "k"}, "api_key and user exclude each other"},
	} {
		_, err := load(t, c.yaml)
		require.ErrorContains(t, err, c.want)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	cfg, err := load(t, map[string]any{"endpoint": "http://a", "api_key": "hunter2", "headers": map[string]any{"Authorization": "hunter2"}})
	require.NoError(t, err)
	cfg.Password = "hunter2"
	conf := confmap.New()
	require.NoError(t, conf.Marshal(cfg))
	require.NotContains(t, fmt.Sprint(conf.ToStringMap()), "hunter2")
}
