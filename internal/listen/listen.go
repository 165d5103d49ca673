// Package listen is what the agent's servers have in common: which addresses they may
// open, to whom, and how much of the machine a client may take.
package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/config/configtls"
	"golang.org/x/net/netutil"
)

// MaxConnections is how many connections a server keeps at once; further ones wait to be
// accepted. It bounds memory and descriptors, and leaves enough of the usual 1,024
// descriptors for files.
const MaxConnections = 256

// certificatesAgain is when certificates are read again if reload_interval does not say:
// those who replace them do so days before they expire.
const certificatesAgain = time.Hour

// Rule is an endpoint and what guards it. One that only this machine can reach needs
// nothing; any other needs TLS and a login, or the word of who configured it.
type Rule struct {
	// Endpoint is host:port.
	Endpoint string
	// TLS and Login say what there is: a certificate; and a token, a password, or a
	// certificate of the client.
	TLS, Login bool
	// LoginKeys names the keys of a login, for the error.
	LoginKeys string
	// Loopback is the address that needs nothing, for the error.
	Loopback string
	// Permitted is true when the user permits what is missing.
	Permitted bool
	// Unless says how to permit it, for the error.
	Unless string
}

// OpenToNetwork is how the servers that share Config permit what is missing.
const OpenToNetwork = "open_to_network: true where a firewall or a NetworkPolicy lets in only who may"

// Lacks names what an endpoint that other machines can reach must still have.
func (r Rule) Lacks() []string {
	host, _, err := net.SplitHostPort(r.Endpoint)
	if err == nil && Loopback(host) {
		return nil
	}
	var lacks []string
	if !r.TLS {
		lacks = append(lacks, "tls (cert_file and key_file)")
	}
	if !r.Login {
		lacks = append(lacks, r.LoginKeys)
	}
	return lacks
}

// Check refuses an endpoint that is no host:port, or is open to more than its guards
// allow. The error names the keys and the fix.
func (r Rule) Check() error {
	_, _, err := net.SplitHostPort(r.Endpoint)
	switch {
	case err != nil && strings.ContainsAny(r.Endpoint, "@/?"): // a URL may have a password, which errors show
		return fmt.Errorf("endpoint must be host:port and no URL, for example %s", r.Loopback)
	case err != nil:
		return fmt.Errorf("endpoint must be host:port, for example %s: %w", r.Loopback, err)
	}
	lacks := r.Lacks()
	if r.Permitted || len(lacks) == 0 {
		return nil
	}
	return fmt.Errorf("endpoint %s can be reached from other machines: set %s, or use %s; %s", r.Endpoint, strings.Join(lacks, " and "), r.Loopback, r.Unless)
}

// Loopback reports whether host names this machine only. Names other than localhost may
// be anybody's.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// TLS loads what a server shows and asks for, and sees to it that certificates which are
// replaced are read again.
func TLS(ctx context.Context, c configtls.ServerConfig) (*tls.Config, error) {
	if c.ReloadInterval == 0 {
		c.ReloadInterval = certificatesAgain
	}
	c.ReloadClientCAFile = c.ReloadClientCAFile || c.ClientCAFile != ""
	config, err := c.LoadTLSConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return config, nil
}

// Open listens on endpoint, with at most MaxConnections at once.
func Open(ctx context.Context, endpoint string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", endpoint)
	if err != nil {
		return nil, explain(endpoint, err)
	}
	return netutil.LimitListener(l, MaxConnections), nil
}

// Limit keeps the connections of a listener to MaxConnections. It goes beneath TLS.
func Limit(l net.Listener) net.Listener { return netutil.LimitListener(l, MaxConnections) }

func explain(endpoint string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("endpoint %s is in use; is another agent running? Stop it or choose a free port: %w", endpoint, err)
	}
	return fmt.Errorf("listen on endpoint %s: %w", endpoint, err)
}
