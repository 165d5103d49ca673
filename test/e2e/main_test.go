//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the agent under test: TIDEWATCH_BINARY, or one built from this clone.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	binary = os.Getenv("TIDEWATCH_BINARY")
	if binary == "" {
		dir, err := os.MkdirTemp("", "tidewatch-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "tidewatch")
		build := exec.Command("go", "build", "-o", binary, "../../cmd/agent")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the agent: %v\n%s", err, out)
			return 1
		}
	}
	abs, err := filepath.Abs(binary)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	binary = abs
	if _, err := os.Stat(binary); err != nil {
		fmt.Fprintf(os.Stderr, "TIDEWATCH_BINARY: %v\n", err)
		return 1
	}
	defer stopBackends()
	return m.Run()
}
