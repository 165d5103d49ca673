package jaegerreceiver

import (
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confignet"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/signals"
)

// Config of the receiver: where and how gRPC is served.
type Config struct {
	configgrpc.ServerConfig `mapstructure:",squash"`
	// OpenToNetwork permits an endpoint that other machines can reach without TLS or auth:
	// a firewall or a NetworkPolicy lets in only who may.
	OpenToNetwork bool `mapstructure:"open_to_network"`
}

func createDefaultConfig() component.Config {
	server := configgrpc.NewDefaultServerConfig()
	server.NetAddr = confignet.NewDefaultAddrConfig()
	server.NetAddr.Transport = confignet.TransportTypeTCP
	server.NetAddr.Endpoint = signals.AddrJaeger
	// What Jaeger's collector takes.
	server.MaxRecvMsgSizeMiB = 4
	// A client sends one batch after the other; each stream may hold a message.
	server.MaxConcurrentStreams = 100
	return &Config{ServerConfig: server}
}

// Validate names the key and the fix.
func (c *Config) Validate() error {
	if c.NetAddr.Endpoint == "" {
		return errors.New("endpoint must be host:port, for example " + signals.AddrJaeger)
	}
	if c.MaxRecvMsgSizeMiB <= 0 {
		return errors.New("max_recv_msg_size_mib must be positive")
	}
	return listen.CheckGRPC(&c.ServerConfig, c.OpenToNetwork, signals.AddrJaeger)
}
