package incidentlog

import (
	"encoding/json"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/incident"
	"github.com/tidewatch/tidewatch/signals"
)

// details are attributes of findings, besides those of finding.*, that do not take
// part in their identity.
var details = map[string]bool{
	signals.AttrTemplate: true, signals.AttrPatternVariableValue: true, "service.version": true, "service.instance.id": true,
}

// entities are the groups of resource attributes that say what a finding is about.
var entities = map[string]bool{"service": true, "k8s": true, "container": true, "deployment": true}

// ReadFinding returns the finding of a record, false for records of another kind. now
// stands for a time that the record has not.
func ReadFinding(resource pcommon.Map, r plog.LogRecord, now time.Time) (incident.Finding, bool) {
	a := r.Attributes()
	id := text(a, signals.AttrFindingID)
	if r.EventName() != signals.EventFinding || id == "" {
		return incident.Finding{}, false
	}
	f := incident.Finding{
		ID: id, Kind: text(a, signals.AttrFindingKind), State: text(a, signals.AttrFindingState), Severity: text(a, signals.AttrFindingSeverity),
		Summary: text(a, signals.AttrFindingSummary), Time: now, Start: at(a, signals.AttrFindingStart),
		Affects: texts(a, signals.AttrFindingAffects), Traces: texts(a, signals.AttrFindingTraces), Links: texts(a, signals.AttrFindingLinks),
	}
	if ts := r.Timestamp(); ts != 0 {
		f.Time = ts.AsTime()
	}
	if f.Start.IsZero() || f.Start.After(f.Time) {
		f.Start = f.Time
	}
	if v, ok := a.Get(signals.AttrFindingScore); ok && v.Type() == pcommon.ValueTypeDouble {
		f.Score = v.Double()
	}
	if b := text(a, signals.AttrFindingReceipt); b != "" {
		f.Receipt = json.RawMessage(b)
		f.Below = belowBand(b)
	}
	if t := r.TraceID(); !t.IsEmpty() {
		f.Traces = append(f.Traces, t.String())
	}
	for k, v := range resource.All() {
		if group, _, _ := strings.Cut(k, "."); entities[group] || k == signals.AttrHostName || k == signals.AttrLogFilePath {
			f.Entity = append(f.Entity, incident.Attr{Key: k, Value: v.AsString()})
		}
	}
	for k, v := range a.All() {
		attr := incident.Attr{Key: k, Value: v.AsString()}
		switch {
		case k == "trace.id" || k == "trace_id":
			f.Traces = append(f.Traces, attr.Value)
		case k == signals.AttrHostName: // of a suspect
			if _, known := resource.Get(k); !known {
				f.Entity = append(f.Entity, attr)
			}
		case details[k]:
			f.Details = append(f.Details, attr)
		case k == signals.AttrFindingMetric || !strings.HasPrefix(k, "finding."):
			f.Subject = append(f.Subject, attr)
		}
	}
	return f, true
}
