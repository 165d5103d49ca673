//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAProcessorOfOnesOwn walks the ways to one: a directory that `tidewatch new` writes,
// the example, and the OpenTelemetry Collector Builder.
func TestAProcessorOfOnesOwn(t *testing.T) {
	source, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	state := []string{"TIDEWATCH_STATE_DIR=" + t.TempDir(), "TIDEWATCH_KAFKA_BROKERS=127.0.0.1:9092"}
	in := func(dir, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(append(os.Environ(), "GOFLAGS="), state...)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %v\n%s", name, args, out)
		return string(out)
	}

	t.Run("new", func(t *testing.T) {
		dir := t.TempDir()
		in(dir, binary, "new", "processor", "drop-health-checks", "--tidewatch", source)
		own := filepath.Join(dir, "drop-health-checks")
		in(own, "go", "mod", "tidy")
		in(own, "go", "test", "./...")
		in(own, "go", "build", "-o", "tidewatch", ".")
		require.Contains(t, in(own, "./tidewatch", "components"), "  drop_health_checks\n")
		in(own, "./tidewatch", "validate", "--config", "builtin:host", "--config", "config.yaml")
	})

	t.Run("example", func(*testing.T) {
		in(source, "go", "run", "./examples/customagent", "validate", "--config", "builtin:host", "--config", "examples/customagent/config.yaml")
	})

	t.Run("builder", func(t *testing.T) {
		dir := t.TempDir()
		manifest, err := os.ReadFile(filepath.Join(source, "builder-config.yaml"))
		require.NoError(t, err)
		manifest = regexp.MustCompile(`(?m)^  output_path: .*$`).ReplaceAll(manifest, []byte("  output_path: "+dir))
		manifest = fmt.Appendf(manifest, "replaces:\n  - github.com/tidewatch/tidewatch => %s\n", source)
		file := filepath.Join(dir, "builder-config.yaml")
		require.NoError(t, os.WriteFile(file, manifest, 0o600))
		t.Setenv("CGO_ENABLED", "0") // as `make build`, whose cache is used
		in(source, "go", "tool", "-modfile=internal/tools/packages/go.mod", "builder", "--config", file)
		for _, profile := range []string{"host", "kafka", "gateway"} {
			in(dir, "./tidewatch-custom", "validate", "--config", "builtin:"+profile)
		}
	})
}
