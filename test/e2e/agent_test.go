//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// agent is one installation of the binary: its ports, directories and settings
// stay the same when its process is started again.
type agent struct {
	t *testing.T

	grpc, http, console, metrics, health, telemetry int

	stateDir string
	// logDir is what `tail` reads; config is the file given by --config.
	logDir, config string
	// profile is what it runs; empty is builtin:host.
	profile string
	// set are further --set settings, env further environment variables.
	set, env []string

	cmd    *exec.Cmd
	log    *os.File
	exited chan error
}

// newAgent prepares an agent on free ports with everything it writes in
// temporary directories. It is not started yet.
func newAgent(t *testing.T) *agent {
	t.Helper()
	dir := t.TempDir()
	a := &agent{
		t:    t,
		grpc: freeport.Port(), http: freeport.Port(), console: freeport.Port(), metrics: freeport.Port(), health: freeport.Port(), telemetry: freeport.Port(),
		stateDir: filepath.Join(dir, "state"), logDir: filepath.Join(dir, "logs"), config: filepath.Join(dir, "extra.yaml"),
	}
	require.NoError(t, os.MkdirAll(a.logDir, 0o755))
	a.writeConfig(a.extra())
	var err error
	a.log, err = os.Create(filepath.Join(dir, "agent.log"))
	require.NoError(t, err)
	t.Cleanup(func() {
		a.kill()
		_ = a.log.Close()
		if t.Failed() {
			t.Logf("the agent's log ends:\n%s", tailOf(a.logText(), 6000))
		}
	})
	return a
}

// extra is the YAML that moves the agent's servers to the test's ports.
func (a *agent) extra() string {
	return fmt.Sprintf(`extensions:
  health: {endpoint: "127.0.0.1:%[1]d", telemetry_url: "http://127.0.0.1:%[2]d/metrics", interval: 1s}
  console: {endpoint: "127.0.0.1:%[3]d", telemetry_url: "http://127.0.0.1:%[2]d/metrics"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%[4]d"}, http: {endpoint: "127.0.0.1:%[5]d"}}}
  host_metrics: {collection_interval: 2s}
exporters:
  prometheus: {endpoint: "127.0.0.1:%[6]d"}
service: {telemetry: {metrics: {endpoint: "127.0.0.1:%[2]d"}}}
`, a.health, a.telemetry, a.console, a.grpc, a.http, a.metrics)
}

func (a *agent) writeConfig(yaml string) {
	a.t.Helper()
	require.NoError(a.t, os.WriteFile(a.config, []byte(yaml), 0o644))
}

// exportTo sets the environment by which the agent finds its backends; an empty
// URL leaves one out.
func (a *agent) exportTo(elasticsearch, loki, remoteWrite string) {
	for name, url := range map[string]string{
		"TIDEWATCH_ELASTICSEARCH_URL": elasticsearch, "TIDEWATCH_LOKI_URL": loki, "TIDEWATCH_REMOTE_WRITE_URL": remoteWrite,
	} {
		a.env = append(a.env, name+"="+url)
	}
}

// start starts the process and waits until it says that it is ready. It returns
// how long that took.
func (a *agent) start() time.Duration {
	a.t.Helper()
	args := []string{
		"--state-dir", a.stateDir, "--config", cmp.Or(a.profile, "builtin:host"), "--config", a.config,
		"--set", "receivers::tail::include=[" + filepath.Join(a.logDir, "*.log") + "]",
	}
	for _, s := range a.set {
		args = append(args, "--set", s)
	}
	a.cmd = exec.Command(binary, args...)
	a.cmd.Env = append(os.Environ(), a.env...)
	a.cmd.Stdout, a.cmd.Stderr = a.log, a.log
	a.cmd.SysProcAttr = diesWithTest()
	begin := time.Now()
	require.NoError(a.t, a.cmd.Start())
	a.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan<- error) { exited <- cmd.Wait() }(a.cmd, a.exited)
	require.NoError(a.t, a.waitReady(60*time.Second))
	return time.Since(begin)
}

func (a *agent) waitReady(limit time.Duration) error {
	var last string
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		select {
		case err := <-a.exited:
			a.exited <- err
			return fmt.Errorf("the agent ended before it was ready: %w", err)
		default:
		}
		code, body, err := get(fmt.Sprintf("http://127.0.0.1:%d/readyz", a.health))
		if err == nil && code == http.StatusOK {
			return nil
		}
		last = fmt.Sprintf("%d %s %v", code, body, err)
	}
	return fmt.Errorf("the agent is not ready after %s: %s", limit, last)
}

// stop sends SIGTERM and returns how the process ended.
func (a *agent) stop() error {
	a.t.Helper()
	require.NoError(a.t, a.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-a.exited:
		a.cmd = nil
		return err
	case <-time.After(60 * time.Second):
		a.kill()
		return fmt.Errorf("the agent is still running 60 s after SIGTERM")
	}
}

// kill ends the process as a crash would.
func (a *agent) kill() {
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Kill()
	<-a.exited //nolint:errcheck // a killed process always ends with an error
	a.cmd = nil
}

// alive tells whether the process is still the one that was started.
func (a *agent) alive() bool {
	select {
	case err := <-a.exited:
		a.exited <- err
		return false
	default:
		return true
	}
}

func (a *agent) logText() string {
	b, _ := os.ReadFile(a.log.Name())
	return string(b)
}

// api decodes an answer of the page's API into v.
func (a *agent) api(path string, v any) error {
	code, body, err := get(fmt.Sprintf("http://127.0.0.1:%d%s", a.console, path))
	if err != nil {
		return err
	}
	if code != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, code, body)
	}
	return json.Unmarshal(body, v)
}

// own returns one of the agent's own metrics summed over its series, for example
// own("otelcol_exporter_sent_log_records", `exporter="console"`).
func (a *agent) own(name string, labels ...string) float64 {
	_, body, err := get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.telemetry))
	if err != nil {
		return 0
	}
	return sumSeries(body, name, labels...)
}

// sumSeries adds up the series of a text exposition that have the name and all
// the labels.
func sumSeries(exposition []byte, name string, labels ...string) float64 {
	var sum float64
line:
	for line := range bytes.Lines(exposition) {
		series, value, ok := strings.Cut(strings.TrimSpace(string(line)), "} ")
		if !ok || !strings.HasPrefix(series, name+"{") {
			continue
		}
		for _, l := range labels {
			if !strings.Contains(series, l) {
				continue line
			}
		}
		var v float64
		if _, err := fmt.Sscan(value, &v); err == nil {
			sum += v
		}
	}
	return sum
}

var client = &http.Client{Timeout: 20 * time.Second}

func get(url string) (int, []byte, error) {
	resp, err := client.Get(url)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// eventually asks until the answer is right, and shows the last wrong answer
// when the time is over.
func eventually(t *testing.T, limit time.Duration, what string, ask func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(limit); ; time.Sleep(300 * time.Millisecond) {
		if err = ask(); err == nil {
			return
		}
		if time.Now().After(deadline) {
			require.NoError(t, err, "%s, after %s", what, limit)
		}
	}
}

func tailOf(s string, n int) string { return s[max(0, len(s)-n):] }
