package agent

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
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
	require.Contains(t, out, "receivers:\n  alert_webhook\n  host_metrics\n")
}

func TestVersion(t *testing.T) {
	out, err := execute(t, "version")
	require.NoError(t, err)
	require.Regexp(t, `^tidewatch \S+ go1\.\d+`, out)
}

func TestUnknownFlag(t *testing.T) {
	_, err := execute(t, "--nope")
	require.EqualError(t, err, "there is no flag --nope; tidewatch --help lists them")
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

func run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := NewCommand()
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetArgs(args)
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	return out.String()
}

func TestRead(t *testing.T) {
	require.JSONEq(t,
		`{"first_line":1,"last_line":1,"ts":"2026-03-09T22:14:58Z","severity":"warn","body":"disk is slow","attributes":{}}`,
		run(t, "2026-03-09T22:14:58Z WARN disk is slow\n", "read", "-"))

	zipped := filepath.Join(t.TempDir(), "app.log.1.gz")
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte("one\ntwo\n"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(zipped, b.Bytes(), 0o600))
	require.Equal(t, 2, strings.Count(run(t, "", "read", zipped), "\n"))
	_, err = execute(t, "read", "--format", "none", "-")
	require.ErrorContains(t, err, "--format none")
}

const connections = `2026-03-09 10:00:00 INFO connected to 10.0.0.1:5432
2026-03-09 10:00:01 INFO connected to 10.0.0.2:5432
2026-03-09 10:00:02 ERROR connection refused by 10.0.0.3:5432
`

func TestPatterns(t *testing.T) {
	out := run(t, connections, "patterns")
	require.Contains(t, out, "3 lines, 2 patterns")
	require.Regexp(t, `2 +66\.7 % .*connected to <ip>:<num>`, out)
	require.Contains(t, out, "2026-03-09 10:00:02 ERROR connection refused by 10.0.0.3:5432")

	lines := strings.Split(strings.TrimSpace(run(t, connections, "patterns", "--each", "--final")), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, lines[0], lines[1])
	require.NotEqual(t, lines[0], lines[2])
	require.Equal(t, 2, strings.Count(run(t, connections, "patterns", "--json"), "\n"))

	_, err := execute(t, "patterns", "--diff", "one.log")
	require.ErrorContains(t, err, "two files")
}

func TestPatternsDiff(t *testing.T) {
	dir := t.TempDir()
	before, after := filepath.Join(dir, "before.log"), filepath.Join(dir, "after.log")
	require.NoError(t, os.WriteFile(before, []byte(strings.Repeat("request served\n", 50)), 0o600))
	require.NoError(t, os.WriteFile(after, []byte(strings.Repeat("request served\n", 50)+"database is gone\n"), 0o600))
	out := run(t, "", "patterns", "--diff", before, after)
	require.Contains(t, out, "0 -> 1")
	require.Contains(t, out, "database is gone")
	require.Contains(t, out, "1 patterns differ")
}

func TestDetect(t *testing.T) {
	t.Setenv("STEP", "60")
	require.Equal(t, "0\n0\n", run(t, "60,1\n120,2\n", "detect"))
	require.Equal(t, "0.5\n", run(t, "", "detect", "--threshold"))
	t.Setenv("STEP", "soon")
	_, err := execute(t, "detect")
	require.ErrorContains(t, err, "STEP must be")
}

func TestACommandThatIsNoneSaysWhatWasMeant(t *testing.T) {
	for args, want := range map[string]string{
		"validat": `there is no command "validat"; did you mean validate?`,
		"q":       `there is no command "q"; did you mean queue?`,
		"xyzzy":   `there is no command "xyzzy"; tidewatch --help lists them`,
	} {
		_, err := execute(t, args)
		require.EqualError(t, err, want)
	}
}
