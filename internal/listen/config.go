package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
)

// Config is the part of a server's configuration that says who may come in.
type Config struct {
	// TLS is the server's certificate; with client_ca_file only those come in who show a
	// certificate of it. Files are read again every hour, or every reload_interval.
	TLS configoptional.Optional[configtls.ServerConfig] `mapstructure:"tls"`
	// Token must be sent as Authorization: Bearer. Give it as ${env:NAME}; at least 16
	// characters.
	Token configopaque.String `mapstructure:"token"`
	// TokenFile holds the token instead, in one line; it is read again when it changes.
	TokenFile string `mapstructure:"token_file"`
	// OpenToNetwork permits an endpoint that other machines can reach without TLS or a
	// token: a firewall or a NetworkPolicy lets in only who may.
	OpenToNetwork bool `mapstructure:"open_to_network"`
}

// Check refuses what cannot be, and an endpoint that is open to more than its guards
// allow; loopback is the address that needs none.
func (c *Config) Check(endpoint, loopback string) error {
	if err := c.token().Validate(); err != nil {
		return err
	}
	return Rule{
		Endpoint:  endpoint,
		TLS:       c.TLS.HasValue(),
		Login:     c.HasToken() || c.TLS.HasValue() && c.TLS.Get().ClientCAFile != "",
		LoginKeys: "token_file",
		Loopback:  loopback,
		Permitted: c.OpenToNetwork,
		Unless:    OpenToNetwork,
	}.Check()
}

// HasToken says whether a token is asked for.
func (c *Config) HasToken() bool { return c.Token != "" || c.TokenFile != "" }

func (c *Config) token() TokenConfig { return TokenConfig{Token: c.Token, TokenFile: c.TokenFile} }

// NewToken reads the token once, so that what is wrong with it stops the start. It returns
// nil where none is asked for.
func (c *Config) NewToken() (*Token, error) { return c.token().New() }

// Listen opens the endpoint, with TLS where there is a certificate.
func (c *Config) Listen(ctx context.Context, endpoint string) (net.Listener, error) {
	l, err := Open(ctx, endpoint)
	if err != nil || !c.TLS.HasValue() {
		return l, err
	}
	return secure(ctx, l, c.TLS.Get())
}

// secure puts TLS on a listener, which it closes where that fails.
func secure(ctx context.Context, l net.Listener, c *configtls.ServerConfig) (net.Listener, error) {
	config, err := TLS(ctx, *c)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	config.NextProtos = []string{"h2", "http/1.1"}
	return tls.NewListener(l, config), nil
}

// Server answers small questions: who is slower than its times means no good.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // what strangers send is no news
	}
}

// maxHeader bounds the header of a request, in bytes: tokens and cookies have some 100.
const maxHeader = 32 << 10
