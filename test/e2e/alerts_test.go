//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tidewatch/tidewatch/alerts"
)

// ruleTools finds promtool and amtool.
func ruleTools(t *testing.T) (promtool, amtool string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(filepath.Join("..", "backends", "promtool.sh"))
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("build promtool: %w: %s", err, stderr.String())
	}
	skipOrFail(t, err)
	for field := range strings.FieldsSeq(string(out)) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "promtool":
			promtool = value
		case "amtool":
			amtool = value
		}
	}
	require.NotEmpty(t, promtool)
	require.NotEmpty(t, amtool)
	return promtool, amtool
}

// succeed runs a program that must succeed.
func succeed(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s\n%s", name, strings.Join(args, " "), out)
	return string(out)
}

// renderAlerts lets the binary write the shipped rules.
func renderAlerts(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	succeed(t, binary, "alerts", "render", "--out", out)
	return out
}

// TestAlertRulesPassTheToolsOfPrometheus checks what is rendered as an operator would.
func TestAlertRulesPassTheToolsOfPrometheus(t *testing.T) {
	t.Parallel()
	promtool, amtool := ruleTools(t)
	require.Contains(t, succeed(t, binary, "alerts", "lint"), " 0 errors")
	require.Contains(t, succeed(t, binary, "alerts", "test", "--promtool", promtool), "passed") // check rules and test rules

	out := renderAlerts(t)
	rules, err := filepath.Glob(filepath.Join(out, "prometheus", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, rules)
	succeed(t, promtool, append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, rules...)...)
	config := filepath.Join(out, "alertmanager", "alertmanager.yaml")
	succeed(t, amtool, "check-config", config)
	// All kinds of receivers, hours and mail.
	succeed(t, amtool, "check-config", filepath.Join("..", "..", "alerts", "testdata", "rendered", "alertmanager", "alertmanager.yaml"))
	l, err := alerts.Shipped()
	require.NoError(t, err)
	for owner, o := range l.Owners.Owners {
		for _, severity := range []string{alerts.SeverityCritical, alerts.SeverityWarning, alerts.SeverityInfo} {
			want := "nobody"
			if _, ok := o.Receivers[severity]; ok {
				want = owner + "-" + severity
			}
			succeed(t, amtool, "config", "routes", "test", "--config.file="+config, "--verify.receivers="+want,
				"owner="+owner, "severity="+severity, "alertname=Any")
		}
	}
	succeed(t, amtool, "config", "routes", "test", "--config.file="+config, "--verify.receivers="+l.Owners.Default+"-critical", "severity=critical", "tidewatch_incident=1")
}

type evaluatedRules struct {
	Data struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Name, Health, LastError, Type string
			}
		}
	}
}

// TestPrometheusEvaluatesTheAlertRules loads all of them into a real Prometheus that scrapes a running agent: none may
// end in an error on what the agent really emits.
func TestPrometheusEvaluatesTheAlertRules(t *testing.T) {
	t.Parallel()
	a := newAgent(t)
	a.start()
	p := startBackend(t, "prometheus", fmt.Sprintf("SCRAPE_TARGETS=127.0.0.1:%d 127.0.0.1:%d", a.metrics, a.telemetry))
	name := filepath.Join(p.dir, "prometheus.yml")
	config, err := os.ReadFile(name)
	require.NoError(t, err)
	rules := filepath.Join(renderAlerts(t), "prometheus", "*.yaml")
	require.NoError(t, os.WriteFile(name, append(config, "rule_files: ["+rules+"]\n"...), 0o600))
	resp, err := http.Post(p.url+"/-/reload", "", nil)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)

	want := alertNames(t, rules)
	var last string
	t.Cleanup(func() { t.Log(last) })
	require.Eventually(t, func() bool {
		var got evaluatedRules
		if err := readJSON(p.url+"/api/v1/rules", &got); err != nil {
			last = err.Error()
			return false
		}
		seen := map[string]bool{}
		for _, g := range got.Data.Groups {
			for _, r := range g.Rules {
				if r.Health == "err" {
					last = r.Name + ": " + r.LastError
					return false
				}
				if r.Health == "ok" && r.Type == "alerting" {
					seen[r.Name] = true
				}
			}
		}
		for _, name := range want {
			if !seen[name] {
				last = name + " was not evaluated"
				return false
			}
		}
		last = fmt.Sprintf("%d rules were evaluated", len(want))
		return true
	}, 2*time.Minute, time.Second)
	lint := succeed(t, binary, "alerts", "lint", "--prometheus", p.url)
	require.NotContains(t, lint, "rate-on-gauge")
	require.NotContains(t, lint, "gauge-function-on-counter")
}

// alertNames are those of rendered files.
func alertNames(t *testing.T, pattern string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var f struct{ Groups []ruleGroup }
		require.NoError(t, yaml.Unmarshal(text, &f))
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" && !slices.Contains(names, r.Alert) {
					names = append(names, r.Alert)
				}
			}
		}
	}
	require.NotEmpty(t, names)
	return names
}

// ruleGroup is one of a file of rules.
type ruleGroup struct {
	Name  string
	Rules []struct{ Alert, Expr string }
}

func readJSON(address string, into any) error {
	code, body, err := get(address)
	if err != nil {
		return err
	}
	if code != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", address, code, body)
	}
	return json.Unmarshal(body, into)
}

// TestLokiTakesTheAlertRules asks a real Loki for the groups that its ruler reads, and each of their expressions.
func TestLokiTakesTheAlertRules(t *testing.T) {
	t.Parallel()
	rendered := filepath.Join(renderAlerts(t), "loki", "*.yaml")
	files, err := filepath.Glob(rendered)
	require.NoError(t, err)
	loki := sharedBackend(t, "loki")
	tenant := filepath.Join(loki.dir, "data", "rules", "fake") // its name for the tenant of those who have none
	require.NoError(t, os.MkdirAll(tenant, 0o755))
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(tenant, filepath.Base(file)), text, 0o600))
	}
	var got map[string][]ruleGroup
	require.Eventually(t, func() bool {
		code, body, err := get(loki.url + "/loki/api/v1/rules")
		return err == nil && code == http.StatusOK && errors.Join(yaml.Unmarshal(body, &got)) == nil && len(got) == len(files)
	}, 2*time.Minute, time.Second)
	var seen []string
	for _, groups := range got {
		for _, g := range groups {
			for _, r := range g.Rules {
				seen = append(seen, r.Alert)
				code, body, err := get(loki.url + "/loki/api/v1/query?query=" + url.QueryEscape(r.Expr))
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, code, "%s: %s\n%s", r.Alert, r.Expr, body)
			}
		}
	}
	require.ElementsMatch(t, alertNames(t, rendered), seen)
}
