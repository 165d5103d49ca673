package agent

import (
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"

	"github.com/tidewatch/tidewatch/internal/listen"
)

const (
	// otlpMessage is the largest message of OTLP over gRPC, in MiB: upstream's default, said
	// so that it can be seen.
	otlpMessage = 4
	// otlpBody is the largest body of OTLP over HTTP, in bytes, after decompression too.
	otlpBody = 20 << 20
	// otlpStreams is how many messages of a connection are taken at once: each may be as
	// large as a message may be.
	otlpStreams = 100
)

// guardedOTLP is upstream's receiver with defaults for a server that strangers may reach:
// what the configuration says still counts.
type guardedOTLP struct{ receiver.Factory }

func guardOTLP(f receiver.Factory) receiver.Factory { return guardedOTLP{f} }

// CreateDefaultConfig bounds times, sizes and streams, which upstream leaves open. zstd is
// not taken over HTTP: upstream's decoder believes what a body says of the memory that it
// needs.
func (f guardedOTLP) CreateDefaultConfig() component.Config {
	cfg, ok := f.Factory.CreateDefaultConfig().(*otlpreceiver.Config)
	if !ok {
		return f.Factory.CreateDefaultConfig()
	}
	grpc, http := *cfg.Protocols.GRPC.GetOrInsertDefault(), *cfg.Protocols.HTTP.GetOrInsertDefault()
	grpc.MaxRecvMsgSizeMiB = otlpMessage
	grpc.MaxConcurrentStreams = otlpStreams
	listen.Harden(&http.ServerConfig)
	http.ServerConfig.MaxRequestBodySize = otlpBody
	http.ServerConfig.CompressionAlgorithms = slices.Clone(otlpEncodings)
	cfg.Protocols.GRPC, cfg.Protocols.HTTP = configoptional.Default(grpc), configoptional.Default(http)
	return cfg
}

// otlpEncodings are those of upstream's default but for zstd.
var otlpEncodings = []string{"", "gzip", "zlib", "snappy", "deflate", "lz4", "x-snappy-framed"}
