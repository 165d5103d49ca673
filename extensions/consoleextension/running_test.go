package consoleextension

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensioncapabilities"
)

// secretConfig has a secret, named canary, in every place that people put them.
func secretConfig() map[string]any {
	return map[string]any{
		"receivers": map[string]any{
			"otlp": map[string]any{"protocols": map[string]any{"grpc": map[string]any{"endpoint": "127.0.0.1:4317"}}},
			"alert_webhook": map[string]any{
				"endpoint": "0.0.0.0:9000", "token": "canary-1", "bearer": "canary-2",
			},
			"tail": map[string]any{"include": []any{"/var/log/*.log"}, "storage": "segment_storage", "poll": "250ms"},
		},
		"processors": map[string]any{
			"redact":     map[string]any{"blocked_values": []any{"canary-3"}, "hash_function": "canary-4"},
			"attributes": map[string]any{"actions": []any{map[string]any{"action": "insert", "key": "x", "value": "canary-5"}}},
		},
		"connectors": map[string]any{"pattern": nil, "incident": map[string]any{"links": []any{"http://x/canary-6"}}},
		"exporters": map[string]any{
			"elasticsearch": map[string]any{
				"endpoint": "https://elastic:canary-7@es.example:9200/canary-8?api_key=canary-9#canary-10", "compression": "gzip", "password": "canary-11",
				"headers": map[string]any{"Authorization": "Bearer canary-12", "X-Scope": 12345678},
				"auth":    map[string]any{"authenticator": "canary-13"},
				"tls":     map[string]any{"key_pem": "canary-14", "key_file": "/etc/tls/key.pem", "insecure": true, "cert_pem": "canary-15"},
			},
			"webhook": map[string]any{"url": "https://hooks.example/services/T0/canary-16", "api_key": map[string]any{"deep": []any{"canary-17"}}, "pin": "canary-18"},
			"from_env": map[string]any{
				"endpoint": "canaryenvtoken.example:443", "type": "canaryenvtoken", "directory": "/srv/canaryenvtoken", "include": []any{"canary-19"},
				"canaryenvtoken": "10s", "compression": "CANARY20", "format": "canary-21",
			},
			"socket": map[string]any{"endpoints": []any{"user:canary-22@host:80", "unix:///canary-23", "canary-24"}},
		},
		"extensions": map[string]any{"segment_storage": map[string]any{"directory": "/var/lib/tidewatch"}, "basicauth": map[string]any{"htpasswd": map[string]any{"inline": "canary-25"}}},
		"service": map[string]any{
			"telemetry": map[string]any{"resource": map[string]any{"x": "canary-26"}},
			"pipelines": map[string]any{
				"logs/changes": map[string]any{"receivers": []any{"pattern"}, "processors": nil, "exporters": []any{"incident"}},
				"logs":         map[string]any{"receivers": []any{"otlp", "tail"}, "processors": []any{"redact"}, "exporters": []any{"elasticsearch", "pattern"}},
				"logs/end":     map[string]any{"receivers": []any{"incident"}, "exporters": []any{"webhook"}},
			},
		},
	}
}

func runningAPI(conf map[string]any, environ ...string) http.Handler {
	r := &running{}
	r.take(conf, environ)
	mux := http.NewServeMux()
	a := &api{pipeline: newPipelineWatch(""), running: r}
	a.register(mux)
	return mux
}

func TestNoSecretReachesTheBrowser(t *testing.T) {
	h := runningAPI(secretConfig(), "TOKEN=canaryenvtoken", "HOME=/root", "SHORT=abc")
	for _, path := range []string{"/api/v1/pipeline", "/api/v1/pipeline/config"} {
		w := ask(h, path)
		require.Equal(t, http.StatusOK, w.Code)
		require.NotContains(t, strings.ToLower(w.Body.String()), "canary", path)
		require.NotContains(t, w.Body.String(), "12345678", "numbers in headers")
	}
	var answer struct {
		Components map[string]map[string]map[string]any `json:"components"`
	}
	require.NoError(t, json.Unmarshal(ask(h, "/api/v1/pipeline/config").Body.Bytes(), &answer))
	es := answer.Components["exporters"]["elasticsearch"]
	require.Equal(t, "https://es.example:9200/…", es["endpoint"])
	require.Equal(t, "gzip", es["compression"])
	require.Equal(t, map[string]any{"key_pem": hidden, "cert_pem": hidden, "key_file": "/etc/tls/key.pem", "insecure": true}, es["tls"])
	require.Equal(t, hidden, es["headers"])
	require.Equal(t, map[string]any{"include": []any{"/var/log/*.log"}, "storage": "segment_storage", "poll": "250ms"}, answer.Components["receivers"]["tail"])
	require.Equal(t, "127.0.0.1:4317", answer.Components["receivers"]["otlp"]["protocols"].(map[string]any)["grpc"].(map[string]any)["endpoint"])
	require.Nil(t, answer.Components["service"])
}

func TestPipelinesAreInOrder(t *testing.T) {
	var answer struct {
		Pipelines []pipelineRoute `json:"pipelines"`
	}
	require.NoError(t, json.Unmarshal(ask(runningAPI(secretConfig()), "/api/v1/pipeline").Body.Bytes(), &answer))
	require.Equal(t, []pipelineRoute{
		{ID: "logs", Signal: "logs", Receivers: []string{"otlp", "tail"}, Processors: []string{"redact"}, Exporters: []string{"elasticsearch", "pattern"}},
		{ID: "logs/changes", Signal: "logs", Receivers: []string{"pattern"}, Processors: []string{}, Exporters: []string{"incident"}, Level: 1},
		{ID: "logs/end", Signal: "logs", Receivers: []string{"incident"}, Processors: []string{}, Exporters: []string{"webhook"}, Level: 2},
	}, answer.Pipelines)
}

func TestTheExtensionIsToldWhatRuns(t *testing.T) {
	c := &console{}
	var watcher extensioncapabilities.ConfigSnapshotWatcher = c
	require.NoError(t, watcher.NotifyConfigSnapshot(t.Context(), extensioncapabilities.NewConfigSnapshot(confmap.NewFromStringMap(secretConfig()), nil)))
	pipelines, components := c.running.view()
	require.Len(t, pipelines, 3)
	require.Len(t, components, len(sections))
	require.NoError(t, watcher.NotifyConfigSnapshot(t.Context(), extensioncapabilities.NewConfigSnapshot(nil, nil)))
}

// Whatever a value is and wherever it stands, a token of the environment is not shown,
// and neither is the text of a key that may hold a secret.
func FuzzShown(f *testing.F) {
	f.Add("endpoint", "https://a:tokentoken@b/")
	f.Add("directory", "/x/tokentoken")
	f.Add("tokentoken", "1s")
	f.Fuzz(func(t *testing.T, key, value string) {
		conf := map[string]any{"exporters": map[string]any{"x": map[string]any{key: value, "password": value, "list": []any{map[string]any{key: []any{value}}}}}}
		r := &running{}
		r.take(conf, []string{"T=tokentoken"})
		_, components := r.view()
		text, err := json.Marshal(components)
		require.NoError(t, err)
		require.NotContains(t, string(text), "tokentoken")
		inner := components["exporters"].(map[string]any)["x"].(map[string]any)
		if value != "" && key != "password" {
			require.Equal(t, hidden, inner["password"])
		}
	})
}
