package incidentlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/internal/incidentlog"
	"github.com/tidewatch/tidewatch/signals"
)

var start = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func TestRoundTrip(t *testing.T) {
	ld := plog.NewLogs()
	incidentlog.Append(ld, &incident.Change{What: incident.ChangeResolved, Time: start, Incident: incident.Incident{
		ID: "a1", State: incident.StateResolved, Severity: signals.SeverityCritical, Title: "pool is exhausted.", Start: start.Add(-time.Hour),
		Opened: start.Add(-time.Minute), Resolved: start, Resolution: incident.ResolutionPerson, Cause: incident.ServiceNode("inventory"), CauseWhy: "w",
		Known: "k", Owner: "alice", Services: []string{"inventory", "web"}, Hosts: []string{"n1"}, Further: 2, Returns: 1,
		Findings: []incident.Member{{Finding: incident.Finding{ID: "f1"}}},
	}}, []string{"http://x/"})
	rl := ld.ResourceLogs().At(0)
	v, _ := rl.Resource().Attributes().Get("service.name")
	require.Equal(t, "inventory", v.Str())
	r := rl.ScopeLogs().At(0).LogRecords().At(0)
	require.Equal(t, "Incident resolved: pool is exhausted.", r.Body().Str())
	require.Equal(t, plog.SeverityNumberFatal, r.SeverityNumber())
	got, ok := incidentlog.Read(r)
	require.True(t, ok)
	require.Equal(t, incidentlog.Record{
		Time: start, ID: "a1", Change: "resolved", State: "resolved", Severity: "critical", Title: "pool is exhausted.", Start: start.Add(-time.Hour),
		Opened: start.Add(-time.Minute), Resolved: start, Resolution: "person", Cause: "service:inventory", CauseWhy: "w", Known: "k", Owner: "alice",
		Services: []string{"inventory", "web"}, Hosts: []string{"n1"}, Findings: []string{"f1"}, Count: 3, Returns: 1, Links: []string{"http://x/"},
	}, got)
	require.False(t, got.Open())

	r.SetEventName("other")
	_, ok = incidentlog.Read(r)
	require.False(t, ok)
}

func TestReadFinding(t *testing.T) {
	low, observed := 5.0, 1.0
	resource := pcommon.NewMap()
	resource.PutStr("service.name", "cart")
	resource.PutStr("host.name", "n1")
	resource.PutStr("os.type", "linux")
	f := finding.Finding{
		Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityWarning, Score: 0.9, Start: start, Time: start.Add(time.Minute),
		Subject: []finding.Attr{{Key: signals.AttrFindingMetric, Value: "requests"}, {Key: "route", Value: "/"}},
		Details: []finding.Attr{{Key: signals.AttrTemplate, Value: "x <num>"}}, Summary: "It stopped.", Receipt: finding.Receipt{Observed: &observed, Lower: &low},
	}
	records := plog.NewLogRecordSlice()
	f.AppendTo(records, resource)
	r := records.At(0)
	r.SetTraceID([16]byte{1})
	r.Attributes().PutEmptySlice(signals.AttrFindingAffects).AppendEmpty().SetStr("web")
	got, ok := incidentlog.ReadFinding(resource, r, start)
	require.True(t, ok)
	require.Equal(t, []incident.Attr{{Key: "service.name", Value: "cart"}, {Key: "host.name", Value: "n1"}}, got.Entity)
	require.Equal(t, []incident.Attr{{Key: signals.AttrFindingMetric, Value: "requests"}, {Key: "route", Value: "/"}}, got.Subject)
	require.Equal(t, []incident.Attr{{Key: signals.AttrTemplate, Value: "x <num>"}}, got.Details)
	require.Equal(t, []string{"01000000000000000000000000000000"}, got.Traces)
	require.Equal(t, []string{"web"}, got.Affects)
	require.True(t, got.Below)
	require.Equal(t, start, got.Start)
	require.Equal(t, finding.ID(f.Kind, resource, f.Subject), got.ID)

	// The host of a suspect is in the record.
	resource.Remove("host.name")
	r.Attributes().PutStr("host.name", "n2")
	got, _ = incidentlog.ReadFinding(resource, r, start)
	require.Equal(t, []incident.Attr{{Key: "service.name", Value: "cart"}, {Key: "host.name", Value: "n2"}}, got.Entity)

	_, ok = incidentlog.ReadFinding(resource, plog.NewLogRecord(), start)
	require.False(t, ok)
}
