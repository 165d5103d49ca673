package agent

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/backtest"
)

// historyEnd is when the made-up history ends.
var historyEnd = time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)

// fakeHistory answers queries over a week as a Prometheus does: `up` and `load` are there, load is 10, and 90 for half an
// hour of each day.
func fakeHistory(t *testing.T) *httptest.Server {
	t.Helper()
	begin := historyEnd.Add(-7 * 24 * time.Hour).Unix()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.ParseFloat(r.FormValue("start"), 64)
		to, _ := strconv.ParseFloat(r.FormValue("end"), 64)
		step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
		var names []string
		value := func(int64) string { return "1" }
		switch query := r.FormValue("query"); {
		case strings.HasPrefix(query, "group by (__name__)"):
			names = []string{"up", "load"}
		case strings.Contains(query, "huge"):
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"status":"error","errorType":"execution","error":"query processing would load too many samples into memory in query execution"}`)
			return
		case strings.TrimSpace(query) == "load":
			names = []string{"load"}
			value = func(at int64) string {
				if at/60%1440 < 30 {
					return "90"
				}
				return "10"
			}
		}
		var series []string
		for _, n := range names {
			var points []string
			for at := from; at <= to; at += step {
				if int64(at) >= begin {
					points = append(points, fmt.Sprintf(`[%.0f,%q]`, at, value(int64(at))))
				}
			}
			if len(points) > 0 {
				series = append(series, fmt.Sprintf(`{"metric":{"__name__":%q},"values":[%s]}`, n, strings.Join(points, ",")))
			}
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}}`, strings.Join(series, ","))
	}))
	t.Cleanup(s.Close)
	return s
}

// rulesToBacktest writes rules of a user; each is an expression by its id.
func rulesToBacktest(t *testing.T, rules map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "rules", "host"), 0o755))
	for id, expr := range rules {
		text := fmt.Sprintf(`# why it is there
id: %s
group: host
owner: platform
severity: warning
summary: s
description: d
trigger: {type: static, expr: %q, for: 5m} # waits
response: {action: a, deadline: 1d}
runbook: R.md
review: 2030-01-01
`, id, expr)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "rules", "host", id+".yaml"), []byte(text), 0o600))
	}
	return dir
}

func TestAlertsBacktest(t *testing.T) {
	s := fakeHistory(t)
	dir := rulesToBacktest(t, map[string]string{"MyLoud": "load > 50", "MyGone": "gone > 1", "MyHuge": "huge > 1"})
	proposals := t.TempDir()
	args := []string{
		"alerts", "backtest", "--prometheus", s.URL, "--dir", dir, "--end", historyEnd.Format(time.RFC3339), "--rule", "MyLoud,MyGone,MyHuge", "--write-proposals", proposals, "--calls-per-week", "1",
	}
	out, err := execute(t, append(args, "--out", "json")...)
	require.NoError(t, err)
	var report backtest.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.WithinDuration(t, historyEnd.Add(-7*24*time.Hour), report.From, 2*time.Hour)
	got := map[string]backtest.Outcome{}
	for _, o := range report.Rules {
		got[o.ID] = o
	}
	require.Equal(t, 7, got["MyLoud"].Calls)
	require.InDelta(t, 7, got["MyLoud"].CallsPerWeek, 0.1)
	require.Equal(t, "25m", got["MyLoud"].Longest)
	require.Equal(t, []string{"gone"}, got["MyGone"].Missing)
	require.Equal(t, backtest.ActionClose, got["MyGone"].Proposal.Action)
	require.Contains(t, got["MyHuge"].Error, "needs more samples than the server may load (--query.max-samples)")

	text, err := execute(t, args...)
	require.NoError(t, err)
	require.Contains(t, text, "there is no metric gone")
	require.Contains(t, text, "MyHuge: even a single step")
	text, err = execute(t, append(args, "--out", "markdown")...)
	require.NoError(t, err)
	require.Contains(t, text, "## Close\n\n- **MyGone** (platform): it cannot fire")
	require.Contains(t, text, "| MyLoud | platform | 7 |")

	changed, err := os.ReadFile(filepath.Join(proposals, "rules", "host", "MyGone.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(changed), "# 2026-03-09, proposed by `tidewatch alerts backtest`: close:\n# it cannot fire")
	require.Contains(t, string(changed), "# why it is there\nid: MyGone")
	require.Contains(t, string(changed), "disabled: true")
	own, err := alerts.Load(os.DirFS(proposals))
	require.NoError(t, err)
	require.NotEmpty(t, own.Rules)
}

// What is proposed of a shipped rule is a copy of it with the change.
func TestProposalsOfShippedRules(t *testing.T) {
	l, err := alerts.Shipped()
	require.NoError(t, err)
	dir := t.TempDir()
	var tuned *alerts.Rule
	for _, r := range l.Enabled() {
		if r.Trigger.Type == alerts.TriggerStatic && !r.LogQL() {
			tuned = r
		}
	}
	n, err := writeProposals(dir, "", l, []backtest.Outcome{
		{Rule: backtest.Rule{ID: tuned.ID}, Proposal: backtest.Proposal{Action: backtest.ActionTune, Reason: "it is loud", Expr: "up > 7", For: "20m", KeepFiringFor: "30m"}},
		{Rule: backtest.Rule{ID: tuned.ID}, Proposal: backtest.Proposal{Action: backtest.ActionClose}},
		{Rule: backtest.Rule{ID: l.Enabled()[0].ID}, Proposal: backtest.Proposal{Action: backtest.ActionKeep}},
		{Rule: backtest.Rule{ID: "Unknown"}, Proposal: backtest.Proposal{Action: backtest.ActionClose}},
	}, historyEnd)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	own, err := alerts.Load(os.DirFS(dir))
	require.NoError(t, err)
	require.Len(t, own.Rules, 1)
	got := own.Rules[0]
	require.Equal(t, "up > 7", got.Trigger.Expr)
	require.Equal(t, "20m", got.Trigger.For.String())
	require.Equal(t, "30m", got.Trigger.KeepFiringFor.String())
	require.Equal(t, tuned.Summary, got.Summary)
	require.Equal(t, tuned.Tests, got.Tests)
	require.Equal(t, tuned.Review, got.Review)
}

func TestAlertsBacktestErrors(t *testing.T) {
	empty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	}))
	t.Cleanup(empty.Close)
	for want, args := range map[string][]string{
		"--prometheus must say":              nil,
		"--out must be text":                 {"--prometheus", "http://x", "--out", "pdf"},
		"--days must be positive":            {"--prometheus", "http://x", "--days", "0"},
		"--step must be":                     {"--prometheus", "http://x", "--step", "1ms"},
		"--end":                              {"--prometheus", "http://x", "--end", "soon"},
		"more than a million steps":          {"--prometheus", "http://x", "--days", "300", "--step", "1s"},
		"--rule: there is no rule Nobody":    {"--prometheus", "http://x", "--rule", "Nobody"},
		"open incidents":                     {"--prometheus", "http://x", "--incidents", "/none"},
		"the calls a week must be positive":  {"--prometheus", "http://x", "--calls-per-week", "0"},
		"has neither `up` nor any metric":    {"--prometheus", empty.URL},
		"look for metrics: query Prometheus": {"--prometheus", "http://127.0.0.1:1"},
	} {
		_, err := execute(t, append([]string{"alerts", "backtest"}, args...)...)
		require.ErrorContains(t, err, want)
	}
}
