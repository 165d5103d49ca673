package agent

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const ownRule = `id: ShopSlow
group: shop
owner: services
severity: warning
summary: "{{ $labels.service_name }} answers in {{ $value | humanizeDuration }}"
description: The 99th percentile is above 2 s for 5 minutes.
trigger: {type: static, expr: 'max by (service_name) (tidewatch_service_latency_p99_seconds) > 2', for: 5m}
response: {action: Look at the traces., deadline: 1h}
runbook: ShopSlow.md
tests:
  - {name: fires, series: [{series: 'tidewatch_service_latency_p99_seconds{service_name="shop"}', values: 3x20}], at: 10m, alerts: [{labels: {service_name: shop}}]}
  - {name: is quiet at 2 s, series: [{series: 'tidewatch_service_latency_p99_seconds{service_name="shop"}', values: 2x20}], at: 10m, alerts: []}
review: 2099-01-01
`

// ownRules writes a folder with one rule.
func ownRules(t *testing.T, rule string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rules/shop/ShopSlow.yaml": rule,
		"runbooks/ShopSlow.md":     "## Meaning\nSlow.\n## Impact\nPeople wait.\n## Diagnosis\nTraces.\n## Mitigation\nRoll back.\n",
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	return dir
}

// runAlerts returns what a command prints and how it ends.
func runAlerts(args ...string) (string, error) {
	cmd := NewCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"alerts"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

func TestAlertsLint(t *testing.T) {
	out, err := runAlerts("lint", "--dir", ownRules(t, ownRule))
	require.NoError(t, err, out)
	require.NotContains(t, out, "ShopSlow.yaml")

	dir := ownRules(t, "id: ShopSlow\ngroup: shop\nseverity: warning\nreview: 2020-01-01\ntrigger: {type: static, expr: 'rate(up[5m]) > 1'}\n")
	out, err = runAlerts("lint", "--dir", dir)
	require.Error(t, err)
	file := filepath.Join(dir, "rules", "shop", "ShopSlow.yaml")
	require.Contains(t, out, file+":1:1: error: owner is missing")
	require.Contains(t, out, file+":4:9: error: the review was due on 2020-01-01")
	require.Contains(t, out, file+":5:31: warning: up is a gauge")

	_, err = runAlerts("lint", "--dir", ownRules(t, "id: ShopSlow\ngroup: shop\nownr: x\n"))
	require.ErrorContains(t, err, `rules/shop/ShopSlow.yaml:3:1: unknown key "ownr"`)
	_, err = runAlerts("lint", "--dir", filepath.Join(dir, "nothing"))
	require.ErrorContains(t, err, "read own rules")
}

func TestAlertsLintAgainstAServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data := map[string]string{
			"/api/v1/label/__name__/values": `["other_seconds"]`, "/api/v1/metadata": `{"other_seconds": [{"type": "gauge"}]}`,
		}[r.URL.Path]
		fmt.Fprintf(w, `{"status": "success", "data": %s}`, data)
	}))
	defer server.Close()
	out, err := runAlerts("lint", "--dir", ownRules(t, ownRule), "--prometheus", server.URL, "--strict")
	require.Error(t, err)
	require.Contains(t, out, "nobody is known to emit tidewatch_service_latency_p99_seconds")
	server.Close()
	_, err = runAlerts("lint", "--prometheus", server.URL)
	require.ErrorContains(t, err, "ask Prometheus")
}

func TestAlertsRender(t *testing.T) {
	dir, out := ownRules(t, ownRule), t.TempDir()
	stale := filepath.Join(out, "prometheus", "gone.yaml")
	mine := filepath.Join(out, "prometheus", "mine.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(stale), 0o755))
	require.NoError(t, os.WriteFile(stale, []byte("# Generated from the ledger of alert rules by `tidewatch alerts render`. DO NOT EDIT.\n"), 0o600))
	require.NoError(t, os.WriteFile(mine, []byte("groups: []\n"), 0o600))
	text, err := runAlerts("render", "--dir", dir, "--out", out)
	require.NoError(t, err, text)
	require.NoFileExists(t, stale)
	require.FileExists(t, mine, "what others wrote stays")
	for _, name := range []string{
		"prometheus/shop.yaml", "prometheus/tests/shop.yaml", "operator/shop.yaml", "alertmanager/alertmanager.yaml", "grafana/alerts.yaml", "book/index.html", "book/README.md",
	} {
		require.FileExists(t, filepath.Join(out, filepath.FromSlash(name)))
	}
	rules, err := os.ReadFile(filepath.Join(out, "prometheus", "shop.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(rules), "alert: ShopSlow")

	only := t.TempDir()
	_, err = runAlerts("render", "--dir", dir, "--out", only, "--only", "alertmanager")
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Join(only, "prometheus"))
	_, err = runAlerts("render", "--out", only, "--only", "nagios")
	require.ErrorContains(t, err, "choose of prometheus")
	_, err = runAlerts("render", "--out", only, "--dir", ownRules(t, "id: ShopSlow\ngroup: shop\n"))
	require.ErrorContains(t, err, "the rules have problems")
}

func TestAlertsBook(t *testing.T) {
	out := t.TempDir()
	text, err := runAlerts("book", "--dir", ownRules(t, ownRule), "--out", out)
	require.NoError(t, err, text)
	page, err := os.ReadFile(filepath.Join(out, "book", "index.html"))
	require.NoError(t, err)
	require.Contains(t, string(page), "People wait.")
}

// TestAlertsTest uses a program that says what it was asked, as promtool isn't there in every place.
func TestAlertsTest(t *testing.T) {
	_, err := runAlerts("test", "--promtool", filepath.Join(t.TempDir(), "nothing"))
	require.ErrorContains(t, err, "https://prometheus.io/download/")

	promtool := filepath.Join(t.TempDir(), "promtool")
	require.NoError(t, os.WriteFile(promtool, []byte("#!/bin/sh\ncase \"$1\" in check) exit 0;; esac\necho \"$@\"\nexit 1\n"), 0o700)) //nolint:gosec // it is run
	out, err := runAlerts("test", "--dir", ownRules(t, ownRule), "--promtool", promtool)
	require.ErrorContains(t, err, "promtool found problems")
	require.Contains(t, out, "test rules")
	require.Contains(t, out, "shop.yaml")

	require.NoError(t, os.WriteFile(promtool, []byte("#!/bin/sh\n"), 0o700)) //nolint:gosec // it is run
	out, err = runAlerts("test", "--promtool", promtool)
	require.NoError(t, err)
	require.Contains(t, out, "passed")
}
