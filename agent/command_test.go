package agent

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/nopexporter"
)

func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Setenv("TIDEWATCH_STATE_DIR", t.TempDir())
	var out bytes.Buffer
	cmd := NewCommand()
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestValidate(t *testing.T) {
	out, err := execute(t, "validate", "--config", "testdata/good.yaml")
	require.NoError(t, err)
	require.Equal(t, "The configuration is good.\n", out)
	_, err = execute(t, "validate", "--config", "testdata/good.yaml", "--set", "exporters.debug.verbosity=loud")
	require.EqualError(t, err, `testdata/good.yaml:6:3: exporters::debug::verbosity: unknown metrics level "loud"`)
}

func TestPrintConfigMasksSecrets(t *testing.T) {
	out, err := execute(t, "print-config", "--config", "testdata/good.yaml",
		"--set", `exporters::otlp_http={endpoint: "http://me:hunter2@127.0.0.1:1", headers: {authorization: hunter3}}`)
	require.NoError(t, err)
	require.Contains(t, out, "limit_mib: 100")
	require.Contains(t, out, "http://me:[REDACTED]@127.0.0.1:1")
	require.NotContains(t, out, "hunter")
}

func TestComponents(t *testing.T) {
	out, err := execute(t, "components")
	require.NoError(t, err)
	require.Contains(t, out, "receivers:\n  host_metrics\n")
}

func TestVersion(t *testing.T) {
	out, err := execute(t, "version")
	require.NoError(t, err)
	require.Regexp(t, `^tidewatch \S+ go1\.\d+`, out)
}

func TestUnknownFlag(t *testing.T) {
	_, err := execute(t, "--nope")
	require.EqualError(t, err, "unknown flag: --nope")
}

func TestOptionReplacesByType(t *testing.T) {
	set := components()
	n := len(set.exporters)
	WithExporters(nopexporter.NewFactory())(set)
	require.Len(t, set.exporters, n)
	WithExporters([]exporter.Factory{}...)(set)
	require.Len(t, set.exporters, n)
}

func TestStateDir(t *testing.T) {
	home := func() (string, error) { return "/home/me", nil }
	for want, env := range map[string]map[string]string{
		"/var/lib/tidewatch":              {"STATE_DIRECTORY": "/var/lib/tidewatch", "XDG_STATE_HOME": "/x"},
		"/x/tidewatch":                    {"XDG_STATE_HOME": "/x"},
		"/home/me/.local/state/tidewatch": {},
	} {
		dir, err := stateDir(func(k string) string { return env[k] }, home)
		require.NoError(t, err)
		require.Equal(t, want, dir)
	}
	_, err := stateDir(func(string) string { return "" }, func() (string, error) { return "", errors.New("$HOME is not defined") })
	require.ErrorContains(t, err, "--state-dir")
}

func TestStateDirMustBeUsable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, makeStateDir(dir))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, makeStateDir(file), "--state-dir")
}
