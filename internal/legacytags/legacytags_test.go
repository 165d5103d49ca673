package legacytags_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/legacytags"
)

func put(tags ...string) ptrace.Span {
	span := ptrace.NewSpan()
	for i := 0; i < len(tags); i += 2 {
		legacytags.Put(span, tags[i], pcommon.NewValueStr(tags[i+1]))
	}
	return span
}

func TestNames(t *testing.T) {
	span := put("http.method", "GET", "http.status_code", "503", "http.path", "/x", "peer.port", "no number", "mine", "1", "span.kind", "server", "db.type", "sql")
	require.Equal(t, map[string]any{
		"http.request.method": "GET", "http.response.status_code": int64(503), "url.path": "/x", "network.peer.port": "no number", "mine": "1", "db.system.name": "sql",
	}, span.Attributes().AsRaw())
	require.Equal(t, ptrace.SpanKindServer, span.Kind())

	want := map[string]any{"http.request.method": "PUT", "span.kind": "strange"}
	require.Equal(t, want, put("http.request.method", "PUT", "http.method", "GET", "span.kind", "strange").Attributes().AsRaw())
	require.Equal(t, want, put("http.method", "GET", "http.request.method", "PUT", "span.kind", "strange").Attributes().AsRaw())
}

func TestStatus(t *testing.T) {
	for name, c := range map[string]struct {
		tags    []string
		code    ptrace.StatusCode
		message string
	}{
		"true":     {[]string{"error", "true"}, ptrace.StatusCodeError, ""},
		"false":    {[]string{"error", "false"}, ptrace.StatusCodeUnset, ""},
		"empty":    {[]string{"error", ""}, ptrace.StatusCodeError, ""},
		"a text":   {[]string{"error", "timed out"}, ptrace.StatusCodeError, "timed out"},
		"both":     {[]string{"error", "x", "otel.status_code", "ERROR", "otel.status_description", "timed out"}, ptrace.StatusCodeError, "timed out"},
		"ok":       {[]string{"otel.status_code", "OK"}, ptrace.StatusCodeOk, ""},
		"no tags":  {nil, ptrace.StatusCodeUnset, ""},
		"nonsense": {[]string{"otel.status_code", "?"}, ptrace.StatusCodeUnset, ""},
	} {
		span := put(c.tags...)
		require.Equal(t, c.code, span.Status().Code(), name)
		require.Equal(t, c.message, span.Status().Message(), name)
		require.Zero(t, span.Attributes().Len(), name)
	}
}

func TestHost(t *testing.T) {
	m := pcommon.NewMap()
	legacytags.Host(m, "not an address")
	require.Zero(t, m.Len())
	legacytags.Host(m, "10.0.0.1")
	require.Equal(t, map[string]any{"host.ip": []any{"10.0.0.1"}}, m.AsRaw())
}
