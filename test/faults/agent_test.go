//go:build faults

package faults

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// agent is one installation of the binary: its configuration and state stay the
// same when its process ends and is started again.
type agent struct {
	w *world
	// include are the patterns of the tail receiver, relative to the world's folder
	// unless they are absolute.
	include []string
	// tail are further settings of the receiver, one `key: value` each.
	tail []string
	// elasticsearch sends through a queue on disk to an idempotent sink; else
	// records go straight to one that takes all that comes.
	elasticsearch bool
	// storage are further settings of the state's storage, each after a comma.
	storage string
	// queue are further settings of the exporter's queue, each after a comma.
	queue string
	// args are further arguments of the command.
	args []string
	// user runs the agent, if not zero.
	user uint32
	// stateDir may be moved before the first start.
	stateDir string

	telemetry int
	cmd       *exec.Cmd
	exited    chan error
	log       *os.File
}

func newAgent(w *world) *agent {
	a := &agent{w: w, stateDir: w.path("state"), telemetry: freeport.Port()}
	// Discovery in half a second instead of five: the scenarios are not about it.
	a.tail = []string{"poll_interval: 100ms", "discovery_interval: 500ms"}
	var err error
	a.log, err = os.Create(w.path("agent.log"))
	w.must(err)
	w.t.Cleanup(func() {
		a.kill()
		_ = a.log.Close()
		if w.t.Failed() {
			w.t.Logf("the agent's log ends:\n%s", a.logEnd())
		}
	})
	return a
}

func (a *agent) config() string {
	var include []string
	for _, p := range a.include {
		if !strings.HasPrefix(p, "/") {
			p = a.w.path(p)
		}
		include = append(include, fmt.Sprintf("%q", p))
	}
	exporter, settings := "otlp_http", fmt.Sprintf(`{endpoint: %q, compression: none, sending_queue: {enabled: false}, retry_on_failure: {initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 0}}`, a.w.sink.url())
	if a.elasticsearch {
		exporter, settings = "elasticsearch", fmt.Sprintf(`{endpoint: %q, setup: "off", sending_queue: {storage: segment_storage%s}, timeout: 5s, retry_on_failure: {initial_interval: 100ms, max_interval: 1s}}`, a.w.sink.url(), a.queue)
	}
	return fmt.Sprintf(`extensions:
  segment_storage: {directory: %q%s}
receivers:
  tail:
    include: [%s]
    start_at: beginning
    storage: segment_storage
    %s
exporters:
  %s: %s
service:
  extensions: [segment_storage]
  telemetry: {metrics: {endpoint: "127.0.0.1:%d"}}
  pipelines:
    logs: {receivers: [tail], exporters: [%s]}
`, a.stateDir+"/storage", a.storage, strings.Join(include, ", "), strings.Join(a.tail, "\n    "), exporter, settings, a.telemetry, exporter)
}

// start begins a process and does not wait until it reads.
func (a *agent) start() {
	a.w.t.Helper()
	file := a.w.path("agent.yaml")
	a.w.must(os.WriteFile(file, []byte(a.config()), 0o644))
	a.w.must(os.MkdirAll(a.stateDir, 0o755))
	cmd := exec.Command(binary, append([]string{"--state-dir", a.stateDir, "--config", file}, a.args...)...)
	cmd.Stdout, cmd.Stderr = a.log, a.log
	cmd.SysProcAttr = endsWithTest()
	if a.user != 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.user, Gid: a.user}
		a.w.must(os.Chown(a.stateDir, int(a.user), int(a.user)))
	}
	a.w.must(cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	a.cmd, a.exited = cmd, exited
}

// ready waits until the agent's pipelines have been started.
func (a *agent) ready() {
	a.w.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; a.w.rest(50 * time.Millisecond) {
		if _, err := a.metrics(); err == nil {
			return
		}
		require.True(a.w.t, a.running(), "the agent ended before it was ready")
		require.True(a.w.t, time.Now().Before(deadline), "the agent is not ready after a minute")
	}
}

// running reports whether the process that was started has not ended.
func (a *agent) running() bool {
	if a.cmd == nil {
		return false
	}
	select {
	case err := <-a.exited:
		a.exited <- err
		return false
	default:
		return true
	}
}

// stop ends the process in good order.
func (a *agent) stop() {
	a.w.t.Helper()
	require.True(a.w.t, a.running(), "the agent has ended by itself")
	a.w.must(a.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-a.exited:
		a.cmd = nil
		a.w.must(err)
	case <-time.After(time.Minute):
		a.kill()
		require.Fail(a.w.t, "the agent is still running a minute after SIGTERM")
	}
}

// kill ends the process as a crash of the machine's memory killer would.
func (a *agent) kill() {
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Kill() // it may have ended already
	<-a.exited               //nolint:errcheck // a killed process always ends with an error
	a.cmd = nil
}

func (a *agent) metrics() ([]byte, error) {
	resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", a.telemetry))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

var client = &http.Client{Timeout: 10 * time.Second}

// own returns one of the agent's own metrics, summed over its series.
func (a *agent) own(name string) int {
	exposition, err := a.metrics()
	a.w.must(err)
	sum := 0.0
	for line := range bytes.Lines(exposition) {
		series, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		if series, _, _ = strings.Cut(series, "{"); series != name {
			continue
		}
		if at := strings.LastIndexByte(value, ' '); at >= 0 { // behind labels with spaces
			value = value[at+1:]
		}
		var v float64
		if _, err := fmt.Sscan(value, &v); err == nil {
			sum += v
		}
	}
	return int(sum)
}

func (a *agent) logEnd() string {
	b, _ := os.ReadFile(a.log.Name())
	return string(b[max(0, len(b)-3000):])
}
