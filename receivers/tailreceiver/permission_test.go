package tailreceiver_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/receivers/tailreceiver"
)

const unprivileged = "TAIL_TEST_UNPRIVILEGED"

// Root reads every file, so as root this test runs itself again as nobody.
func TestAnUnreadableFileIsOneWarningAndACounter(t *testing.T) {
	if os.Getuid() == 0 && os.Getenv(unprivileged) == "" {
		rerunAsNobody(t)
		return
	}
	r := newRig(t, func(c *tailreceiver.Config) { c.DiscoveryInterval = time.Millisecond })
	r.write("secret.log", "secret\n")
	require.NoError(t, os.Chmod(r.path("secret.log"), 0))
	r.write("open.log", "open\n")
	r.start()
	r.wants("open")
	require.Eventually(t, func() bool { return r.counter("tidewatch_tail_refused_files") > 3 }, patience, time.Millisecond)
	require.Equal(t, 1, r.logs.FilterMessageSnippet("cannot be read").Len())
	require.NoError(t, os.Chmod(r.path("secret.log"), 0o600))
	r.wants("open", "secret")
}

func rerunAsNobody(t *testing.T) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("running as root without setpriv: permissions cannot be tested")
	}
	dir, err := os.MkdirTemp("", "tailtest")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777)) //nolint:gosec // nobody must write here
	binary, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	program := filepath.Join(dir, "tail.test")
	require.NoError(t, os.WriteFile(program, binary, 0o755)) //nolint:gosec // nobody must run it
	cmd := exec.Command(setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = []string{unprivileged + "=1", "TMPDIR=" + dir, "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
}
