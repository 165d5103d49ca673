package consoleextension_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tidewatch/tidewatch/internal/listen/listentest"
)

func configure(t *testing.T, yaml map[string]any) func(*config) {
	return func(c *config) { require.NoError(t, confmap.NewFromStringMap(yaml).Unmarshal(c)) }
}

func answer(t *testing.T, c *http.Client, url string, headers ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// What other machines can reach asks for both, and serves both.
func TestPublicPageWithTLSAndToken(t *testing.T) {
	a := listentest.New(t)
	a.Issue("page")
	token := a.Write("token", "correct-horse-battery-staple\n")
	e := start(t, configure(t, map[string]any{
		"endpoint": "0.0.0.0:0",
		"tls":      map[string]any{"cert_file": a.File("page.crt"), "key_file": a.File("page.key")},
		"auth":     map[string]any{"token_file": token},
	}))
	_, port, err := net.SplitHostPort(e.Address())
	require.NoError(t, err)
	url := "https://127.0.0.1:" + port + "/api/v1/overview"
	people := a.Client("")
	code, body := answer(t, people, url, "Authorization", "Bearer correct-horse-battery-staple")
	require.Equal(t, http.StatusOK, code, body)
	code, body = answer(t, people, url, "Authorization", "Bearer wrong-horse-battery-staple")
	require.Equal(t, http.StatusUnauthorized, code, body)
	code, _ = answer(t, people, strings.Replace(url, "https", "http", 1))
	require.Equal(t, http.StatusBadRequest, code, "nothing is served in the clear")
	// A certificate guards names as TLS does: any Host that it has is served.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	r.Host = "tide.example"
	r.Header.Set("Authorization", "Bearer correct-horse-battery-staple")
	resp, err := people.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestPublicPageWithCertificatesOfClients(t *testing.T) {
	a := listentest.New(t)
	a.Issue("page")
	e := start(t, configure(t, map[string]any{
		"endpoint": "0.0.0.0:0",
		"tls":      map[string]any{"cert_file": a.File("page.crt"), "key_file": a.File("page.key"), "client_ca_file": a.File("ca.crt")},
	}))
	_, port, err := net.SplitHostPort(e.Address())
	require.NoError(t, err)
	url := "https://127.0.0.1:" + port + "/api/v1/session"
	code, body := answer(t, a.Client("alice"), url)
	require.Equal(t, http.StatusOK, code, body)
	require.JSONEq(t, `{"method":"certificate","authenticated":true,"user":"alice"}`, body)
	code, body = answer(t, a.Client(""), url)
	require.Zero(t, code, body) // how the refusal looks is the client's affair
}

func TestWrongCertificateStopsTheStart(t *testing.T) {
	a := listentest.New(t)
	a.Issue("page")
	e := create(t, configure(t, map[string]any{"tls": map[string]any{"cert_file": a.File("page.crt"), "key_file": a.File("none")}}))
	require.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), "tls: ")
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestFilesAreCompressedAndCached(t *testing.T) {
	e := start(t, nil)
	ask := func(path string, headers ...string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.Address()+path, http.NoBody)
		require.NoError(t, err)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}).Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	plain, packed := ask("/app.css"), ask("/app.css", "Accept-Encoding", "br, gzip")
	require.Empty(t, plain.Header.Get("Content-Encoding"))
	require.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
	require.Equal(t, "Accept-Encoding", packed.Header.Get("Vary"))
	require.Less(t, packed.ContentLength, plain.ContentLength)
	require.NotEqual(t, plain.Header.Get("ETag"), packed.Header.Get("ETag"))
	require.Empty(t, ask("/app.css", "Accept-Encoding", "gzip;q=0").Header.Get("Content-Encoding"))
	again := ask("/app.css", "Accept-Encoding", "gzip", "If-None-Match", packed.Header.Get("ETag"))
	require.Equal(t, http.StatusNotModified, again.StatusCode)
	for _, path := range []string{"/js/", "/js", "/vendor/", "/ui/index.html", "/../go.mod", "/%2e%2e/api.go"} {
		resp := ask(path)
		require.Equal(t, http.StatusNotFound, resp.StatusCode, path)
	}
}

// Bodies have a bound, whatever path they are sent to.
func TestBodiesAreBounded(t *testing.T) {
	e := start(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+e.Address()+"/api/v1/incidents/x/resolve", io.LimitReader(neverEnding{}, 64<<20))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err == nil { // the server may have closed before all was sent
		require.NoError(t, resp.Body.Close())
		require.GreaterOrEqual(t, resp.StatusCode, 400)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
