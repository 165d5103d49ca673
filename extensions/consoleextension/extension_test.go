package consoleextension_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/extensions/consoleextension"
	"github.com/tidewatch/tidewatch/internal/localstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type config = consoleextension.Config

// served is what the extension offers.
type served interface {
	component.Component
	LocalStore() *localstore.Store
	Address() string
}

func create(t testing.TB, change func(*config)) served {
	f := consoleextension.NewFactory()
	cfg := f.CreateDefaultConfig().(*config)
	cfg.Endpoint, cfg.TelemetryURL = "127.0.0.1:0", ""
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	e, err := f.Create(context.Background(), extensiontest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	return e.(served)
}

func start(t testing.TB, change func(*config)) served {
	e := create(t, change)
	require.NoError(t, e.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.Shutdown(context.Background())) })
	return e
}

// get asks with an optional Host header.
func get(t testing.TB, e served, method, path, host string) (*http.Response, string) {
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+e.Address()+path, http.NoBody)
	require.NoError(t, err)
	req.Host = host
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(body)
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	e := start(t, nil)
	for _, path := range []string{"/", "/api/v1/overview", "/nothing", "/api/v1/nothing", "/js/main.js"} {
		resp, _ := get(t, e, http.MethodGet, path, "")
		h := resp.Header
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:", path)
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Equal(t, "DENY", h.Get("X-Frame-Options"), path)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		require.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
	}
}

func TestOnlyKnownHostsAreServed(t *testing.T) {
	e := start(t, func(c *config) { c.AllowedHosts = []string{"tide.example"} })
	for _, host := range []string{"", "localhost", "LOCALHOST.:80", "127.0.0.1:4320", "[::1]:9", "tide.example:443"} {
		resp, _ := get(t, e, http.MethodGet, "/api/v1/overview", host)
		require.Equal(t, http.StatusOK, resp.StatusCode, host)
	}
	for _, host := range []string{"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:4320", "10.0.0.1", "0.0.0.0"} {
		resp, body := get(t, e, http.MethodGet, "/api/v1/overview", host)
		require.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode, host)
		require.Contains(t, body, "allowed_hosts")
	}
	open := start(t, func(c *config) { c.Endpoint, c.BehindProxy = "0.0.0.0:0", true })
	resp, _ := get(t, open, http.MethodGet, "/api/v1/overview", "10.0.0.1:4320")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	resp, _ = get(t, open, http.MethodGet, "/api/v1/overview", "evil.example")
	require.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode)
}

func TestOnlyReadingIsServed(t *testing.T) {
	e := start(t, nil)
	resp, body := get(t, e, http.MethodPost, "/api/v1/overview", "")
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	require.JSONEq(t, `{"error":"only GET and HEAD are served"}`, body)
	resp, _ = get(t, e, http.MethodHead, "/", "")
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestPageIsServedWithItsParts(t *testing.T) {
	e := start(t, nil)
	resp, body := get(t, e, http.MethodGet, "/", "")
	require.Equal(t, "text/html; charset=utf-8", resp.Header.Get("Content-Type"))
	require.NotContains(t, body, "style=")
	require.NotContains(t, body, "http://")
	require.NotContains(t, body, "https://")
	for part := range strings.SplitSeq(body, `"`) {
		if !strings.HasPrefix(part, "/") || part == "/" {
			continue
		}
		resp, _ := get(t, e, http.MethodGet, part, "")
		require.Equal(t, http.StatusOK, resp.StatusCode, part)
		kind := resp.Header.Get("Content-Type")
		if strings.HasSuffix(part, ".js") {
			require.Contains(t, kind, "javascript")
		}
	}
	etag := resp.Header.Get("ETag")
	require.NotEmpty(t, etag)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+e.Address()+"/", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("If-None-Match", etag)
	again, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	require.NoError(t, again.Body.Close())
	require.Equal(t, http.StatusNotModified, again.StatusCode)
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	e := create(t, func(c *config) { c.Endpoint = l.Addr().String() })
	err = e.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "endpoint "+l.Addr().String()+" is in use: another agent may be running")
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestShutdown(t *testing.T) {
	e := create(t, nil)
	require.Empty(t, e.Address())
	require.NoError(t, e.Shutdown(t.Context())) // without Start
	e = start(t, func(c *config) { c.TelemetryURL = "http://127.0.0.1:1/metrics" })
	require.NoError(t, e.Shutdown(t.Context()))
	require.NoError(t, e.Shutdown(t.Context())) // twice
}

func TestPipeline(t *testing.T) {
	e := start(t, func(c *config) { c.TelemetryURL = ownMetrics(t); c.ScrapeInterval = time.Second })
	type flow struct {
		ID, Signal           string
		Items, Refused       float64
		Rate, Queue_Capacity *float64 //nolint:staticcheck // spelled as in JSON
	}
	var v struct {
		Available bool
		Process   struct{ CPU *float64 }
		Receivers []flow
		Exporters []flow
	}
	require.Eventually(t, func() bool {
		_, body := get(t, e, http.MethodGet, "/api/v1/pipeline", "")
		require.NoError(t, json.Unmarshal([]byte(body), &v))
		return v.Available && v.Process.CPU != nil
	}, time.Minute, 100*time.Millisecond)
	require.Len(t, v.Receivers, 4)
	otlp := v.Receivers[1]
	require.Equal(t, "otlp logs", otlp.ID+" "+otlp.Signal)
	require.EqualValues(t, 12, otlp.Refused)
	require.InDelta(t, 130, *otlp.Rate, 40) // two transports together
	require.Equal(t, "elasticsearch", v.Exporters[1].ID)
	require.InDelta(t, 33554432, *v.Exporters[1].Queue_Capacity, 100)
	require.Nil(t, v.Exporters[0].Queue_Capacity)
}

func TestConfig(t *testing.T) {
	f := consoleextension.NewFactory()
	require.NoError(t, componenttest.CheckConfigStruct(f.CreateDefaultConfig()))
	require.NoError(t, f.CreateDefaultConfig().(*config).Validate())
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	const reached = " can be reached from other machines: set "
	for name, want := range map[string]string{
		"console":                "",
		"console/remote":         "",
		"console/mutual":         "",
		"console/proxy":          "",
		"console/local":          "",
		"console/public":         "endpoint 0.0.0.0:4320" + reached + "tls (cert_file and key_file) and auth (token_file or users_file), or use 127.0.0.1:4320; behind_proxy: true if",
		"console/any":            "endpoint :4320" + reached,
		"console/no_auth":        "endpoint tide.example:4320" + reached + "auth (token_file or users_file), or use",
		"console/no_tls":         "endpoint 10.0.0.7:4320" + reached + "tls (cert_file and key_file), or use",
		"console/no_certificate": "must include both certificate and key",
		"console/no_secret":      "auth needs token_file, token or users_file",
		"console/two_tokens":     "auth::token and auth::token_file exclude each other",
		"console/short_token":    "auth::token must have at least 16 characters",
		"console/no_session":     "auth::session must be at least 1m",
		"console/port":           "endpoint must be host:port",
		"console/url":            "telemetry_url must be a URL",
		"console/pace":           "scrape_interval must be at least 1s",
		"console/nothing":        "max_series must be positive",
	} {
		sub, err := conf.Sub(name)
		require.NoError(t, err)
		cfg := f.CreateDefaultConfig().(*config)
		require.NoError(t, sub.Unmarshal(cfg))
		if want == "" {
			require.NoError(t, confmap.Validate(cfg), name)
		} else {
			require.ErrorContains(t, confmap.Validate(cfg), want, name)
		}
	}
}
