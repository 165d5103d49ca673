package prometheusexporter

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/signals"
)

// Config of the exporter.
type Config struct {
	// ServerConfig is where /metrics is served: endpoint, TLS, auth, timeouts.
	confighttp.ServerConfig `mapstructure:",squash"`
	// OpenToNetwork permits an endpoint that other machines can reach without TLS or auth:
	// a firewall or a NetworkPolicy lets in only who may.
	OpenToNetwork bool `mapstructure:"open_to_network"`
	// SeriesExpiration is how long a series without a new point stays on the page.
	SeriesExpiration time.Duration `mapstructure:"series_expiration"`
	// MaxSeries is how many series the page holds at most. Points of further
	// series are refused and counted until others expire.
	MaxSeries int `mapstructure:"max_series"`
	// UTF8Names keeps names as they are at the source, with suffixes for unit and
	// type. Scrapers get them escaped in the way that they ask for.
	UTF8Names bool `mapstructure:"utf8_names"`
	// PromoteResourceAttributes are the resource attributes that become labels of
	// every series; the others appear on target_info only. Absent means the
	// built-in list.
	PromoteResourceAttributes []string `mapstructure:"promote_resource_attributes"`
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.NetAddr.Endpoint == "" {
		return errors.New("endpoint must be set, for example 127.0.0.1:4321")
	}
	if err := listen.CheckHTTP(&c.ServerConfig, false, c.OpenToNetwork, signals.AddrPrometheus); err != nil {
		return err
	}
	if c.SeriesExpiration <= 0 {
		return errors.New("series_expiration must be positive, for example 5m")
	}
	if c.MaxSeries <= 0 {
		return errors.New("max_series must be positive")
	}
	return nil
}
