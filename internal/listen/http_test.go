package listen_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"google.golang.org/grpc/encoding"

	"github.com/tidewatch/tidewatch/internal/listen"
	"github.com/tidewatch/tidewatch/internal/listen/listentest"
)

// serveHTTP serves what confighttp configures until the test ends.
func serveHTTP(t *testing.T, c confighttp.ServerConfig, h http.HandlerFunc) (address string) {
	t.Helper()
	server, l, err := listen.HTTP(t.Context(), &c, componenttest.NewNopHost(), componenttest.NewNopTelemetrySettings(), h)
	require.NoError(t, err)
	var served sync.WaitGroup
	served.Go(func() { _ = server.Serve(l) }) // ends with Close
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		served.Wait()
	})
	return l.Addr().String()
}

// A body is never larger than it may be, however small it was made.
func TestBombs(t *testing.T) {
	c := listen.DefaultHTTP("127.0.0.1:0")
	c.MaxRequestBodySize = 4 << 20
	var most atomic.Int64
	address := serveHTTP(t, c, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		most.Store(max(most.Load(), n))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		}
	})
	for encoding, status := range listentest.PostBombs(t, "http://"+address, "text/plain") {
		switch encoding {
		case "zlib", "deflate":
			require.Equal(t, http.StatusOK, status, encoding) // just as much as there may be
		case "snappy":
			require.Equal(t, http.StatusBadRequest, status, encoding)
		default:
			require.Equal(t, http.StatusRequestEntityTooLarge, status, encoding)
		}
	}
	require.LessOrEqual(t, most.Load(), c.MaxRequestBodySize)
}

func TestAZstdMessageAsksForLittle(t *testing.T) {
	z := encoding.GetCompressor("zstd")
	for _, name := range []string{"zstd-window", "zstd-single"} {
		bomb, _ := listentest.Bomb(t, name, 0)
		require.Less(t, listentest.Allocated(func() {
			r, err := z.Decompress(bytes.NewReader(bomb))
			require.NoError(t, err)
			_, err = io.ReadAll(r)
			require.Error(t, err, name)
			require.NoError(t, r.(io.Closer).Close())
		}), uint64(listentest.MostForABomb), name)
	}
	for range 3 { // decoders are used again
		var b bytes.Buffer
		w, err := z.Compress(&b)
		require.NoError(t, err)
		_, err = w.Write([]byte("a message"))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		r, err := z.Decompress(&b)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, "a message", string(got))
		require.NoError(t, r.(io.Closer).Close())
	}
}

func TestHTTPWithTLS(t *testing.T) {
	a := listentest.New(t)
	a.Issue("server")
	c := listen.DefaultHTTP("127.0.0.1:0")
	secure := configtls.NewDefaultServerConfig()
	secure.CertFile, secure.KeyFile, secure.ClientCAFile = a.File("server.crt"), a.File("server.key"), a.File("ca.crt")
	c.TLS = configoptional.Some(secure)
	address := serveHTTP(t, c, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	})
	status, protocol := get(t, a.Client("scraper"), "https://"+address, "")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 2, protocol)
	status, _ = get(t, a.Client(""), "https://"+address, "")
	require.Zero(t, status)

	secure.CertFile = a.File("none")
	c.TLS = configoptional.Some(secure)
	_, _, err := listen.HTTP(t.Context(), &c, componenttest.NewNopHost(), componenttest.NewNopTelemetrySettings(), http.NotFoundHandler())
	require.ErrorContains(t, err, "tls: ")
	c.NetAddr.Endpoint = address
	_, _, err = listen.HTTP(t.Context(), &c, componenttest.NewNopHost(), componenttest.NewNopTelemetrySettings(), http.NotFoundHandler())
	require.ErrorContains(t, err, "endpoint "+address+" is in use; is another agent running?")
}

// Who sends a body a bit at a time is let go of.
func TestSlowBodies(t *testing.T) {
	c := listen.DefaultHTTP("127.0.0.1:0")
	require.Positive(t, c.ReadTimeout)
	require.Positive(t, c.IdleTimeout)
	c.ReadTimeout = 1 // nobody waits here
	address := serveHTTP(t, c, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbit"))
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, conn) // until the server hangs up
}
