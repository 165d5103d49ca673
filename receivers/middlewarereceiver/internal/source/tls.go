package source

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"go.opentelemetry.io/collector/config/configtls"
)

// Secure makes TLS of a connection, which it closes with an error.
func Secure(ctx context.Context, conn net.Conn, cfg *configtls.ClientConfig, host string) (net.Conn, error) {
	config, err := cfg.LoadTLSConfig(ctx)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("load tls: %w", err)
	}
	if config == nil { // tls::insecure
		return conn, nil
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("agree on tls: %w", err)
	}
	return secure, nil
}
