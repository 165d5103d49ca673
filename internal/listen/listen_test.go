package listen_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/internal/listen/listentest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "correct-horse-battery-staple"

func TestRule(t *testing.T) {
	for endpoint, public := range map[string]bool{
		"127.0.0.1:1": false, "127.9.9.9:1": false, "localhost:1": false, "LOCALHOST:1": false, "[::1]:1": false,
		":1": true, "0.0.0.0:1": true, "[::]:1": true, "10.0.0.1:1": true, "[fd00::1]:1": true, "localhost.evil.example:1": true, "127.0.0.1.evil.example:1": true, "node:1": true,
	} {
		r := listen.Rule{Endpoint: endpoint, LoginKeys: "token_file", Loopback: "127.0.0.1:4322", Unless: listen.OpenToNetwork}
		if !public {
			require.NoError(t, r.Check(), endpoint)
			continue
		}
		require.EqualError(t, r.Check(), "endpoint "+endpoint+" can be reached from other machines: set tls (cert_file and key_file) and token_file, or use 127.0.0.1:4322; "+listen.OpenToNetwork)
		r.TLS = true
		require.ErrorContains(t, r.Check(), "set token_file, or", endpoint)
		r.TLS, r.Login = false, true
		require.ErrorContains(t, r.Check(), "set tls (cert_file and key_file), or", endpoint)
		r.TLS = true
		require.NoError(t, r.Check(), endpoint)
		r.TLS, r.Login, r.Permitted = false, false, true
		require.NoError(t, r.Check(), endpoint)
	}
	require.ErrorContains(t, listen.Rule{Endpoint: "nowhere", Permitted: true}.Check(), "endpoint must be host:port")
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		yaml map[string]any
		says string
	}{
		{map[string]any{"token": "short"}, "token must have at least 16 characters"},
		{map[string]any{"token": token, "token_file": "x"}, "exclude each other"},
		{map[string]any{"token": token}, "set tls (cert_file and key_file), or use 127.0.0.1:1"},
		{map[string]any{"tls": map[string]any{"cert_file": "a", "key_file": "b"}}, "set token_file, or use 127.0.0.1:1"},
		{map[string]any{"tls": map[string]any{"cert_file": "a", "key_file": "b"}, "token_file": "x"}, ""},
		{map[string]any{"tls": map[string]any{"cert_file": "a", "key_file": "b", "client_ca_file": "c"}}, ""},
		{map[string]any{"open_to_network": true}, ""},
	} {
		cfg := config(t, c.yaml)
		if c.says == "" {
			require.NoError(t, cfg.Check("0.0.0.0:1", "127.0.0.1:1"))
			continue
		}
		require.ErrorContains(t, cfg.Check("0.0.0.0:1", "127.0.0.1:1"), c.says)
	}
	a := listentest.New(t)
	for text, says := range map[string]string{"": "must hold one line", "short": "at least 16 characters"} {
		_, err := config(t, map[string]any{"token_file": a.Write("token", text)}).NewToken()
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "token_file")
	}
	_, err := config(t, map[string]any{"token_file": a.File("none")}).NewToken()
	require.ErrorContains(t, err, "no such file")
	_, err = config(t, map[string]any{"tls": map[string]any{"cert_file": a.File("no.crt"), "key_file": a.File("no.key")}}).Listen(t.Context(), "127.0.0.1:0")
	require.ErrorContains(t, err, "tls: ")
}

func config(t *testing.T, yaml map[string]any) *listen.Config {
	t.Helper()
	c := &listen.Config{}
	require.NoError(t, confmap.NewFromStringMap(yaml).Unmarshal(c))
	return c
}

// serve serves what the configuration guards until the test ends.
func serve(t *testing.T, c *listen.Config, server *http.Server) (address string) {
	t.Helper()
	l, err := c.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(l) }) // ends with Close
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		served.Wait()
	})
	return l.Addr().String()
}

