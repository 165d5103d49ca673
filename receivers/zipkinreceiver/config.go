package zipkinreceiver

import (
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/signals"
)

// Config of the receiver: where and how HTTP is served.
type Config struct {
	confighttp.ServerConfig `mapstructure:",squash"`
	// OpenToNetwork permits an endpoint that other machines can reach without TLS or auth:
	// a firewall or a NetworkPolicy lets in only who may.
	OpenToNetwork bool `mapstructure:"open_to_network"`
}

func createDefaultConfig() component.Config {
	server := listen.DefaultHTTP(signals.AddrZipkin)
	// A batch of Zipkin's reporters has at most 500 kB; 4 MiB is for those who raised it.
	server.MaxRequestBodySize = 4 << 20
	return &Config{ServerConfig: server}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.NetAddr.Endpoint == "" {
		return errors.New("endpoint must be host:port, for example " + signals.AddrZipkin)
	}
	if c.MaxRequestBodySize <= 0 {
		return errors.New("max_request_body_size must be positive")
	}
	return listen.CheckHTTP(&c.ServerConfig, false, c.OpenToNetwork, signals.AddrZipkin)
}
