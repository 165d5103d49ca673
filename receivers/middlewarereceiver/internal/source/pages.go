package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Pages reads pages of a server that speaks HTTP. It follows no redirects.
type Pages struct {
	server  Server
	servers Servers
	base    string
	client  *http.Client
}

// NewPages returns the pages of a server. It does not connect.
func NewPages(server Server, servers Servers, endpoint string) *Pages {
	host := server.Address
	if server.Network == "unix" {
		host = "localhost"
	}
	scheme := "http"
	if servers.TLS.HasValue() || strings.HasPrefix(endpoint, "https://") {
		scheme = "https"
	}
	return &Pages{server: server, servers: servers, base: scheme + "://" + host}
}

// Page is an answer of the server.
type Page struct {
	Status int
	Header http.Header
	Body   []byte
}

// Get reads a page of at most limit bytes. A longer one is an error.
func (p *Pages) Get(ctx context.Context, path, user, password string, limit int64) (Page, error) {
	if p.client == nil {
		if err := p.open(ctx); err != nil {
			return Page{}, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, http.NoBody)
	if err != nil {
		return Page{}, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", "tidewatch")
	if password != "" {
		req.SetBasicAuth(user, password)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return Page{}, fmt.Errorf("get page: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return Page{}, fmt.Errorf("read page: %w", err)
	}
	if int64(len(body)) > limit {
		return Page{}, fmt.Errorf("read page: it has more than %d bytes", limit)
	}
	return Page{resp.StatusCode, resp.Header, body}, nil
}

// Close releases the connections.
func (p *Pages) Close() {
	if p.client != nil {
		p.client.CloseIdleConnections()
	}
}

func (p *Pages) open(ctx context.Context) error {
	var config *tls.Config
	if p.servers.TLS.HasValue() {
		var err error
		if config, err = p.servers.TLS.Get().LoadTLSConfig(ctx); err != nil {
			return fmt.Errorf("load tls: %w", err)
		}
	}
	p.client = &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: config,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, p.server.Network, p.server.Address)
			},
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        2 * time.Minute, // longer than the usual interval
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return nil
}

// ErrOther says that something else than the kind's server answers.
var ErrOther = errors.New("this is another server")
