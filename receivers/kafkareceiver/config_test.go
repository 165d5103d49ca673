package kafkareceiver_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/tidewatch/tidewatch/receivers/kafkareceiver"
)

func TestConfigFromYAML(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	part, err := conf.Sub("kafka")
	require.NoError(t, err)
	cfg := kafkareceiver.NewFactory().CreateDefaultConfig().(*kafkareceiver.Config)
	require.NoError(t, part.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	require.Equal(t, kafkareceiver.Topics{Logs: "tidewatch.logs", Metrics: "site.metrics", Traces: "tidewatch.traces"}, cfg.Topics)
	require.Equal(t, "gateway-0", cfg.Instance)
	require.Equal(t, 2*time.Minute, cfg.SessionTimeout)
}

func TestValidateNamesKeyAndFix(t *testing.T) {
	for want, change := range map[string]func(*kafkareceiver.Config){
		"brokers must be set, for example [kafka-1:9092, kafka-2:9092]": func(c *kafkareceiver.Config) { c.Client.Brokers = nil },
		"topics::logs must not be empty":                                func(c *kafkareceiver.Config) { c.Topics.Logs = "" },
		"group must not be empty: the offsets are kept under it":        func(c *kafkareceiver.Config) { c.Group = "" },
		`initial_offset: "now" must be earliest or latest`:              func(c *kafkareceiver.Config) { c.InitialOffset = "now" },
		"session_timeout must be at least 1ms":                          func(c *kafkareceiver.Config) { c.SessionTimeout = 0 },
		"handover_timeout must be at least 1ms":                         func(c *kafkareceiver.Config) { c.HandoverTimeout = 0 },
		"max_retry_interval must be at least 1ms":                       func(c *kafkareceiver.Config) { c.MaxRetryInterval = 0 },
		"max_batch_bytes must be from 1 to 1073741824":                  func(c *kafkareceiver.Config) { c.MaxBatchBytes = 0 },
	} {
		cfg := kafkareceiver.NewFactory().CreateDefaultConfig().(*kafkareceiver.Config)
		cfg.Client.Brokers = []string{"kafka-1:9092"}
		change(cfg)
		require.EqualError(t, cfg.Validate(), want)
	}
}
