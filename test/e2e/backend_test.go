//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// backend is a real server started by a recipe of test/backends.
type backend struct {
	recipe string
	env    []string
	url    string
	pid    int
	dir    string
}

var (
	backendsMu sync.Mutex // guards started and shared
	started    []*backend
	shared     = map[string]*backend{}
)

// sharedBackend starts a recipe at its first use; every test of the run then
// uses the same server and tells its own data by a marker.
func sharedBackend(t *testing.T, recipe string) *backend {
	t.Helper()
	backendsMu.Lock()
	b := shared[recipe]
	backendsMu.Unlock()
	if b != nil {
		return b
	}
	b = startBackend(t, recipe)
	backendsMu.Lock()
	shared[recipe] = b
	backendsMu.Unlock()
	return b
}

// warmUp starts recipes side by side, so that a test waits only for the slowest.
func warmUp(t *testing.T, recipes ...string) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, len(recipes))
	for i, r := range recipes {
		backendsMu.Lock()
		running := shared[r] != nil
		backendsMu.Unlock()
		if running {
			continue
		}
		wg.Go(func() {
			b := &backend{recipe: r}
			if errs[i] = b.start(); errs[i] == nil {
				backendsMu.Lock()
				shared[r] = b
				backendsMu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		skipOrFail(t, err)
	}
}

// startBackend starts a server of the test's own. env is added to the recipe's.
func startBackend(t *testing.T, recipe string, env ...string) *backend {
	t.Helper()
	b := &backend{recipe: recipe, env: env}
	skipOrFail(t, b.start())
	return b
}

// unavailable is a recipe's exit code for "this machine lacks something".
const unavailable = 3

// skipOrFail skips the test when the machine lacks what a recipe needs. In CI
// everything must be there.
func skipOrFail(t *testing.T, err error) {
	t.Helper()
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() == unavailable && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
}

// start runs the recipe. A backend that ran before starts again on its port and
// its data.
func (b *backend) start() error {
	cmd := exec.Command(filepath.Join("..", "backends", b.recipe+".sh"))
	cmd.Env = append(append(os.Environ(), b.env...), fmt.Sprintf("OWNER_PID=%d", os.Getpid()))
	if b.url != "" {
		u, err := url.Parse(b.url)
		if err != nil {
			return fmt.Errorf("parse address of %s: %w", b.recipe, err)
		}
		cmd.Env = append(cmd.Env, "PORT="+u.Port(), "DIR="+b.dir)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("start %s: %w: %s", b.recipe, err, strings.TrimSpace(stderr.String()))
	}
	again := b.url != ""
	for field := range strings.FieldsSeq(stdout.String()) {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "url":
			b.url = value
		case "pid":
			b.pid, _ = strconv.Atoi(value)
		case "dir":
			b.dir = value
		}
	}
	if b.url == "" || b.pid == 0 || b.dir == "" {
		return fmt.Errorf("start %s: it printed %q", b.recipe, stdout.String())
	}
	if !again {
		backendsMu.Lock()
		started = append(started, b)
		backendsMu.Unlock()
	}
	return nil
}

// stop ends the server as an operator would and waits until it is gone.
func (b *backend) stop() {
	if b.pid == 0 {
		return
	}
	_ = syscall.Kill(b.pid, syscall.SIGTERM)
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if !groupAlive(b.pid) {
			b.pid = 0
			return
		}
	}
	_ = syscall.Kill(-b.pid, syscall.SIGKILL)
	b.pid = 0
}

// groupAlive tells whether any process of the group is left: a launcher may be
// gone before the server that it started.
func groupAlive(pgid int) bool { return syscall.Kill(-pgid, 0) == nil }

func stopBackends() {
	backendsMu.Lock()
	defer backendsMu.Unlock()
	var wg sync.WaitGroup
	for _, b := range started {
		wg.Go(func() {
			b.stop()
			_ = os.RemoveAll(b.dir)
		})
	}
	wg.Wait()
}
