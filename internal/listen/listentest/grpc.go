package listentest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

// PostGRPC sends a message as it is, compressed as encoding says (or identity), and returns the status
// of the answer, such as "8" for what is too large.
func PostGRPC(t *testing.T, address, method, encoding string, message []byte, headers ...string) string {
	t.Helper()
	transport := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	defer transport.CloseIdleConnections()
	compressed := byte(1)
	if encoding == "identity" {
		compressed = 0
	}
	framed := binary.BigEndian.AppendUint32([]byte{compressed}, uint32(len(message)))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+method, io.MultiReader(bytes.NewReader(framed), bytes.NewReader(message)))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/grpc")
	r.Header.Set("Te", "trailers")
	r.Header.Set("Grpc-Encoding", encoding)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := transport.RoundTrip(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
	if status := resp.Header.Get("Grpc-Status"); status != "" { // without a body
		return status
	}
	return resp.Trailer.Get("Grpc-Status")
}
