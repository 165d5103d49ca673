package drill_test

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/alerts/drill"
)

// told is a notification of a storm's alerts that keep says.
func told(s *drill.Storm, at time.Duration, receiver string, firing bool, keep func(*drill.Alert) bool) drill.Notification {
	n := drill.Notification{At: at, Receiver: receiver}
	for i := range s.Alerts {
		if keep(&s.Alerts[i]) {
			n.Alerts = append(n.Alerts, s.Alerts[i].Labels)
			n.Firing = append(n.Firing, firing)
		}
	}
	return n
}

func role(role string) func(*drill.Alert) bool {
	return func(a *drill.Alert) bool { return a.Role == role }
}

// storm is of HostDown, whose bystanders are all of one team and severity.
func storm(t *testing.T) *drill.Storm {
	t.Helper()
	set := drill.DefaultSettings(drill.ScenarioSingle, 3)
	set.Cause, set.Bystanders = "HostDown", 1
	s, err := drill.Generate(ledger(t), set)
	require.NoError(t, err)
	return &s
}

// home is the receiver to which an alert belongs.
func home(a *drill.Alert) string {
	if a.Rule.Owner == "shop" {
		return "shop-critical"
	}
	return "platform-" + a.Rule.Severity
}

func TestJudge(t *testing.T) {
	l, s := ledger(t), storm(t)
	var bystander *drill.Alert
	for i := range s.Alerts {
		if s.Alerts[i].Role == drill.RoleBystander {
			bystander = &s.Alerts[i]
		}
	}
	fine := []drill.Notification{
		told(s, 32*time.Second, "platform-critical", true, role(drill.RoleCause)),
		told(s, 33*time.Second, home(bystander), true, role(drill.RoleBystander)),
		told(s, 300*time.Second, "platform-critical", false, role(drill.RoleCause)),
	}
	r := drill.Judge(s, l.Owners, fine, drill.DefaultBudget(drill.ScenarioSingle))
	require.True(t, r.Passed, "%q", r.Reasons)
	require.Equal(t, 2, r.Notifications)
	require.Equal(t, 1, r.Resolved)
	require.Equal(t, 4, r.Allowed)
	require.Equal(t, 2, r.Shown)
	require.Len(t, r.Causes, 1)
	require.Equal(t, "HostDown", r.Causes[0].Rule)
	require.Equal(t, 1, r.Causes[0].Rank)
	require.InDelta(t, 30, r.Slowest, 5)

	for want, notes := range map[string][]drill.Notification{
		"was not told":                         {fine[1]},
		"has nothing to do with any cause":     {fine[0]},
		"was told after":                       {told(s, 2*time.Minute, "platform-critical", true, role(drill.RoleCause)), fine[1]},
		"1 alerts went to someone":             {told(s, 32*time.Second, "shop-critical", true, role(drill.RoleCause)), fine[1]},
		"5 notifications, 4 are allowed":       {fine[0], fine[1], fine[0], fine[0], fine[0]},
		"alerts went to someone who does not ": {fine[0], fine[1], told(s, 31*time.Second, "nobody", true, role(drill.RoleSymptom))},
	} {
		r := drill.Judge(s, l.Owners, notes, drill.DefaultBudget(drill.ScenarioSingle))
		require.False(t, r.Passed)
		require.Contains(t, r.Reasons[0], want)
	}
}

func TestJudgeCountsWhatIsShownAgain(t *testing.T) {
	l, s := ledger(t), storm(t)
	r := drill.Judge(s, l.Owners, []drill.Notification{
		told(s, 31*time.Second, "platform-warning", true, func(a *drill.Alert) bool { return a.Role == drill.RoleSymptom && a.Rule.ID == "DiskFull" }),
		told(s, 32*time.Second, "platform-critical", true, role(drill.RoleCause)),
		told(s, 90*time.Second, "platform-critical", true, role(drill.RoleCause)),
		{At: 91 * time.Second, Receiver: "platform-critical", Alerts: []map[string]string{{"alertname": "Other"}}, Firing: []bool{true}},
	}, drill.DefaultBudget(drill.ScenarioSingle))
	require.Positive(t, r.BeforeCause)
	require.Equal(t, r.BeforeCause+1, r.Shown)
	require.Equal(t, 1, r.Duplicates)
	require.Equal(t, 1, r.Unknown)
	require.Equal(t, 1, r.Lost)
	require.Zero(t, r.Misrouted)
}

func TestRecordIsReadAgain(t *testing.T) {
	l, s := ledger(t), storm(t)
	result := drill.Judge(s, l.Owners, nil, drill.DefaultBudget(drill.ScenarioSingle))
	r := drill.NewRecord(s, time.Date(2026, 3, 2, 10, 0, 0, 5, time.UTC), result, drill.DefaultBudget(drill.ScenarioSingle))
	require.Equal(t, "drills/2026-03-02-single-3.yaml", r.File())
	text, err := r.Encode()
	require.NoError(t, err)
	got, err := drill.ReadRecords(fstest.MapFS{
		r.File():          {Data: text},
		"drills/x.yaml":   {Data: []byte("version: 7\n")},
		"drills/a.md":     {Data: []byte("a")},
		"drills/bad.yaml": {Data: []byte(":")},
	})
	require.ErrorContains(t, err, "drills/x.yaml: read record of drill: version is 7")
	require.ErrorContains(t, err, "drills/bad.yaml")
	require.Len(t, got, 1)
	require.Equal(t, r.Result.Reasons, got[0].Result.Reasons)
	require.Equal(t, r.Date, got[0].Date)
	require.Equal(t, 500, got[0].Alerts)
	none, err := drill.ReadRecords(fstest.MapFS{})
	require.NoError(t, err)
	require.Empty(t, none)
}
