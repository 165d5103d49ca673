package agent_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/agent"
)

func newProcessor(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := agent.NewCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"new", "processor"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

func TestNewProcessorWritesAModule(t *testing.T) {
	source, err := filepath.Abs("..")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	out, err := newProcessor(t, "drop-health-checks", "--tidewatch", source)
	require.NoError(t, err)
	require.Equal(t, "drop-health-checks is there. Next: cd drop-health-checks && go mod tidy && go test ./...\n", out)
	main, err := os.ReadFile("drop-health-checks/main.go")
	require.NoError(t, err)
	require.Contains(t, string(main), `agent.NewProcessor("drop_health_checks", agent.Functions{Log: logRecord})`)
	mod, err := os.ReadFile("drop-health-checks/go.mod")
	require.NoError(t, err)
	require.Contains(t, string(mod), "replace github.com/tidewatch/tidewatch => "+source+"\n")

	_, err = newProcessor(t, "drop-health-checks", "--tidewatch", source)
	require.ErrorContains(t, err, "file exists", "nothing is written over")
}

func TestNewProcessorSaysWhatIsWrong(t *testing.T) {
	for want, args := range map[string][]string{
		`"Drop It" cannot be the name: write lower case letters, digits and hyphens, such as drop-health-checks`: {"Drop It"},
		"this is no released version: say where its source is with --tidewatch DIRECTORY":                        {"a"},
		"is not Tidewatch's source": {"a", "--tidewatch", t.TempDir()},
	} {
		_, err := newProcessor(t, args...)
		require.ErrorContains(t, err, want)
	}
}
