package kafkaexporter_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/exporters/kafkaexporter"
)

func defaults() *kafkaexporter.Config {
	cfg := kafkaexporter.NewFactory().CreateDefaultConfig().(*kafkaexporter.Config)
	cfg.Client.Brokers = []string{"kafka-1:9092"}
	return cfg
}

func TestConfigFromYAML(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	part, err := conf.Sub("kafka")
	require.NoError(t, err)
	cfg := kafkaexporter.NewFactory().CreateDefaultConfig().(*kafkaexporter.Config)
	require.False(t, cfg.Client.TLS.HasValue(), "plain text unless asked for")
	require.NoError(t, part.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, kafkaexporter.Topics{Logs: "site.logs", Metrics: "tidewatch.metrics", Traces: "tidewatch.traces"}, cfg.Topics)
	require.Equal(t, []string{"service.name"}, cfg.Key.Logs)
	require.Equal(t, 20*time.Millisecond, cfg.Linger)
	require.True(t, cfg.Client.TLS.HasValue())
	require.Equal(t, "agent", cfg.Client.SASL.User)

	shown := confmap.New()
	require.NoError(t, shown.Marshal(cfg))
	require.NotContains(t, shown.ToStringMap()["sasl"].(map[string]any)["password"], "secret")
}

func TestValidateNamesKeyAndFix(t *testing.T) {
	for want, change := range map[string]func(*kafkaexporter.Config){
		"brokers must be set, for example [kafka-1:9092, kafka-2:9092]":                           func(c *kafkaexporter.Config) { c.Client.Brokers = []string{" , "} },
		`brokers: "kafka" must be host:port, for example kafka-1:9092`:                            func(c *kafkaexporter.Config) { c.Client.Brokers = []string{"kafka"} },
		"sasl::mechanism must be set when there is a user: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512": func(c *kafkaexporter.Config) { c.Client.SASL.User = "me" },
		`sasl::mechanism: "GSSAPI" must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512`:                 func(c *kafkaexporter.Config) { c.Client.SASL.Mechanism = "GSSAPI" },
		"sasl::user and sasl::password must be set":                                               func(c *kafkaexporter.Config) { c.Client.SASL.Mechanism = "PLAIN" },
		"topics::metrics must not be empty":                                                       func(c *kafkaexporter.Config) { c.Topics.Metrics = "" },
		`compression: "brotli" must be zstd, lz4, snappy, gzip or none`:                           func(c *kafkaexporter.Config) { c.Compression = "brotli" },
		"compression_level must not be negative; 0 is the codec's default":                        func(c *kafkaexporter.Config) { c.CompressionLevel = -1 },
		"max_message_bytes must be from 1024 to 1073741824":                                       func(c *kafkaexporter.Config) { c.MaxMessageBytes = 10 },
		"linger must not be negative; 0 sends at once":                                            func(c *kafkaexporter.Config) { c.Linger = -1 },
	} {
		cfg := defaults()
		change(cfg)
		require.EqualError(t, cfg.Validate(), want)
	}
	require.NoError(t, defaults().Validate())
}
