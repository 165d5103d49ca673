package agent

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/tidewatch/tidewatch/internal/configkeys"
	"github.com/tidewatch/tidewatch/internal/freeport"
)

// canary is a secret that may be found nowhere.
const canary = "canary-c0ffee-5ecret"

var (
	canaryKey     = regexp.MustCompile(`(?i)(^|_)(password|passwd|secret|token|api_?key|credentials?|authorization|cookie|.*_pem|private_key)s?$`)
	canaryAddress = regexp.MustCompile(`(?i)(endpoint|address|url|uri|host|broker|target)s?$|secret_endpoint$`)
)

// secretsIn are the keys below keys that may hold a secret, with a value that has one.
func secretsIn(keys []configkeys.Key, path []string, found func(path []string, value any)) {
	for _, k := range keys {
		at := append(append([]string(nil), path...), k.Name)
		address := "http://user:" + canary + "@127.0.0.1:1/" + "hook?token=" + canary
		switch {
		case k.Name == "headers":
			for _, name := range []string{"Authorization", "X-Api-Key", "Cookie", "X-Scope-OrgID"} {
				found(at, map[string]any{name: canary})
				found(at, []any{map[string]any{"name": name, "value": canary}})
			}
		case k.Type == "secret" || k.Type == "string" && canaryKey.MatchString(k.Name):
			found(at, canary)
		case strings.HasPrefix(k.Type, "list of secret"):
			found(at, []any{canary})
		case k.Type == "string" && canaryAddress.MatchString(k.Name):
			found(at, address)
		case k.Type == "list of strings" && canaryAddress.MatchString(k.Name):
			found(at, []any{address})
		}
		secretsIn(k.Keys, at, found)
	}
}

// nested is a configuration with one value at a path; <name> is any name, and what a list
// holds is in a list of one.
func nested(path []string, value any, list bool) map[string]any {
	for i, name := range slices.Backward(path) {
		if strings.HasPrefix(name, "<") {
			name = "any"
		}
		value = map[string]any{name: value}
		if list && i > 0 && i == len(path)-1 {
			value = []any{value}
		}
	}
	return value.(map[string]any)
}

// Whatever key of whatever component holds a secret: it is not printed, and what is wrong
// with it does not say it.
func TestSecretsAreNotPrinted(t *testing.T) {
	f := mustFactories(t)
	tried := 0
	look := func(kind string, factory component.Factory) {
		secretsIn(configkeys.Of(factory.CreateDefaultConfig()), nil, func(path []string, value any) {
			for _, list := range []bool{false, true} {
				cfg := factory.CreateDefaultConfig()
				where := kind + " " + factory.Type().String() + "::" + strings.Join(path, "::")
				if err := confmap.NewFromStringMap(nested(path, value, list)).Unmarshal(cfg); err != nil {
					continue // it is of another shape
				}
				if err := confmap.Validate(cfg); err != nil {
					assert.NotContains(t, (&ConfigError{Problem: err.Error()}).Error(), canary, where)
				}
				conf := confmap.New()
				require.NoError(t, conf.Marshal(cfg), where)
				b, err := masked(conf)
				require.NoError(t, err)
				assert.NotContains(t, string(b), canary, where)
				tried++
			}
		})
	}
	for _, x := range f.Receivers {
		look("receiver", x)
	}
	for _, x := range f.Processors {
		look("processor", x)
	}
	for _, x := range f.Connectors {
		look("connector", x)
	}
	for _, x := range f.Exporters {
		look("exporter", x)
	}
	for _, x := range f.Extensions {
		look("extension", x)
	}
	require.Greater(t, tried, 50, "there are secrets to look for")
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"http://user:pa@ss@host/x":              "http://user:[REDACTED]@host/x",
		"https://t0ken@host":                    "https://[REDACTED]@host",
		"https://host/?access_token=x&page=2":   "https://host/?access_token=[REDACTED]&page=2",
		"https://host/a@b":                      "https://host/a@b",
		"http://127.0.0.1:4323/metrics":         "http://127.0.0.1:4323/metrics",
		"user@example.org, ${file:/etc/secret}": "user@example.org, ${file:/etc/secret}",
	} {
		require.Equal(t, want, mask("endpoint", in))
	}
	require.Equal(t, map[string]any{"token_file": "/t", "token": "[REDACTED]", "headers": map[string]any{"X": "[REDACTED]"}, "key": "k", "n": 1, "password": ""},
		mask("", map[string]any{"token_file": "/t", "token": "x", "headers": map[string]any{"X": "y"}, "key": "k", "n": 1, "password": ""}))
}

