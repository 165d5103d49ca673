package redconnector

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func TestConfig(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
	require.NoError(t, cfg.Validate())
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub("red")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	require.Equal(t, time.Minute, cfg.Interval)
	require.Equal(t, []string{"http.request.method"}, cfg.Dimensions)
	require.Equal(t, []time.Duration{10 * time.Millisecond, time.Second}, cfg.Histogram.Buckets)
}

func TestConfigErrors(t *testing.T) {
	for message, change := range map[string]func(*Config){
		"interval must be at least 1s":                             func(c *Config) { c.Interval = 0 },
		`temporality must be cumulative or delta, not "x"`:         func(c *Config) { c.Temporality = "x" },
		"resource_attributes must contain service.name":            func(c *Config) { c.ResourceAttributes = nil },
		`histogram::type must be exponential or explicit, not "x"`: func(c *Config) { c.Histogram.Type = "x" },
		`histogram::unit must be ms or s, not "x"`:                 func(c *Config) { c.Histogram.Unit = "x" },
		"histogram::buckets must be positive and ascend":           func(c *Config) { c.Histogram.Buckets = []time.Duration{2, 1} },
		"max_series must be positive":                              func(c *Config) { c.MaxSeries = 0 },
		"gauges::window must not be longer than 60 intervals":      func(c *Config) { c.Gauges.Window = 24 * time.Hour },
		"service_graph::wait must be positive":                     func(c *Config) { c.ServiceGraph.Wait = 0 },
		"expiry must not be shorter than interval":                 func(c *Config) { c.Expiry = time.Second },
		"gauges::min_calls must not be negative":                   func(c *Config) { c.Gauges.MinCalls = -1 },
		"service_graph::max_edges must be positive":                func(c *Config) { c.ServiceGraph.MaxEdges = 0 },
		"histogram::max_size must be from 10 to 1000":              func(c *Config) { c.Histogram.MaxSize = 1 },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), message)
	}
}
