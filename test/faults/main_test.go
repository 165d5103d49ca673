//go:build faults

package faults

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var (
	seed  = flag.Uint64("seed", 1, "what every random choice of the scenarios follows from")
	quick = flag.Bool("quick", false, "fewer lines and repetitions: little more than a minute")
)

// binary is the agent under test: TIDEWATCH_BINARY, or one built from this clone.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "tidewatch-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := install(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// install puts the binary where every user of the machine may run it.
func install(dir string) error {
	binary = filepath.Join(dir, "tidewatch")
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	given := os.Getenv("TIDEWATCH_BINARY")
	if given == "" {
		out, err := exec.Command("go", "build", "-o", binary, "../../cmd/agent").CombinedOutput()
		if err != nil {
			return fmt.Errorf("build the agent: %w\n%s", err, out)
		}
		return nil
	}
	b, err := os.ReadFile(given)
	if err != nil {
		return fmt.Errorf("TIDEWATCH_BINARY: %w", err)
	}
	return os.WriteFile(binary, b, 0o755)
}

// scenarios are all that `make faults` plays, family by family.
func scenarios() []scenario {
	var all []scenario
	for _, family := range [][]scenario{kills, rotations, identities, absences, states, accesses, backends, outages, queues, disks, fuzzes} {
		all = append(all, family...)
	}
	return all
}

func TestFaults(t *testing.T) {
	printHeader()
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.play(t)
		})
	}
}
