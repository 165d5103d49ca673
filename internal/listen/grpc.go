package listen

import (
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/config/configgrpc"
	"go.opentelemetry.io/collector/config/confignet"
	"google.golang.org/grpc/encoding"
)

// CheckGRPC is Rule for configgrpc's servers.
func CheckGRPC(c *configgrpc.ServerConfig, permitted bool, loopback string) error {
	if c.NetAddr.Transport == confignet.TransportTypeUnix {
		return nil
	}
	return Rule{
		Endpoint:  c.NetAddr.Endpoint,
		TLS:       c.TLS.HasValue(),
		Login:     c.Auth.HasValue() || c.TLS.HasValue() && c.TLS.Get().ClientCAFile != "",
		LoginKeys: "auth (authenticator: bearertokenauth)",
		Loopback:  loopback,
		Permitted: permitted,
		Unless:    OpenToNetwork,
	}.Check()
}

// The compression of that name which configgrpc brings believes what a message says of
// the memory that it needs: half a GB for 14 bytes. This one takes its place for all
// servers and clients of the process, before any of them starts.
func init() {
	if upstream := encoding.GetCompressor("zstd"); upstream != nil {
		encoding.RegisterCompressor(&boundedZstd{Compressor: upstream})
	}
}

// boundedZstd compresses as upstream does.
type boundedZstd struct {
	encoding.Compressor

	decoders sync.Pool // of *zstd.Decoder
}

// Decompress reads a message that asks for at most maxWindow.
func (b *boundedZstd) Decompress(r io.Reader) (io.Reader, error) {
	z, ok := b.decoders.Get().(*zstd.Decoder)
	if !ok {
		var err error
		if z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
			return nil, fmt.Errorf("read zstd: %w", err)
		}
	}
	if err := z.Reset(r); err != nil {
		b.decoders.Put(z)
		return nil, fmt.Errorf("read zstd: %w", err)
	}
	return &zstdMessage{Decoder: z, pool: &b.decoders}, nil
}

type zstdMessage struct {
	*zstd.Decoder
	pool *sync.Pool
}

// Close gives the decoder back; gRPC calls it when it has the message or has had enough.
func (m *zstdMessage) Close() error {
	err := m.Reset(nil) // lets go of the message
	m.pool.Put(m.Decoder)
	return err
}
