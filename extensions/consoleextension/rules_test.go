package consoleextension

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/drill"
	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

const ownRule = `id: ShopDown
group: shop
owner: platform
severity: critical
summary: "the shop <script>alert(1)</script> is down"
description: No answer for five minutes.
trigger: {type: static, expr: up == 0, for: 5m}
response: {action: Start it., deadline: 15m}
runbook: ShopDown.md
review: 2020-01-01
tests: []
`

func rulesAPI(directory string) (*api, http.Handler) {
	now := goldenTime
	a := &api{
		store: localstore.New(localstore.Options{}), pipeline: newPipelineWatch(""), running: &running{}, ledger: ledger{directory: directory},
		now: func() time.Time { now = now.Add(time.Minute); return now },
	}
	mux := http.NewServeMux()
	a.register(mux)
	return a, mux
}

func ruleOf(list ruleList, id string) ruleView {
	for _, v := range list.Rules {
		if v.ID == id {
			return v
		}
	}
	return ruleView{}
}

func rulesOf(t *testing.T, h http.Handler) ruleList {
	t.Helper()
	w := ask(h, "/api/v1/rules")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	var answer ruleList
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer
}

func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

func TestRulesAreShownWithTheirState(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "rules", "shop", "ShopDown.yaml"), ownRule)
	write(t, filepath.Join(dir, "runbooks", "ShopDown.md"), "## Meaning\n\nNobody can buy.\n")

	a, h := rulesAPI(dir)
	answer := rulesOf(t, h)
	shipped, err := alerts.Shipped()
	require.NoError(t, err)
	require.Empty(t, answer.Problem)
	require.Len(t, answer.Rules, len(shipped.Rules)+1)
	require.False(t, answer.Reports)
	rule := ruleOf(answer, "ShopDown")
	require.Equal(t, ruleUnknown, rule.State, "nobody would tell")
	require.Equal(t, "up == 0, for 5 min", rule.Condition)
	require.InDelta(t, 900, rule.DeadlineSeconds, 0)
	require.True(t, rule.Overdue)
	require.False(t, rule.Shipped)
	require.True(t, ruleOf(answer, shipped.Rules[0].ID).Shipped)
	require.Empty(t, answer.Drills)
	a.running.take(map[string]any{"service": map[string]any{"pipelines": map[string]any{"logs": map[string]any{"receivers": []any{"alert_webhook/prod"}}}}}, nil)
	require.Equal(t, ruleQuiet, ruleOf(rulesOf(t, h), "ShopDown").State)

	a.store.PutFinding(localstore.Finding{
		ID: "f", Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: goldenTime, Time: goldenTime, Summary: "the shop is down",
		Attrs: []localstore.Attr{{Key: signals.AttrAlertName, Value: "ShopDown"}},
	})
	rule = ruleOf(rulesOf(t, h), "ShopDown")
	require.Equal(t, ruleFiring, rule.State)
	require.EqualValues(t, goldenTime.Unix(), rule.Since)
	require.Equal(t, "the shop is down", rule.Firing[0].Summary)

	w := ask(h, "/api/v1/rules/ShopDown")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "Nobody can buy.")
	require.NotContains(t, w.Body.String(), "<script>", "markup is written as text")
	require.Equal(t, http.StatusNotFound, ask(h, "/api/v1/rules/None").Code)
}

func TestARuleThatIsWrongLeavesTheShippedOnes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rules", "shop", "ShopDown.yaml")
	write(t, file, strings.Replace(ownRule, "severity:", "seferity:", 1))
	_, h := rulesAPI(dir)
	answer := rulesOf(t, h)
	require.Contains(t, answer.Problem, "seferity")
	require.NotEmpty(t, answer.Rules)
	require.Empty(t, ruleOf(answer, "ShopDown").ID)

	write(t, file, ownRule) // who mends it sees it without a restart
	answer = rulesOf(t, h)
	require.Empty(t, answer.Problem)
	require.Equal(t, "ShopDown", ruleOf(answer, "ShopDown").ID)

	_, h = rulesAPI(filepath.Join(dir, "none"))
	require.Contains(t, rulesOf(t, h).Problem, "none")
}

func TestConditionsInWords(t *testing.T) {
	for want, trigger := range map[string]alerts.Trigger{
		"system.cpu.utilization rises above the band learned for this hour, for 10 min": {Type: alerts.TriggerDynamic, Metric: "system.cpu.utilization", Direction: "up", For: alerts.Duration(10 * time.Minute)},
		"m where state=\"user\" leaves the band learned for this hour":                  {Type: alerts.TriggerDynamic, Metric: "m", Direction: "both", Where: `state="user"`},
		"log pattern: severity flip":                                                    {Type: alerts.TriggerPattern, Change: "severity_flip"},
		"errors use up the budget of 0.1 % within 30 d too fast":                        {Type: alerts.TriggerSLO, Objective: 99.9},
		"nothing comes of up, for 1m30s":                                                {Type: alerts.TriggerAbsence, Expr: "up", For: alerts.Duration(90 * time.Second)},
	} {
		require.Equal(t, want, condition(&trigger))
	}
}

func TestAnAlertOfAnOpenIncidentFires(t *testing.T) {
	a, h := rulesAPI("")
	engine := incident.NewEngine(incident.Settings{})
	engine.Observe(incident.Finding{
		ID: "f", Kind: signals.KindAlert, State: signals.StateOpen, Severity: signals.SeverityCritical, Start: goldenTime, Time: goldenTime, Summary: "a host is down",
		Entity: []incident.Attr{{Key: "host.name", Value: "tide"}}, Subject: []incident.Attr{{Key: signals.AttrAlertName, Value: "HostDown"}},
	}, goldenTime)
	engine.Advance(goldenTime.Add(time.Hour))
	require.Len(t, engine.Incidents(), 1)
	a.incidents = &incidents{desk: &engineDesk{engine, goldenTime}}
	require.Equal(t, ruleFiring, ruleOf(rulesOf(t, h), "HostDown").State)
}

func TestDrillsAreShown(t *testing.T) {
	dir := t.TempDir()
	record, err := (&drill.Record{Version: drill.RecordVersion, Date: goldenTime, Scenario: "one-cause", Alerts: 500, Result: drill.Result{Notifications: 2, Allowed: 3, Slowest: 31, Passed: true}}).Encode()
	require.NoError(t, err)
	write(t, filepath.Join(dir, "drills", "2025-06-15-one-cause-1.yaml"), string(record))
	_, h := rulesAPI(dir)
	answer := rulesOf(t, h)
	require.Empty(t, answer.Problem)
	require.Equal(t, []drillView{{Date: goldenTime.UTC(), Scenario: "one-cause", Alerts: 500, Notifications: 2, Allowed: 3, CauseSeconds: 31, Passed: true, Reasons: []string{}}}, answer.Drills)
}
