package pipelinetest_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/agent"
	"github.com/tidewatch/tidewatch/agent/pipelinetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// test runs the subcommand and returns what it prints.
func test(t *testing.T, args ...string) (string, error) {
	t.Helper()
	t.Setenv("TIDEWATCH_STATE_DIR", filepath.Join(t.TempDir(), "state"))
	cmd := agent.NewCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"test"}, args...))
	err := cmd.ExecuteContext(t.Context())
	require.NoDirExists(t, filepath.Join(os.Getenv("TIDEWATCH_STATE_DIR"), "storage"), "a test keeps no state")
	return out.String(), err
}

const example = "../../examples/pipelinetest/"

func TestExample(t *testing.T) {
	out, err := test(t, example+"config_test.yaml", "--config", example+"config.yaml")
	require.NoError(t, err, out)
	require.Equal(t, "4 passed, 0 failed.\n", out)
}

func TestWhatFailsIsSaidWithItsLine(t *testing.T) {
	report := filepath.Join(t.TempDir(), "junit.xml")
	out, err := test(t, "testdata/wrong.yaml", "--config", "testdata/config.yaml", "--junit", report)
	require.EqualError(t, err, "not all tests passed")
	require.Equal(t, `FAIL what differs is said with its line
  testdata/wrong.yaml:11: record 1: severity should be "WARN", and is "INFO"
  testdata/wrong.yaml:11: record 1: body should be "order 8 accepted", and is "order 7 accepted host=shop-1"
  testdata/wrong.yaml:11: record 1: attributes::host should be "shop-2", and is not there
  testdata/wrong.yaml:11: record 1: attributes::none should be 1, and is not there
  testdata/wrong.yaml:11: record 1: resource::service.name should be "shop", and is not there
  testdata/wrong.yaml:10: 1 records should come out, but 2 came
    more
FAIL nothing should come
  testdata/wrong.yaml:18: nothing should come out, but 1 came
    order 7 accepted
FAIL there is no such pipeline
  testdata/wrong.yaml:19: pipeline: the configuration has no "logs/none"; it has logs, metrics, traces
FAIL no connector leads there
  testdata/wrong.yaml:23: output: no connector leads from pipeline traces to metrics
FAIL lines are logs
  testdata/wrong.yaml:28: lines are logs, and this is a pipeline of metrics: give otlp
FAIL the nearest is shown
  testdata/wrong.yaml:37: 2 should come out, but 1 came
    a
  testdata/wrong.yaml:38: a did not come; the nearest: value should be 4, and is 3
  testdata/wrong.yaml:38: b did not come
    a
FAIL there is no golden file yet
  testdata/wrong.yaml:48: golden: open testdata/none.yaml: no such file or directory; write it with --update
1 passed, 7 failed.
`, out)
	xml, err := os.ReadFile(report)
	require.NoError(t, err)
	require.Contains(t, string(xml), `<testsuite name="testdata/wrong.yaml" tests="8" failures="7">`)
	require.Contains(t, string(xml), `<testcase name="spans"/>`)
	require.Contains(t, string(xml), `<failure message="testdata/wrong.yaml:18: nothing should come out, but 1 came`)
}

func TestGolden(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x_test.yaml")
	write := func(line string) {
		require.NoError(t, os.WriteFile(path, []byte("tests:\n- name: a\n  pipeline: logs\n  input: {lines: \""+line+"\"}\n  expect: {golden: x.golden}\n"), 0o600))
	}
	write("one")
	out, err := test(t, path, "--config", "testdata/config.yaml", "--update")
	require.NoError(t, err, out)
	out, err = test(t, path, "--config", "testdata/config.yaml")
	require.NoError(t, err, out)
	write("two")
	out, err = test(t, path, "--config", "testdata/config.yaml")
	require.Error(t, err)
	require.Contains(t, out, filepath.Join(dir, "x.golden")+`:1: should be "- body: one", and is "- body: two"; if that is right, run with --update`)
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	for text, want := range map[string]string{
		"":                                    "there are no tests in it",
		"tests: []":                           "there are no tests in it",
		"a: 1":                                `line 1: there is no key "a" here; use now, tests`,
		"tests:\n- nane: x":                   `line 2: there is no key "nane" here; use name`,
		"tests:\n- {name: x}":                 "x.yaml:2: pipeline must name",
		"tests:\n- {name: \"\"}":              "x.yaml:2: name must say",
		"tests:\n- {name: x, pipeline: logs}": "x.yaml:2: input must have one of",
		"tests:\n- {name: x, pipeline: logs, input: {lines: a}}":                                            "x.yaml:2: expect must have one of",
		"tests:\n- {name: x, pipeline: logs, input: {line: a}}":                                             `there is no key "line" here; use lines`,
		"tests:\n- name: x\n  pipeline: logs\n  input: {lines: a}\n  expect:\n    records: [{boddy: x}]":    `line 6: there is no key "boddy" here`,
		"tests:\n- name: x\n  pipeline: logs\n  input: {lines: a}\n  expect:\n    record: [{body: x}]\n\n#": `there is no key "record" here; use dropped`,
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := pipelinetest.Load(path)
		require.ErrorContains(t, err, want, text)
	}
	_, err := pipelinetest.Load(filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorContains(t, err, "read tests")
}
