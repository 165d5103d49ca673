package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// good is a rule that lint has nothing to say of.
const good = `id: Good
group: g
owner: me
severity: warning
summary: "{{ $labels.host_name }} is full"
description: More than 90 %.
trigger:
  type: static
  expr: max by (host_name) (system_filesystem_utilization_ratio) > 0.9
  for: 5m
response: {action: Free space., deadline: 1h}
runbook: Good.md
tests:
  - {name: fires, series: [{series: 'a{b="c"}', values: 1x9}], at: 5m, alerts: [{labels: {host_name: a}}]}
  - {name: is quiet, series: [{series: 'a{b="c"}', values: 1x9}], at: 5m, alerts: []}
review: 2027-05-01
`

const goodRunbook = "## Meaning\na\n## Impact\nb\n## Diagnosis\nc\n## Mitigation\nd\n"

// lintOf lints the good rule with lines replaced, beside another good one.
func lintOf(t *testing.T, replace ...string) []string {
	t.Helper()
	text := strings.NewReplacer(replace...).Replace(good)
	l, err := Load(ledgerFS(map[string]string{
		"rules/g/Good.yaml": text, "runbooks/Good.md": goodRunbook, "runbooks/Half.md": "## Meaning\na\n```\n## Impact\n```\n## Diagnosis\n",
		"rules/g/Other.yaml": strings.NewReplacer("id: Good", "id: Other", "> 0.9", "> 0.8").Replace(good),
		"owners.yaml":        "default: me\nowners: {me: {receivers: {critical: {webhook_url: 'http://x'}}}}\n",
	}))
	require.NoError(t, err)
	var lines []string
	for _, p := range l.Lint(LintOptions{Today: time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)}) {
		lines = append(lines, p.String())
	}
	return lines
}

func TestShippedRulesAreClean(t *testing.T) {
	l, err := Shipped()
	require.NoError(t, err)
	require.Empty(t, l.Lint(LintOptions{}))
}

func TestLint(t *testing.T) {
	require.Empty(t, lintOf(t))
	expr := func(e string) []string {
		return []string{"max by (host_name) (system_filesystem_utilization_ratio) > 0.9", e}
	}
	for name, c := range map[string]struct {
		replace []string
		want    string
	}{
		"no owner":         {[]string{"owner: me\n", ""}, ":1:1: error: owner is missing: name who is told"},
		"unknown owner":    {[]string{"owner: me", "owner: you"}, `:3:8: error: "you" is not in owners.yaml`},
		"severity":         {[]string{"severity: warning", "severity: page"}, `:4:11: error: severity is "page"`},
		"no summary":       {[]string{`summary: "{{ $labels.host_name }} is full"`, "summary: ''"}, ":5:10: error: summary is missing"},
		"no action":        {[]string{"action: Free space., ", ""}, ":11:11: error: response.action is missing"},
		"no deadline":      {[]string{", deadline: 1h", ""}, ":11:11: error: response.deadline is missing"},
		"no runbook":       {[]string{"runbook: Good.md\n", ""}, ":1:1: error: runbook is missing"},
		"unknown runbook":  {[]string{"Good.md", "Bad.md"}, ":12:10: error: runbooks/Bad.md does not exist"},
		"half a runbook":   {[]string{"Good.md", "Half.md"}, ":12:10: error: runbooks/Half.md has nothing under ## Impact"},
		"review":           {[]string{"2027-05-01", "2026-12-31"}, ":16:9: error: the review was due on 2026-12-31"},
		"no review":        {[]string{"review: 2027-05-01", ""}, ":1:1: error: review is missing"},
		"inhibitor":        {[]string{"review:", "inhibited_by: [Missing]\nreview:"}, ":16:16: error: there is no rule Missing"},
		"itself":           {[]string{"review:", "inhibited_by: [Good]\nreview:"}, ":16:16: error: a rule cannot silence itself"},
		"no place":         {[]string{"review:", "inhibited_by: [Other]\nreview:", "alerts: [{labels: {host_name: a}}]", "alerts: [{labels: {b: a}}]"}, ":16:16: error: the tests of Good and Other show no place in common"},
		"template":         {[]string{"host_name }} is", "host_name | shout }} is"}, `:5:10: error: summary:1: function "shout" not defined`},
		"own label":        {[]string{"review:", "labels: {owner: x}\nreview:"}, ":16:17: error: owner is set by the ledger"},
		"early test":       {[]string{"at: 5m, alerts: [{", "at: 4m, alerts: [{"}, ":14:68: error: the test looks at 4m"},
		"syntax":           {expr("max by (host_name) (a) >> 0.9"), `:9:33: error: unexpected`},
		"trigger":          {[]string{"type: static", "type: magic"}, `:8:9: error: type is "magic"`},
		"no for":           {[]string{"  for: 5m\n", ""}, ":8:3: warning: without for, one bad sample"},
		"no metric":        {expr("max by (host_name) (nothing_ratio) > 0.9"), ":9:9: warning: nobody is known to emit nothing_ratio"},
		"no unit":          {expr("max by (host_name) (nothing) > 0.9"), ":9:9: warning: nothing does not say its unit"},
		"rate of gauge":    {expr("max by (host_name) (rate(system_memory_usage_bytes[5m])) > 1"), "system_memory_usage_bytes is a gauge, and rate"},
		"deriv of counter": {expr("max by (host_name) (deriv(system_network_io_bytes_total[5m])) > 1"), "system_network_io_bytes_total is a counter, and deriv"},
		"raw counter":      {expr("max by (host_name) (system_network_io_bytes_total) > 1"), "system_network_io_bytes_total is a counter, which only grows"},
		"dead label":       {[]string{"$labels.host_name", "$labels.device"}, ":5:10: warning: $labels.device is empty: the expression leaves host_name"},
		"dead by":          {expr("max by (host_name) (sum by (device) (system_memory_usage_bytes)) > 1"), "host_name is gone before max by (host_name)"},
		"unbounded by":     {expr("max by (host_name, trace_id) (system_memory_usage_bytes) > 1"), "by (trace_id) makes an alert for each trace_id"},
		"unbounded label":  {[]string{"review:", "labels: {now: '{{ $value }}'}\nreview:"}, "a label with a template"},
		"always":           {expr("max by (host_name) (rate(system_network_io_bytes_total[5m])) >= 0"), "is always true"},
		"never":            {expr("max by (host_name) (up) > 1"), "is never true"},
		"never mirrored":   {expr("0 > max by (host_name) (rate(system_network_io_bytes_total[5m]))"), "is never true"},
		"bool":             {expr("max by (host_name) (up) > bool 0"), "with bool"},
		"no comparison":    {expr("max by (host_name) (system_memory_usage_bytes)"), "nothing is compared"},
		"dead equal":       {[]string{"review:", "inhibited_by: [Other]\nequal: [device]\nreview:"}, ":17:9: warning: alerts are to agree in device"},
		"same":             {[]string{"> 0.9", "> 0.8"}, "has the same condition and severity"},
		"no number":        {[]string{"More than 90 %.", "Much."}, ":6:14: warning: the description has no number"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := lintOf(t, c.replace...)
			require.Contains(t, strings.Join(lines, "\n"), c.want)
		})
	}
}

