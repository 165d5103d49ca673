package finding_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/signals"
)

func entity(kv map[string]any) pcommon.Map {
	m := pcommon.NewMap()
	_ = m.FromRaw(kv)
	return m
}

func TestID(t *testing.T) {
	checkout := entity(map[string]any{"service.name": "checkout", "host.name": "web-1"})
	a := []finding.Attr{{Key: "x", Value: "1"}, {Key: "y", Value: "2"}}
	id := finding.ID(signals.KindMetricAnomaly, checkout, a)
	require.Regexp(t, `^[0-9a-f]{16}$`, id)

	same := entity(map[string]any{"process.pid": 7, "host.name": "web-1", "service.name": "checkout"})
	require.Equal(t, id, finding.ID(signals.KindMetricAnomaly, same, []finding.Attr{a[1], a[0]}), "order and non-identifying attributes do not matter")

	for name, other := range map[string]string{
		"kind":    finding.ID(signals.KindPatternNew, checkout, a),
		"entity":  finding.ID(signals.KindMetricAnomaly, entity(map[string]any{"service.name": "cart", "host.name": "web-1"}), a),
		"subject": finding.ID(signals.KindMetricAnomaly, checkout, a[:1]),
		"borders": finding.ID(signals.KindMetricAnomaly, checkout, []finding.Attr{{Key: "x1", Value: ""}, {Key: "y", Value: "2"}}),
	} {
		require.NotEqual(t, id, other, name)
	}
}

func TestAppendTo(t *testing.T) {
	now := time.Unix(1_700_000_000, 123).UTC()
	observed := 42.0
	f := finding.Finding{
		Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityWarning, Score: 0.9,
		Start: now.Add(-time.Minute), Time: now,
		Subject: []finding.Attr{{Key: signals.AttrFindingMetric, Value: "system.cpu.utilization"}},
		Details: []finding.Attr{{Key: "state", Value: "user"}},
		Summary: "cpu is unusual", Receipt: finding.Receipt{Observed: &observed, HistorySeconds: 3600},
		Links: []string{"http://127.0.0.1:4320/"},
	}
	host := entity(map[string]any{"host.name": "web-1"})
	records := plog.NewLogRecordSlice()
	f.AppendTo(records, host)

	r := records.At(0)
	require.Equal(t, signals.EventFinding, r.EventName())
	require.Equal(t, now, r.Timestamp().AsTime())
	require.Equal(t, plog.SeverityNumberWarn, r.SeverityNumber())
	require.Equal(t, "cpu is unusual", r.Body().Str())
	got := r.Attributes().AsRaw()
	var receipt map[string]any
	require.NoError(t, json.Unmarshal([]byte(got["finding.receipt"].(string)), &receipt))
	require.Equal(t, map[string]any{"observed": 42.0, "history_seconds": 3600.0}, receipt)
	delete(got, "finding.receipt")
	require.Equal(t, map[string]any{
		"finding.id": finding.ID(f.Kind, host, f.Subject), "finding.kind": "metric_anomaly", "finding.state": "open",
		"finding.severity": "warning", "finding.score": 0.9, "finding.start": now.Add(-time.Minute).UnixNano(),
		"finding.summary": "cpu is unusual", "finding.metric.name": "system.cpu.utilization", "state": "user",
		"finding.links": []any{"http://127.0.0.1:4320/"},
	}, got)
}
