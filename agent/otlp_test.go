package agent

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/internal/freeport"
	"github.com/tidewatch/tidewatch/internal/listen/listentest"
)

const exportLogs = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

// startOTLP starts the receiver as a configuration of the agent does, and counts what it
// takes.
func startOTLP(t *testing.T, host component.Host, yaml map[string]any) (grpc, web string, taken *atomic.Int64) {
	t.Helper()
	f := guardOTLP(otlpreceiver.NewFactory())
	cfg := f.CreateDefaultConfig()
	grpc, web = freeport.Address(), freeport.Address()
	protocols := map[string]any{"grpc": map[string]any{"endpoint": grpc}, "http": map[string]any{"endpoint": web}}
	conf := confmap.NewFromStringMap(map[string]any{"protocols": protocols})
	require.NoError(t, conf.Merge(confmap.NewFromStringMap(yaml)))
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	taken = &atomic.Int64{}
	next, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		taken.Add(int64(ld.LogRecordCount()))
		return nil
	})
	require.NoError(t, err)
	r, err := f.CreateLogs(t.Context(), receivertest.NewNopSettings(f.Type()), cfg, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), host))
	t.Cleanup(func() { require.NoError(t, r.Shutdown(context.Background())) })
	return grpc, web, taken
}

func TestOTLPHasBounds(t *testing.T) {
	cfg := guardOTLP(otlpreceiver.NewFactory()).CreateDefaultConfig().(*otlpreceiver.Config)
	require.False(t, cfg.Protocols.GRPC.HasValue(), "a protocol that nobody names is not served")
	require.False(t, cfg.Protocols.HTTP.HasValue())
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"protocols": map[string]any{
		"grpc": nil, "http": map[string]any{"read_timeout": "7s", "compression_algorithms": []any{"zstd"}},
	}}).Unmarshal(cfg))
	require.Equal(t, 4, cfg.Protocols.GRPC.Get().MaxRecvMsgSizeMiB)
	require.EqualValues(t, 100, cfg.Protocols.GRPC.Get().MaxConcurrentStreams)
	web := cfg.Protocols.HTTP.Get().ServerConfig
	require.Equal(t, "localhost:4318", web.NetAddr.Endpoint)
	require.EqualValues(t, 20<<20, web.MaxRequestBodySize)
	require.Positive(t, web.ReadHeaderTimeout)
	require.Positive(t, web.WriteTimeout)
	require.Positive(t, web.IdleTimeout)
	require.Equal(t, "7s", web.ReadTimeout.String(), "what is configured counts")
	require.Equal(t, []string{"zstd"}, web.CompressionAlgorithms)
}

// Bombs of 10 GB over HTTP, and of as much as fits into a message over gRPC.
func TestOTLPRefusesBombs(t *testing.T) {
	grpc, web, taken := startOTLP(t, componenttest.NewNopHost(), nil)
	for encoding, status := range listentest.PostBombs(t, "http://"+web+"/v1/logs", "application/x-protobuf") {
		require.GreaterOrEqual(t, status, 400, encoding)
		require.Less(t, status, 500, encoding)
	}
	for _, encoding := range []string{"gzip", "zstd", "zstd-window", "zstd-single"} {
		message, name := listentest.Bomb(t, encoding, 3<<30)
		require.Less(t, len(message), otlpMessage<<20, encoding)
		var status string
		require.Less(t, listentest.Allocated(func() { status = listentest.PostGRPC(t, grpc, exportLogs, name, message) }), uint64(listentest.MostForABomb), encoding)
		require.Contains(t, []string{"8", "13"}, status, encoding) // resource exhausted, or internal: it cannot be read
	}
	require.Zero(t, taken.Load())
}

// hosting is a host with one extension.
type hosting map[component.ID]component.Component

func (h hosting) GetExtensions() map[component.ID]component.Component { return h }

func TestOTLPWithAToken(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("correct-horse-battery-staple\n"), 0o600))
	f := bearertokenauthextension.NewFactory()
	cfg := f.CreateDefaultConfig().(*bearertokenauthextension.Config)
	cfg.Filename = token
	auth, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	host := hosting{component.NewID(f.Type()): auth}
	require.NoError(t, auth.Start(t.Context(), host))
	t.Cleanup(func() { require.NoError(t, auth.Shutdown(context.Background())) })

	guard := map[string]any{"auth": map[string]any{"authenticator": "bearertokenauth"}}
	grpc, web, taken := startOTLP(t, host, map[string]any{"protocols": map[string]any{"grpc": guard, "http": guard}})
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("a line")
	body, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	require.NoError(t, err)
	post := func(bearer string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+web+"/v1/logs", bytes.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-protobuf")
		if bearer != "" {
			r.Header.Set("Authorization", bearer)
		}
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NotContains(t, string(text), "horse")
		return resp.StatusCode
	}
	for _, wrong := range []string{"", "Bearer", "Bearer ", "Bearer wrong-horse-battery-staple", "Basic correct-horse-battery-staple"} {
		require.Equal(t, http.StatusUnauthorized, post(wrong), wrong)
		require.Equal(t, "16", listentest.PostGRPC(t, grpc, exportLogs, "identity", body, "Authorization", wrong), wrong)
	}
	require.Zero(t, taken.Load())
	require.Equal(t, http.StatusOK, post("Bearer correct-horse-battery-staple"))
	require.Equal(t, "0", listentest.PostGRPC(t, grpc, exportLogs, "identity", body, "Authorization", "Bearer correct-horse-battery-staple"))
	require.EqualValues(t, 2, taken.Load())
}

// What is sent in the clear is not taken where there is a certificate.
func TestOTLPWithTLS(t *testing.T) {
	a := listentest.New(t)
	a.Issue("server")
	secure := map[string]any{"tls": map[string]any{"cert_file": a.File("server.crt"), "key_file": a.File("server.key"), "client_ca_file": a.File("ca.crt")}}
	_, web, _ := startOTLP(t, componenttest.NewNopHost(), map[string]any{"protocols": map[string]any{"grpc": secure, "http": secure}})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", web)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	resp, err := a.Client("sender").Get("https://" + web + "/v1/logs") //nolint:noctx // a test against loopback
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
	_, err = a.Client("").Get("https://" + web + "/v1/logs") //nolint:noctx,bodyclose // there is no answer
	require.Error(t, err, "no certificate of the client's")
	resp, err = http.Get("http://" + web + "/v1/logs") //nolint:noctx // a test against loopback
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	http.DefaultClient.CloseIdleConnections()
}
