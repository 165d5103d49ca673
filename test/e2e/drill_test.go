//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/alerts/backtest"
	"github.com/tidewatch/tidewatch/alerts/drill"
	"github.com/tidewatch/tidewatch/internal/freeport"
)

// alertmanagerProgram is the one that the recipe builds.
func alertmanagerProgram(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command(filepath.Join("..", "backends", "alertmanager.sh"), "--build").CombinedOutput(); err != nil {
		skipOrFail(t, fmt.Errorf("build Alertmanager: %w: %s", err, out))
	}
	_, amtool := ruleTools(t)
	return filepath.Join(filepath.Dir(amtool), "alertmanager")
}

// drillAll runs all scenarios at once with the shipped rules, six times as fast as in life.
func drillAll(t *testing.T, program, dir string) (map[string]drill.Record, error) {
	t.Helper()
	cmd := exec.Command(binary, "alerts", "drill", "--alertmanager-binary", program, "--dir", dir, "--speed", "6", "--length", "6m", "--json")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var list []drill.Record
	if e := json.Unmarshal(out, &list); e != nil {
		return nil, errors.Join(err, e, errors.New(stderr.String()))
	}
	records := map[string]drill.Record{}
	for _, r := range list {
		records[r.Scenario] = r
		// How much is told before a cause that is late depends on the rule.
		if !r.Result.Passed && r.Scenario != drill.ScenarioLateCause {
			return records, fmt.Errorf("%s: %q", r.Scenario, r.Result.Reasons)
		}
	}
	return records, nil
}

// Of storms of 500 alerts people get a handful of notifications from a real Alertmanager with the generated configuration,
// with the cause among them within a minute, and each goes to its owner.
func TestStormDrill(t *testing.T) {
	t.Parallel()
	program, dir := alertmanagerProgram(t), t.TempDir()
	var records map[string]drill.Record
	var err error
	for range 3 { // a machine that is too busy for a storm says nothing about the rules
		if records, err = drillAll(t, program, dir); err == nil {
			break
		}
		t.Log(err)
	}
	require.NoError(t, err)
	require.Len(t, records, len(drill.Scenarios))
	for scenario, r := range records {
		res := r.Result
		t.Logf("%s: %d alerts of %d rules: %d notifications (%d allowed), %d alerts shown, %d before the cause, causes after %.1f s; Tidewatch makes %d incidents",
			scenario, r.Alerts, r.Rules, res.Notifications, res.Allowed, res.Shown, res.BeforeCause, res.Slowest, r.Incidents.Opened)
		require.Equal(t, 500, r.Alerts)
		require.Zero(t, res.Misrouted, "%s: %v", scenario, res.Receivers)
		require.Zero(t, res.Lost, scenario)
		require.Zero(t, res.Unknown, scenario)
		require.Positive(t, res.Slowest, scenario)
		require.LessOrEqual(t, res.Slowest, 60.0, scenario)
		if scenario != drill.ScenarioLateCause {
			require.LessOrEqual(t, res.Notifications, 3*len(res.Causes)+r.Bystanders, scenario)
			require.Zero(t, res.BeforeCause, scenario)
		}
	}
	kept, err := drill.ReadRecords(os.DirFS(dir))
	require.NoError(t, err)
	require.Len(t, kept, len(drill.Scenarios))
}

// Nobody is called by mistake: an Alertmanager whose receivers are not the drill's is refused.
func TestDrillRefusesForeignReceivers(t *testing.T) {
	am := startBackend(t, "alertmanager")
	out, err := exec.Command(binary, "alerts", "drill", "--alertmanager", am.url, "--scenario", "single", "--listen", fmt.Sprintf("127.0.0.1:%d", freeport.Port())).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), `its receiver "nobody" is not the drill's own: real people could be called`)
	alerts, err := incidentAlerts(am.url)
	require.NoError(t, err)
	require.Empty(t, alerts)
}

// backtestRule is a rule of a user.
const backtestRule = `id: %s
group: host
owner: platform
severity: warning
summary: "s"
description: "d"
trigger: {type: static, expr: '%s', for: %s}
response: {action: a, deadline: 1d}
runbook: HostCPUSaturated.md
tests:
  - {name: fires, interval: 1m, series: [{series: 'drill_load{host_name="a"}', values: "900x9"}], at: 9m, alerts: [{labels: {host_name: a}}]}
review: 2030-01-01
`

