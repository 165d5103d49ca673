//go:build e2e

package e2e

import (
	"errors"
	"fmt"
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

// brokenConfig is a mistake that people make in a configuration: what is
// appended to a good file, on which line of that text it is, and what the one
// sentence about it must say.
type brokenConfig struct {
	name, yaml string
	line       int
	says       []string
	missing    bool
}

// The good file has no section of these names: YAML forbids a key twice.
var broken = []brokenConfig{
	{name: "unknown component", yaml: "connectors:\n  patern: {}\n", line: 2, says: []string{"connectors::patern", `"pattern"`}},
	{name: "bad type", yaml: "processors:\n  memory_limiter:\n    limit_mib: lots\n", line: 3, says: []string{"processors::memory_limiter::limit_mib", "integer"}},
	{name: "bad value", yaml: "processors:\n  memory_limiter:\n    limit_mib: 0\n", line: 3, says: []string{"processors::memory_limiter", "limit_mib", "greater than zero"}},
	{name: "bad YAML", yaml: "processors:\n  memory_limiter:\n    limit_mib: 100: 200\n", line: 3, says: []string{"not valid YAML"}},
	{name: "missing file", missing: true, says: []string{"no such file", "--config"}},
}

func TestValidateSaysWhatIsWrong(t *testing.T) {
	a := newAgent(t)
	good := a.extra()
	stdout, stderr, code := tidewatch(t, a, "validate", "--config", "builtin:host", "--config", a.config)
	require.Equal(t, 0, code, stderr)
	require.Equal(t, "The configuration is good.\n", stdout)

	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "site.yaml")
			where := file
			if !b.missing {
				require.NoError(t, os.WriteFile(file, []byte(b.after(good)), 0o644))
				where = fmt.Sprintf("%s:%d", file, b.at(good))
			}
			_, stderr, code := tidewatch(t, a, "validate", "--config", "builtin:host", "--config", file)
			require.Equal(t, 1, code)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			require.Len(t, lines, 1, "one sentence for one mistake")
			for _, s := range append([]string{where}, b.says...) {
				require.Contains(t, lines[0], s)
			}
			t.Log(strings.ReplaceAll(lines[0], filepath.Dir(file)+"/", ""))
		})
	}
}

func TestBadReloadKeepsThePipelineRunning(t *testing.T) {
	a := newAgent(t)
	app := newApplication(t, a.logDir)
	a.start()
	good := a.extra()
	flows := func() {
		t.Helper()
		before := a.own("otelcol_exporter_sent_log_records", `exporter="console"`)
		app.writePlain(50)
		eventually(t, time.Minute, "lines flow", func() error {
			if n := a.own("otelcol_exporter_sent_log_records", `exporter="console"`) - before; n < 50 {
				return fmt.Errorf("%v of 50 lines went through", n)
			}
			return nil
		})
		require.True(t, a.alive())
	}
	flows()
	pid := a.cmd.Process.Pid
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			if b.missing {
				require.NoError(t, os.Remove(a.config))
			} else {
				a.writeConfig(b.after(good))
			}
			logged := len(a.logText())
			require.NoError(t, a.cmd.Process.Signal(syscall.SIGHUP))
			eventually(t, time.Minute, "the agent says what is wrong", func() error {
				if log := a.logText()[logged:]; !strings.Contains(log, "the running one goes on") || !strings.Contains(log, b.says[0]) {
					return fmt.Errorf("the log says %q", log)
				}
				return nil
			})
			flows()
			require.NoError(t, a.waitReady(time.Minute))
		})
	}

	t.Run("a good one swaps", func(t *testing.T) {
		// The console moves to another port: nothing but a swap can do that.
		old := a.console
		a.console = freeport.Port()
		a.writeConfig(a.extra())
		require.NoError(t, a.cmd.Process.Signal(syscall.SIGHUP))
		eventually(t, time.Minute, "the page moves", func() error {
			_, _, err := get(fmt.Sprintf("http://127.0.0.1:%d/", a.console))
			return err
		})
		_, _, err := get(fmt.Sprintf("http://127.0.0.1:%d/", old))
		require.Error(t, err, "the old port is closed")
		require.Equal(t, pid, a.cmd.Process.Pid)
		require.NoError(t, a.waitReady(time.Minute))
		flows()
	})
	require.NoError(t, a.stop(), "SIGTERM ends with exit code 0")
}

// after is the good configuration with the mistake in it.
func (b *brokenConfig) after(good string) string { return good + b.yaml }

// at is the line of the mistake.
func (b *brokenConfig) at(good string) int { return strings.Count(good, "\n") + b.line }

// tidewatch runs a command of the binary to its end.
func tidewatch(t *testing.T, a *agent, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(append(os.Environ(), "TIDEWATCH_STATE_DIR="+a.stateDir), a.env...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return out.String(), errs.String(), exit.ExitCode()
	}
	require.NoError(t, err)
	return out.String(), errs.String(), 0
}
