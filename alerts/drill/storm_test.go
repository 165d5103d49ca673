package drill_test

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/alerts"
	"github.com/tidewatch/tidewatch/alerts/drill"
)

// rule writes one of a ledger.
func rule(id, owner, severity, labels, inhibitedBy, keep string) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, `id: %s
group: host
owner: %s
severity: %s
summary: s
description: d
trigger: {type: static, expr: a > 1, for: 1m, keep_firing_for: %s}
response: {action: a, deadline: 30m}
runbook: R.md
inhibited_by: [%s]
tests:
  - {name: fires, interval: 1m, series: [{series: a, values: "2x9"}], at: 5m, alerts: [{labels: {%s}}]}
review: 2027-05-01
`, id, owner, severity, keep, inhibitedBy, labels)}
}

// ledger has a host on which a service runs, of another team.
func ledger(t *testing.T) alerts.Ledger {
	t.Helper()
	l, err := alerts.Load(fstest.MapFS{
		"rules/host/HostDown.yaml":      rule("HostDown", "platform", "critical", "host_name: a", "", "5m"),
		"rules/host/DiskFull.yaml":      rule("DiskFull", "platform", "warning", "host_name: a, mountpoint: /", "HostDown", "5m"),
		"rules/host/ServiceSlow.yaml":   rule("ServiceSlow", "shop", "critical", "host_name: a, service_name: b", "HostDown", "0s"),
		"rules/host/ServiceErrors.yaml": rule("ServiceErrors", "shop", "warning", "service_name: b", "ServiceSlow", "0s"),
		"owners.yaml": &fstest.MapFile{Data: []byte(`default: platform
owners:
  platform:
    name: Platform
    receivers: {critical: {webhook_url: "http://127.0.0.1:1/"}, warning: {webhook_url: "http://127.0.0.1:1/"}}
    group_by: [alertname, host_name]
    escalation: the lead
  shop:
    name: Shop
    receivers: {critical: {webhook_url: "http://127.0.0.1:1/"}}
    escalation: the lead
`)},
	})
	require.NoError(t, err)
	return l
}

func TestStormFollowsFromTheLedger(t *testing.T) {
	l := ledger(t)
	for _, scenario := range drill.Scenarios {
		for seed := range uint64(2) {
			set := drill.DefaultSettings(scenario, seed)
			s, err := drill.Generate(l, set)
			require.NoError(t, err)
			again, err := drill.Generate(l, set)
			require.NoError(t, err)
			require.Equal(t, s, again)
			require.Len(t, s.Alerts, 500)
			causes, seen := map[int]drill.Alert{}, map[string]bool{}
			flapping := 0
			for _, a := range s.Alerts {
				require.False(t, seen[drill.Key(a.Labels)], "%v is there twice", a.Labels)
				seen[drill.Key(a.Labels)] = true
				require.Equal(t, a.Rule.Owner, a.Labels["owner"])
				require.Equal(t, a.Rule.ID, a.Labels["alertname"])
				if a.Role == drill.RoleCause {
					causes[a.Cause] = a
				}
				if a.Flaps {
					flapping++
				}
				for i := range a.On[1:] {
					require.Greater(t, a.On[i+1].From, a.On[i].To)
				}
				if time.Duration(a.Rule.Trigger.KeepFiringFor) >= 3*time.Minute {
					require.Len(t, a.On, 1, "%s keeps firing", a.Rule.ID)
				}
			}
			require.Len(t, causes, set.Causes)
			for _, a := range s.Alerts {
				if a.Role != drill.RoleSymptom {
					continue
				}
				c := causes[a.Cause]
				if a.Rule.InhibitedBy[0] == c.Rule.ID {
					for _, name := range alerts.EqualLabels(a.Rule, c.Rule) {
						require.Equal(t, c.Labels[name], a.Labels[name], "%v follows from %v", a.Labels, c.Labels)
					}
				}
				if scenario == drill.ScenarioLateCause {
					require.Greater(t, c.On[0].From, a.On[0].From+30*time.Second)
				}
			}
			require.Equal(t, scenario == drill.ScenarioFlapping, flapping > 0)
			last := time.Duration(0)
			for _, e := range s.Events() {
				require.GreaterOrEqual(t, e.At, last)
				require.LessOrEqual(t, e.At, set.Length)
				last = e.At
			}
		}
	}
}

func TestSeedChooses(t *testing.T) {
	l := ledger(t)
	rules := map[string]bool{}
	for seed := range uint64(30) {
		s, err := drill.Generate(l, drill.DefaultSettings(drill.ScenarioSingle, seed))
		require.NoError(t, err)
		rules[s.Alerts[0].Rule.ID] = true
	}
	require.Equal(t, map[string]bool{"HostDown": true, "ServiceSlow": true}, rules)
	set := drill.DefaultSettings(drill.ScenarioSingle, 1)
	set.Cause = "ServiceSlow"
	s, err := drill.Generate(l, set)
	require.NoError(t, err)
	require.Equal(t, "ServiceSlow", s.Alerts[0].Rule.ID)
}

func TestStormNeedsCauses(t *testing.T) {
	_, err := drill.Generate(alerts.Ledger{}, drill.DefaultSettings(drill.ScenarioSingle, 1))
	require.ErrorContains(t, err, "no rule has inhibited_by")
	set := drill.DefaultSettings(drill.ScenarioSingle, 1)
	set.Cause = "DiskFull"
	_, err = drill.Generate(ledger(t), set)
	require.ErrorContains(t, err, "DiskFull cannot be a cause")
	for want, change := range map[string]func(*drill.Settings){
		"scenario":   func(s *drill.Settings) { s.Scenario = "x" },
		"causes":     func(s *drill.Settings) { s.Causes = 0 },
		"alerts":     func(s *drill.Settings) { s.Alerts = 1 },
		"bystanders": func(s *drill.Settings) { s.Bystanders = -1 },
		"last":       func(s *drill.Settings) { s.Length = s.Spread },
	} {
		set := drill.DefaultSettings(drill.ScenarioSingle, 1)
		change(&set)
		_, err := drill.Generate(ledger(t), set)
		require.ErrorContains(t, err, want)
	}
}

// The engine joins what it cannot know from calls by its places and the time.
func TestIncidentsOfAStorm(t *testing.T) {
	s, err := drill.Generate(ledger(t), drill.DefaultSettings(drill.ScenarioSingle, 1))
	require.NoError(t, err)
	got := s.Incidents(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	require.Equal(t, got, s.Incidents(time.Date(2027, 1, 1, 3, 0, 0, 0, time.UTC)))
	require.Positive(t, got.Opened)
	require.LessOrEqual(t, got.Opened, 3)
	require.LessOrEqual(t, got.FirstSeconds, 35.0)
}
