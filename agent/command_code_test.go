package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func runCode(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	cmd := newCodeCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetIn(strings.NewReader(in))
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestCodeSaysWhatItMeansAndWhatToRun(t *testing.T) {
	state := t.TempDir()
	t.Setenv("TIDEWATCH_STATE_DIR", state)
	out, err := runCode(t, "", "econnrefused")
	require.NoError(t, err)
	for _, part := range []string{"errno.ECONNREFUSED: Connection refused (connection)", "nothing listens", "Likely causes", "ss -ltnp"} {
		require.Contains(t, out, part)
	}
	out, err = runCode(t, "", "ERROR: deadlock", "detected in transaction 7")
	require.NoError(t, err)
	require.Contains(t, out, "sqlstate.40P01")
	_, err = runCode(t, "", "all is well")
	require.ErrorContains(t, err, `no code is known in "all is well"`)

	own := filepath.Join(state, "catalogue")
	require.NoError(t, os.Mkdir(own, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(own, "ours.yaml"), []byte("family: shop\nentries:\n  - {code: S7, matchers: [stock is counted], class: unavailable, meaning: m, causes: [c], first_command: f}"), 0o600))
	out, err = runCode(t, "stock is counted now\nall is well\nno space left on device\n", "-")
	require.NoError(t, err)
	require.Equal(t, "shop.S7\tunavailable\n-\nerrno.ENOSPC\tdisk\n", out)
}