func TestLintOfTests(t *testing.T) {
	begin := strings.Index(good, "tests:")
	end := strings.Index(good, "review:")
	tests := good[begin:end]
	require.Contains(t, strings.Join(lintOf(t, tests, ""), "\n"), "there are no tests")
	require.Contains(t, strings.Join(lintOf(t, "alerts: [{labels: {host_name: a}}]", "alerts: []"), "\n"), "no test expects an alert")
	require.Contains(t, strings.Join(lintOf(t, "alerts: []", "alerts: [{labels: {host_name: a}}]"), "\n"), "no test expects silence")
}

func TestLintFindsCycles(t *testing.T) {
	files := map[string]string{"runbooks/Good.md": goodRunbook, "owners.yaml": "default: me\nowners: {me: {receivers: {warning: {email: a@b}}}}\n"}
	for id, by := range map[string]string{"One": "Two", "Two": "Three", "Three": "One", "Four": "One"} {
		files["rules/g/"+id+".yaml"] = strings.NewReplacer("id: Good", "id: "+id, "> 0.9", "> 0.9"+strings.Repeat("1", len(id)), "review:", "inhibited_by: ["+by+"]\nreview:").Replace(good)
	}
	l, err := Load(ledgerFS(files))
	require.NoError(t, err)
	var cycles []string
	for _, p := range l.Lint(LintOptions{}) {
		if p.Check == "inhibition-cycle" {
			cycles = append(cycles, p.String())
		}
	}
	require.Equal(t, []string{"rules/g/Three.yaml:16:16: error: these rules silence one another: One < Two < Three < One [inhibition-cycle]"}, cycles)
}

func TestLintOfOwners(t *testing.T) {
	l, err := Load(ledgerFS(map[string]string{
		"owners.yaml": "default: nobody\nowners:\n  me: {receivers: {info: {email: a@b}, page: {}}, group_by: [...]}\n",
	}))
	require.NoError(t, err)
	var lines []string
	for _, p := range l.Lint(LintOptions{}) {
		lines = append(lines, p.String())
	}
	text := strings.Join(lines, "\n")
	require.Contains(t, text, `owners.yaml:1:10: error: default is "nobody", which is no owner`)
	require.Contains(t, text, "owners.yaml:3:7: error: owner me has no receiver for critical or warning")
	require.Contains(t, text, `owners.yaml:3:46: error: "page" is no severity`)
	require.Contains(t, text, "the receiver is empty")
	require.Contains(t, text, "group_by ... makes every alert")
}
