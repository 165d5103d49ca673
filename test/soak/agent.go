package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tidewatch/tidewatch/internal/delivery"
	"github.com/tidewatch/tidewatch/internal/freeport"
	"github.com/tidewatch/tidewatch/internal/selfmetrics"
)

// agent is the binary as builtin:host has it, with everything on: it reads files and
// OTLP, learns, judges, shows its page and exports by queues on disk. Only its ports and
// folders are the run's own.
type agent struct {
	binary, dir                          string
	http, telemetry, pprof, page, health int
	cmd                                  *exec.Cmd
	log                                  *os.File
	exited                               chan error
}

func newAgent(binary, dir string) *agent {
	return &agent{
		binary: binary, dir: dir,
		http: freeport.Port(), telemetry: freeport.Port(), pprof: freeport.Port(), page: freeport.Port(), health: freeport.Port(),
	}
}

func (a *agent) logs() string  { return filepath.Join(a.dir, "logs") }
func (a *agent) state() string { return filepath.Join(a.dir, "state") }

func (a *agent) config() string {
	return fmt.Sprintf(`extensions:
  health: {endpoint: "127.0.0.1:%[1]d", telemetry_url: "http://127.0.0.1:%[2]d/metrics"}
  console: {endpoint: "127.0.0.1:%[3]d", telemetry_url: "http://127.0.0.1:%[2]d/metrics"}
  pprof: {endpoint: "127.0.0.1:%[4]d"}
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:%[5]d"}, http: {endpoint: "127.0.0.1:%[6]d"}}}
  tail: {include: [%[7]q], start_at: beginning}
exporters:
  prometheus: {endpoint: "127.0.0.1:%[8]d"}
service:
  extensions: [segment_storage, health, load_shedding, console, pprof]
  telemetry: {metrics: {endpoint: "127.0.0.1:%[2]d"}}
`, a.health, a.telemetry, a.page, a.pprof, freeport.Port(), a.http, filepath.Join(a.logs(), "*.log*"), freeport.Port())
}

// start begins the process and waits until its pipelines run.
func (a *agent) start(ctx context.Context, p *plan, env ...string) error {
	file := filepath.Join(a.dir, "agent.yaml")
	if err := errors.Join(os.MkdirAll(a.logs(), 0o755), os.MkdirAll(a.state(), 0o755), os.WriteFile(file, []byte(a.config()), 0o600)); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(a.dir, "agent.log"))
	if err != nil {
		return err
	}
	a.log = log
	a.cmd = exec.Command(a.binary, "--state-dir", a.state(), "--config", "builtin:host", "--config", file)
	a.cmd.Stdout, a.cmd.Stderr = log, log
	a.cmd.Env = append(os.Environ(), env...)
	if p.MemoryMiB > 0 { // as the agent does it in a cgroup of that size
		a.cmd.Env = append(a.cmd.Env, fmt.Sprintf("GOMEMLIMIT=%dMiB", p.MemoryMiB*9/10))
	}
	a.cmd.SysProcAttr = endsWithUs()
	if err := a.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", a.binary, err)
	}
	a.exited = make(chan error, 1)
	go func() { a.exited <- a.cmd.Wait() }()
	for begin := time.Now(); ; {
		if _, err := a.scrape(ctx); err == nil {
			return nil
		}
		if err := a.alive(); err != nil {
			return err
		}
		if time.Since(begin) > 2*time.Minute {
			return fmt.Errorf("the agent is not ready after two minutes; its log: %s", log.Name())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// alive returns an error if the process has ended by itself.
func (a *agent) alive() error {
	select {
	case err := <-a.exited:
		a.exited <- err
		return fmt.Errorf("the agent has ended by itself (%w); its log: %s", err, a.log.Name())
	default:
		return nil
	}
}

// stop ends the process, by force if it does not go.
func (a *agent) stop() error {
	if a.cmd == nil || a.cmd.Process == nil {
		return nil
	}
	defer a.log.Close()
	if err := a.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	late := time.AfterFunc(2*time.Minute, func() { _ = a.cmd.Process.Kill() }) // it may end just then
	defer late.Stop()
	return <-a.exited
}

var patient = &http.Client{Timeout: time.Minute}

func (a *agent) scrape(ctx context.Context) ([]selfmetrics.Sample, error) {
	return selfmetrics.Scrape(ctx, patient, fmt.Sprintf("http://127.0.0.1:%d/metrics", a.telemetry))
}

// goroutines are as many as the runtime counts.
func (a *agent) goroutines(ctx context.Context) (n int, err error) {
	resp, err := get(ctx, fmt.Sprintf("http://127.0.0.1:%d/debug/pprof/goroutine?debug=1", a.pprof))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = fmt.Fscanf(resp.Body, "goroutine profile: total %d", &n)
	return n, err
}

func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return patient.Do(req)
}

// edges are the exporters as the page shows them.
func (a *agent) edges(ctx context.Context) ([]delivery.Edge, error) {
	resp, err := get(ctx, fmt.Sprintf("http://127.0.0.1:%d/api/v1/pipeline", a.page))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var page struct {
		Edges []delivery.Edge `json:"edges"`
	}
	err = json.NewDecoder(resp.Body).Decode(&page)
	return page.Edges, err
}

// doctor returns what the agent's own examination says is wrong.
func (a *agent) doctor(ctx context.Context) ([]string, error) {
	cmd := exec.CommandContext(ctx, a.binary, "doctor", "--json", "--wait", "1s", "--telemetry-url", fmt.Sprintf("http://127.0.0.1:%d/metrics", a.telemetry))
	out, err := cmd.Output() // an exit code of 1 says that there are problems
	var said struct{ Problems []string }
	if jsonErr := json.Unmarshal(out, &said); jsonErr != nil {
		return nil, fmt.Errorf("the doctor said %q: %w", out, errors.Join(err, jsonErr))
	}
	return said.Problems, nil
}
