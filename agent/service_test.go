package agent

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

func mustFactories(t *testing.T) otelcol.Factories {
	t.Helper()
	f, err := components().factories()
	require.NoError(t, err)
	return f
}

// config is a complete configuration with the health probe on the address.
func config(health string) string {
	return fmt.Sprintf(`
receivers: {otlp: {protocols: {http: {endpoint: %s}}}}
exporters: {nop: {}}
extensions: {health: {endpoint: %s, telemetry_url: ""}}
service:
  extensions: [health]
  telemetry: {logs: {level: error}, metrics: {endpoint: %s}}
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
`, freeport.Address(), health, freeport.Address())
}

type running struct {
	t       *testing.T
	file    string
	signals chan os.Signal
	ready   chan *otelcol.Config
	done    chan error
}

func startRunner(t *testing.T, text string, opts ...Option) *running {
	r := &running{t: t, file: filepath.Join(t.TempDir(), "config.yaml"), signals: make(chan os.Signal, 1), ready: make(chan *otelcol.Config, 4), done: make(chan error, 1)}
	r.write(text)
	watcher, err := findSupervisor()
	require.NoError(t, err)
	t.Cleanup(watcher.close)
	set := components()
	for _, o := range opts {
		o(set)
	}
	factories, err := set.factories()
	require.NoError(t, err)
	run := &runner{
		factories: factories, info: buildInfo(), drain: 10 * time.Second,
		sources:    sources{locations: []string{r.file}},
		ready:      func(c *otelcol.Config) { r.ready <- c },
		supervisor: watcher,
	}
	go func() { r.done <- run.run(t.Context(), r.signals) }()
	r.awaitReady()
	return r
}

func (r *running) write(text string) {
	require.NoError(r.t, os.WriteFile(r.file, []byte(text), 0o600))
}

func (r *running) awaitReady() {
	select {
	case <-r.ready:
	case err := <-r.done:
		require.NoError(r.t, err)
		r.t.Fatal("the agent ended")
	case <-time.After(time.Minute):
		r.t.Fatal("the agent did not become ready")
	}
}

func (r *running) stop() {
	r.signals <- syscall.SIGTERM
	select {
	case err := <-r.done:
		require.NoError(r.t, err)
	case <-time.After(time.Minute):
		r.t.Fatal("the agent did not stop")
	}
}

func alive(address string) bool {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/livez")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func TestReload(t *testing.T) {
	defer goleak.VerifyNone(t)
	first, second := freeport.Address(), freeport.Address()
	file := filepath.Join(t.TempDir(), "config.yaml")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }
	starts := 0
	r := &runner{
		factories: mustFactories(t), info: buildInfo(), drain: 10 * time.Second,
		sources: sources{locations: []string{file}},
		ready:   func(*otelcol.Config) { starts++ },
	}
	write(config(first))
	cfg, err := r.sources.load(t.Context(), r.factories, r.info)
	require.NoError(t, err)
	gen, err := r.start(t.Context(), cfg)
	require.NoError(t, err)
	require.True(t, alive(first))

	broken, err := filepath.Glob("testdata/broken/*.yaml")
	require.NoError(t, err)
	reload := func(name string) *generation {
		next, err := r.reload(t.Context(), gen, nil)
		require.NoError(t, err, name)
		return next
	}
	for _, f := range broken {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		write(string(b))
		require.Same(t, gen, reload(f), f)
	}
	require.NoError(t, os.Remove(file))
	require.Same(t, gen, reload("missing file"))
	require.Equal(t, 1, starts, "no broken configuration has restarted anything")
	require.True(t, alive(first))

	write(config(second))
	gen = reload("good")
	require.Equal(t, 2, starts)
	require.True(t, alive(second))
	require.False(t, alive(first))
	require.NoError(t, r.stop(gen, nil))
	require.False(t, alive(second))
}

func TestReloadTakesBackWhatDoesNotStart(t *testing.T) {
	defer goleak.VerifyNone(t)
	address := freeport.Address()
	r := startRunner(t, config(address))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	r.write(config(taken.Addr().String()))
	r.signals <- syscall.SIGHUP
	r.awaitReady()
	require.True(t, alive(address))
	r.stop()
}

func TestStartFailureLeavesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config(taken.Addr().String())), 0o600))
	run := &runner{factories: mustFactories(t), info: buildInfo(), drain: time.Second, sources: sources{locations: []string{file}}, ready: func(*otelcol.Config) {}}
	require.ErrorContains(t, run.run(t.Context(), nil), "is another agent running?")
}

func TestWhatOTLPTakesIsCounted(t *testing.T) {
	in, telemetry := freeport.Address(), freeport.Address()
	text := fmt.Sprintf(`
receivers: {otlp: {protocols: {http: {endpoint: %s}}}}
exporters: {nop: {}}
service:
  telemetry: {logs: {level: error}, metrics: {endpoint: %s}}
  pipelines: {logs: {receivers: [otlp], exporters: [nop]}}
`, in, telemetry)
	r := startRunner(t, text)
	defer r.stop()
	counted := func(want string) {
		t.Helper()
		resp, err := http.Post("http://"+in+"/v1/logs", "application/json", strings.NewReader(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a line"}}]}]}]}`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
		resp, err = http.Get("http://" + telemetry + "/metrics")
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, errors.Join(err, resp.Body.Close()))
		require.Contains(t, string(b), `otelcol_receiver_accepted_log_records{receiver="otlp",transport="http"} `+want+"\n")
	}
	counted("1")
	counted("2")
	r.signals <- syscall.SIGHUP
	r.awaitReady()
	counted("1") // of the new pipeline
}