// historyOfWeek writes a week of a minute each as OpenMetrics: a load with days and two short outages.
func historyOfWeek(t *testing.T, begin time.Time) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("# TYPE up gauge\n")
	const minutes = 7 * 24 * 60
	for i := range minutes {
		fmt.Fprintf(&b, "up{job=\"drill\"} 1 %d\n", begin.Unix()+int64(i)*60)
	}
	b.WriteString("# TYPE drill_load gauge\n")
	for i := range minutes {
		v := 50 - 20*math.Cos(2*math.Pi*float64(i%1440)/1440) + rng.NormFloat64()
		if i > 5*1440 && i%1440 >= 600 && i%1440 < 640 { // at ten in the morning of the last two days
			v += 40
		}
		fmt.Fprintf(&b, "drill_load{host_name=\"a\"} %.3f %d\n", v, begin.Unix()+int64(i)*60)
	}
	b.WriteString("# TYPE drill_queue gauge\n")
	for i := range minutes {
		v := 1
		if i%1440 > 720 && i%1440 < 1000 && i/1440 == 2 && i%24 < 8 { // comes and goes for hours of one day
			v = 20
		}
		fmt.Fprintf(&b, "drill_queue{host_name=\"a\"} %d %d\n", v, begin.Unix()+int64(i)*60)
	}
	b.WriteString("# EOF\n")
	name := filepath.Join(t.TempDir(), "history.om")
	require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o600))
	return name
}

// Rules over the week that a real Prometheus has: one never fires, one always does, one flaps, one has a metric that there
// is not, and one is better with another threshold.
func TestBacktestOfRules(t *testing.T) {
	t.Parallel()
	promtool, _ := ruleTools(t)
	end := time.Now().Add(-3 * time.Hour).UTC().Truncate(24 * time.Hour) // blocks must be older than the head
	begin := end.Add(-7 * 24 * time.Hour)
	dir := t.TempDir()
	succeed(t, promtool, "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=24h", historyOfWeek(t, begin), filepath.Join(dir, "data"))
	b := startBackend(t, "prometheus", "DIR="+dir)

	own := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(own, "rules", "host"), 0o755))
	for id, r := range map[string][2]string{
		"DrillNever":   {"drill_load > 500", "5m"},
		"DrillAlways":  {"drill_load > 0", "5m"},
		"DrillFlaps":   {"drill_queue > 10", "0s"},
		"DrillMissing": {"drill_gone > 1", "5m"},
		"DrillNothing": {"nothing_of_it > 1", "5m"},
		"DrillLoud":    {"drill_load > 69", "1m"},
		"DrillBroken":  {"drill_load >", "1m"},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(own, "rules", "host", id+".yaml"), fmt.Appendf(nil, backtestRule, id, r[0], r[1]), 0o600))
	}
	incidents := filepath.Join(dir, "incidents.csv")
	require.NoError(t, os.WriteFile(incidents, fmt.Appendf(nil, "start,end,rule\n%d,%d,DrillLoud\n%d,%d,DrillLoud\n",
		begin.Unix()+(5*1440+600)*60, begin.Unix()+(5*1440+640)*60, begin.Unix()+(6*1440+600)*60, begin.Unix()+(6*1440+640)*60), 0o600))

	proposals := t.TempDir()
	out, err := exec.Command(binary, "alerts", "backtest", "--prometheus", b.url, "--dir", own, "--days", "7.5", "--end", end.Format(time.RFC3339), "--out", "json", "--incidents", incidents,
		"--rule", "DrillNever,DrillAlways,DrillFlaps,DrillMissing,DrillNothing,DrillLoud,DrillBroken", "--write-proposals", proposals).Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		require.NoError(t, err, string(exit.Stderr))
	}
	require.NoError(t, err)
	var report backtest.Report
	require.NoError(t, json.Unmarshal(out, &report))
	require.WithinDuration(t, begin, report.From, time.Hour)
	got := map[string]backtest.Outcome{}
	for _, o := range report.Rules {
		t.Logf("%s: %d calls, %.0f %% firing, %d flaps: %s: %s", o.ID, o.Calls, 100*o.Firing, o.Flaps, o.Proposal.Action, o.Proposal.Reason)
		got[o.ID] = o
	}
	require.Len(t, got, 7)
	require.Zero(t, got["DrillNever"].Calls)
	require.Equal(t, backtest.ActionKeep, got["DrillNever"].Proposal.Action)
	require.Contains(t, got["DrillNever"].Proposal.Reason, "the threshold is 500")
	require.Greater(t, got["DrillAlways"].Firing, 0.95)
	require.NotEqual(t, backtest.ActionKeep, got["DrillAlways"].Proposal.Action)
	require.Greater(t, got["DrillFlaps"].Flaps, 8)
	require.Equal(t, backtest.ActionTune, got["DrillFlaps"].Proposal.Action)
	require.NotEmpty(t, got["DrillFlaps"].Proposal.KeepFiringFor)
	require.Equal(t, []string{"drill_gone"}, got["DrillMissing"].Missing)
	require.Equal(t, backtest.ActionLook, got["DrillMissing"].Proposal.Action)
	require.Equal(t, []string{"nothing_of_it"}, got["DrillNothing"].Missing)
	require.Equal(t, backtest.ActionClose, got["DrillNothing"].Proposal.Action)
	require.Contains(t, got["DrillBroken"].Error, "does not understand the expression")
	loud := got["DrillLoud"]
	require.Equal(t, 2, loud.Known.Incidents)
	require.Equal(t, 1.0, *loud.Known.Recall)
	require.NotNil(t, loud.Band)
	require.Equal(t, 2, loud.Band.Known.Found)
	require.Equal(t, backtest.ActionTune, loud.Proposal.Action, loud.Proposal.Reason)
	require.NotEmpty(t, loud.Proposal.Expr)

	// What is proposed is a ledger, and does what was promised.
	out, err = exec.Command(binary, "alerts", "backtest", "--prometheus", b.url, "--dir", proposals, "--days", "7.5", "--end", end.Format(time.RFC3339), "--out", "json", "--incidents", incidents, "--rule", "DrillLoud,DrillFlaps").Output()
	require.NoError(t, err)
	var again backtest.Report
	require.NoError(t, json.Unmarshal(out, &again))
	for _, o := range again.Rules {
		require.Equal(t, got[o.ID].Proposal.Calls, o.Calls, o.ID)
		require.Equal(t, backtest.ActionKeep, o.Proposal.Action, o.Proposal.Reason)
	}
	require.Len(t, again.Rules, 2)
}