func get(t *testing.T, c *http.Client, url, bearer string) (status, protocol int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	if bearer != "" {
		r.Header.Set("Authorization", bearer)
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0, 0
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, resp.ProtoMajor
}

// The whole way: TLS, a certificate of the client's, a token from a file; each is
// replaced while the server runs.
func TestGuards(t *testing.T) {
	a := listentest.New(t)
	a.Issue("server")
	file := a.Write("token", token+"\n")
	c := config(t, map[string]any{
		"tls":        map[string]any{"cert_file": a.File("server.crt"), "key_file": a.File("server.key"), "client_ca_file": a.File("ca.crt"), "reload_interval": "1ns"},
		"token_file": file,
	})
	guard, err := c.NewToken()
	require.NoError(t, err)
	address := serve(t, c, listen.Server(guard.Guard(http.NotFoundHandler())))

	known, strangers := a.Client("scraper"), a.Client("")
	for sent, want := range map[string]int{
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer wrong": 401, "Basic " + token: 401, token: 401, "Bearer " + token + "x": 401,
		"Bearer " + token: 404, "bearer " + token: 404,
	} {
		status, protocol := get(t, known, "https://"+address, sent)
		require.Equal(t, want, status, sent)
		require.Equal(t, 2, protocol)
	}
	status, _ := get(t, strangers, "https://"+address, "Bearer "+token)
	require.Zero(t, status, "no certificate of the client's")
	status, _ = get(t, known, "http://"+address, "Bearer "+token)
	require.Equal(t, http.StatusBadRequest, status, "nothing is served in the clear")

	a.Write("token", "another-horse-battery")
	status, _ = get(t, known, "https://"+address, "Bearer "+token)
	require.Equal(t, 401, status)
	status, _ = get(t, known, "https://"+address, "Bearer another-horse-battery")
	require.Equal(t, 404, status)
	a.Write("token", "")
	status, _ = get(t, known, "https://"+address, "Bearer another-horse-battery")
	require.Equal(t, 401, status, "who cannot be known is refused")

	serial := func() string {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		defer conn.Close()
		return presented(t, conn, a)
	}
	first := serial()
	a.Issue("server")
	require.NotEqual(t, first, serial(), "the certificate is read again")
}

// A client that sends its header a bit at a time, or none at all, does not keep a
// connection.
func TestSlowHeaders(t *testing.T) {
	c := &listen.Config{}
	server := listen.Server(http.NotFoundHandler())
	require.Equal(t, 5*time.Second, server.ReadHeaderTimeout)
	require.Positive(t, server.ReadTimeout)
	require.Positive(t, server.WriteTimeout)
	require.Positive(t, server.IdleTimeout)
	server.ReadHeaderTimeout = time.Millisecond // nobody waits here
	address := serve(t, c, server)
	for _, begun := range []string{"", "GET / HTTP/1.1\r\nHost: x\r\nX-"} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		_, err = conn.Write([]byte(begun))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, conn) // until the server hangs up
		var network net.Error
		require.False(t, errors.As(err, &network) && network.Timeout())
		require.NoError(t, conn.Close())
	}
}

func TestGreedyHeaders(t *testing.T) {
	var called atomic.Bool
	address := serve(t, &listen.Config{}, listen.Server(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Store(true) })))
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("a", 64<<10)) // it may hang up before that
	_, _ = io.Copy(io.Discard, conn)
	require.False(t, called.Load())
}

// One connection more than there may be is not refused: it waits until one ends.
func TestConnectionsAreLimited(t *testing.T) {
	l, err := listen.Open(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	accepted := make(chan net.Conn, listen.MaxConnections+1)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	})
	var clients []net.Conn
	for range listen.MaxConnections + 1 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		require.NoError(t, err)
		clients = append(clients, c)
	}
	var served []net.Conn
	for range listen.MaxConnections {
		served = append(served, <-accepted)
	}
	require.Empty(t, accepted)
	require.NoError(t, served[0].Close())
	served[0] = <-accepted
	require.NoError(t, l.Close())
	accepting.Wait()
	for _, c := range append(clients, served...) {
		_ = c.Close() // the other end may be first
	}
	_, err = listen.Open(context.Background(), "127.0.0.1:99999")
	require.ErrorContains(t, err, "listen on endpoint 127.0.0.1:99999")
}

// presented is the serial number of the certificate that a server shows.
func presented(t *testing.T, conn net.Conn, a *listentest.Authority) string {
	t.Helper()
	c := a.Config("scraper")
	c.ServerName = "127.0.0.1"
	s := tls.Client(conn, c)
	require.NoError(t, s.HandshakeContext(t.Context()))
	return s.ConnectionState().PeerCertificates[0].SerialNumber.String()
}
