package listen

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
)

// maxWindow bounds the memory that a zstd stream may ask for before its first byte, in
// bytes: it is what every decoder must support. Without it 14 bytes ask for half a GB.
const maxWindow = 8 << 20

// DefaultHTTP is confighttp's configuration with limits for a server that takes bodies.
func DefaultHTTP(endpoint string) confighttp.ServerConfig {
	c := confighttp.NewDefaultServerConfig()
	c.NetAddr.Endpoint = endpoint
	Harden(&c)
	return c
}

// Harden sets the times that a client may take.
func Harden(c *confighttp.ServerConfig) {
	c.ReadHeaderTimeout = 5 * time.Second // a header comes in one piece, or somebody is holding it back
	c.ReadTimeout = time.Minute           // clients give up after 10 to 30 s
	c.WriteTimeout = 2 * time.Minute      // an answer waits while a queue is full
	c.IdleTimeout = 2 * time.Minute       // above the interval of most clients, which keep their connection then
}

// CheckHTTP is Rule for confighttp's servers.
func CheckHTTP(c *confighttp.ServerConfig, token, permitted bool, loopback string) error {
	if c.NetAddr.Transport == confignet.TransportTypeUnix {
		return nil
	}
	return Rule{
		Endpoint:  c.NetAddr.Endpoint,
		TLS:       c.TLS.HasValue(),
		Login:     token || c.Auth.HasValue() || c.TLS.HasValue() && c.TLS.Get().ClientCAFile != "",
		LoginKeys: "auth (authenticator: bearertokenauth)",
		Loopback:  loopback,
		Permitted: permitted,
		Unless:    OpenToNetwork,
	}.Check()
}

// HTTP listens, and makes the server of what comes in there. Who calls it closes both.
func HTTP(ctx context.Context, c *confighttp.ServerConfig, host component.Host, set component.TelemetrySettings, h http.Handler) (*http.Server, net.Listener, error) {
	var opts []confighttp.ToServerOption
	if c.CompressionAlgorithms == nil || slices.Contains(c.CompressionAlgorithms, "zstd") {
		opts = append(opts, confighttp.WithDecoder("zstd", unzstd))
	}
	server, err := c.ToServer(ctx, host.GetExtensions(), set, h, opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("create server: %w", err)
	}
	server.MaxHeaderBytes = maxHeader
	l, err := c.NetAddr.Listen(ctx)
	if err != nil {
		return nil, nil, explain(c.NetAddr.Endpoint, err)
	}
	l = Limit(l)
	if c.TLS.HasValue() {
		if l, err = secure(ctx, l, c.TLS.Get()); err != nil {
			return nil, nil, err
		}
	}
	return server, l, nil
}

// unzstd is a decoder that asks for little memory, whatever the stream says.
func unzstd(body io.ReadCloser) (io.ReadCloser, error) {
	z, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("read zstd: %w", err)
	}
	return &zstdBody{Decoder: z, body: body}, nil
}

type zstdBody struct {
	*zstd.Decoder
	body io.Closer
}

func (z *zstdBody) Close() error {
	z.Decoder.Close()
	return z.body.Close()
}
