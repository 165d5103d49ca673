// Package tlsfile is an HTTP transport whose certificates are files that somebody else
// replaces before they expire.
package tlsfile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Settings of the client's side of TLS. Empty files are not used: the system's roots
// then, and no certificate of the client.
type Settings struct {
	// CAFile holds the certificates, as PEM, of those who may sign the server's.
	CAFile string `mapstructure:"ca_file"`
	// CertFile and KeyFile are the client's own certificate and key, as PEM.
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
	// ServerName is what the server's certificate must be for; empty means the host of
	// the address.
	ServerName string `mapstructure:"server_name"`
	// InsecureSkipVerify believes any certificate.
	InsecureSkipVerify bool `mapstructure:"insecure_skip_verify"`
}

// Validate names the key and the fix.
func (s Settings) Validate() error {
	if (s.CertFile == "") != (s.KeyFile == "") {
		return errors.New("cert_file and key_file must be set together")
	}
	return nil
}

// Transport is safe for concurrent use.
type Transport struct {
	settings Settings

	mu      sync.Mutex // guards all below
	current *http.Transport
	state   string // of the files that current was made of
}

// New returns a transport. Files are read at the first request.
func New(settings Settings) *Transport { return &Transport{settings: settings} }

// RoundTrip reads the files again where they have changed; requests that are under way
// then end on the connection that they have.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	current, err := t.transport()
	if err != nil {
		return nil, err
	}
	return current.RoundTrip(req)
}

// CloseIdleConnections ends the connections that no request uses.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil {
		t.current.CloseIdleConnections()
	}
}

func (t *Transport) transport() (*http.Transport, error) {
	state := t.settings.state()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current != nil && state == t.state {
		return t.current, nil
	}
	config, err := t.settings.load()
	if err != nil {
		return nil, err
	}
	if t.current != nil {
		t.current.CloseIdleConnections()
	}
	t.current, t.state = &http.Transport{
		TLSClientConfig:     config,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 2,
		IdleConnTimeout:     90 * time.Second, // longer than the usual interval, so that a scrape needs no handshake
		DisableCompression:  true,             // who asks for compression bounds what comes out of it
	}, state
	return t.current, nil
}

// state changes when one of the files does.
func (s Settings) state() string {
	var state []byte
	for _, path := range []string{s.CAFile, s.CertFile, s.KeyFile} {
		if path == "" {
			continue
		}
		if info, err := os.Stat(path); err == nil {
			state = fmt.Appendf(state, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		}
	}
	return string(state)
}

func (s Settings) load() (*tls.Config, error) {
	config := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         s.ServerName,
		InsecureSkipVerify: s.InsecureSkipVerify, //nolint:gosec // off unless the user asks for it
	}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("read ca_file: " + s.CAFile + " holds no certificate")
		}
	}
	if s.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(s.CertFile, s.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read cert_file and key_file: %w", err)
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}