// A running agent whose backends cannot be reached says so often, and never with what it
// would send them.
func TestSecretsAreNotLogged(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer log.Close()
	stderr := os.Stderr
	os.Stderr = log
	defer func() { os.Stderr = stderr }()

	page, health, telemetry, nowhere, otlp := freeport.Address(), freeport.Address(), freeport.Address(), freeport.Address(), freeport.Address()
	text := strings.NewReplacer("CANARY", canary, "NOWHERE", nowhere, "HEALTH", health, "PAGE", page, "TELEMETRY", telemetry, "OTLP", otlp, "HOOK", freeport.Address(), "DIR", t.TempDir()).Replace(`
receivers:
  otlp: {protocols: {http: {endpoint: OTLP, auth: {authenticator: bearertokenauth}}}}
  alert_webhook: {endpoint: HOOK, token: CANARY}
  scrape:
    scrape_configs:
      - {job_name: x, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: [NOWHERE]}], basic_auth: {username: u, password: CANARY}}
exporters:
  elasticsearch: {endpoint: "http://NOWHERE", user: u, password: CANARY}
  loki: {endpoint: "http://u:CANARY@NOWHERE/loki/api/v1/push?token=CANARY", headers: {Authorization: CANARY}}
  remote_write: {endpoint: "http://NOWHERE/api?token=CANARY", bearer_token: CANARY}
  alertmanager: {endpoints: ["http://u:CANARY@NOWHERE"]}
  ticket: {system: generic, secret_endpoint: "http://NOWHERE/CANARY", token: CANARY}
  otlp_http: {endpoint: "http://NOWHERE", headers: {api-key: CANARY}}
  console: {extension: console}
extensions:
  bearertokenauth: {token: CANARY}
  health: {endpoint: HEALTH, telemetry_url: "", token: CANARY}
  console: {endpoint: PAGE, telemetry_url: ""}
service:
  extensions: [health, console, bearertokenauth]
  telemetry: {logs: {level: debug}, metrics: {endpoint: TELEMETRY}}
  pipelines:
    logs: {receivers: [otlp, alert_webhook], exporters: [elasticsearch, loki, otlp_http, alertmanager, ticket, console]}
    metrics: {receivers: [scrape], exporters: [remote_write, console]}
`)
	r := startRunner(t, text)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(url string) string {
		resp, err := client.Get(url) //nolint:noctx // a test against loopback
		require.NoError(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return string(b)
	}
	for _, path := range []string{"overview", "pipeline", "pipeline/config", "rules"} {
		got := get("http://" + page + "/api/v1/" + path)
		require.NotContains(t, got, canary, path)
	}
	require.Contains(t, get("http://"+page+"/api/v1/pipeline/config"), "elasticsearch")
	require.NotContains(t, get("http://"+telemetry+"/metrics"), canary)
	require.NotContains(t, get("http://"+health+"/readyz"), canary)
	var told strings.Builder
	d := doctor{telemetry: "http://" + telemetry + "/metrics", health: "http://" + health + "/readyz", wait: 1, client: client}
	_ = d.run(t.Context(), &told) // it may find this agent unwell
	require.NotEmpty(t, told.String())
	require.NotContains(t, told.String(), canary)

	push, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+otlp+"/v1/logs", strings.NewReader(
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"out of paper"}}]}]}]}`))
	require.NoError(t, err)
	push.Header.Set("Content-Type", "application/json")
	push.Header.Set("Authorization", "Bearer "+canary)
	resp, err := client.Do(push)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	for _, exporter := range []string{"remote_write", "otlp_http"} {
		require.Eventually(t, func() bool {
			said, err := os.ReadFile(log.Name())
			return err == nil && regexp.MustCompile(`(Exporting failed|failed again and again).*"otelcol.component.id": "`+exporter+`"`).Match(said)
		}, time.Minute, 50*time.Millisecond, exporter)
	}

	file := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(text, "level: debug", "level: loud", 1)), 0o600))
	_, err = sources{locations: []string{file}}.load(t.Context(), mustFactories(t), buildInfo())
	require.Error(t, err)
	require.NotContains(t, err.Error(), canary)
	r.stop()
	said, err := os.ReadFile(log.Name())
	require.NoError(t, err)
	require.NotEmpty(t, said)
	require.NotContains(t, string(said), canary)
}