// Alarms begin and end at the minute at which promtool says that they do.
func TestBacktestFiresAsPrometheusDoes(t *testing.T) {
	t.Parallel()
	promtool, _ := ruleTools(t)
	rng := rand.New(rand.NewPCG(7, 7))
	begin := time.Unix(0, 0).UTC()
	const steps = 40
	for round := range 12 {
		lasting, keep := time.Duration(rng.IntN(4))*time.Minute, time.Duration(rng.IntN(5))*time.Minute
		o := backtest.DefaultOptions(backtest.Grid{Start: begin, End: begin.Add((steps - 1) * time.Minute), Step: time.Minute})
		o.Join = 0
		run := backtest.NewRun(&o, backtest.Rule{ID: "R", Expr: "a > 5", For: lasting, KeepFiringFor: keep})
		series, values := run.Series("a"), make([]string, steps)
		high := false
		for i := range steps {
			if rng.IntN(3) == 0 {
				high = !high
			}
			values[i] = "1"
			if high {
				values[i] = "9"
				series.Observe(begin.Add(time.Duration(i)*time.Minute).UnixNano(), 9)
			}
		}
		run.Finish()
		firing := map[int]bool{}
		for _, s := range run.Judge(nil, nil, false).Examples {
			for at := s.Start; !at.After(s.End); at = at.Add(time.Minute) {
				firing[int(at.Sub(begin)/time.Minute)] = true
			}
		}
		dir := t.TempDir()
		rule := fmt.Sprintf("groups: [{name: g, rules: [{alert: R, expr: a > 5, for: %dm, keep_firing_for: %dm}]}]\n", int(lasting.Minutes()), int(keep.Minutes()))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(rule), 0o600))
		var tests strings.Builder
		fmt.Fprintf(&tests, "rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series: [{series: a, values: %q}]\n  alert_rule_test:\n", strings.Join(values, " "))
		for i := range steps {
			expected := "[]"
			if firing[i] {
				expected = "[{}]"
			}
			fmt.Fprintf(&tests, "  - {eval_time: %dm, alertname: R, exp_alerts: %s}\n", i, expected)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "tests.yaml"), []byte(tests.String()), 0o600))
		out, err := exec.Command(promtool, "test", "rules", filepath.Join(dir, "tests.yaml")).CombinedOutput()
		require.NoError(t, err, "round %d: %s%v\n%s", round, rule, values, out)
	}
}
