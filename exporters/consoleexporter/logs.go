package consoleexporter

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// findingPrefix is common to the attributes that have fields of their own.
const findingPrefix = "finding."

func (e *consoleExporter) consumeLogs(_ context.Context, ld plog.Logs) error {
	now := time.Now()
	for _, rl := range ld.ResourceLogs().All() {
		resource := rl.Resource().Attributes()
		service, source := text(resource, signals.AttrServiceName), text(resource, signals.AttrLogFilePath)
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if r.EventName() == signals.EventFinding {
					e.store.PutFinding(findingOf(now, resource, r))
					continue
				}
				e.store.PutLog(now, lineOf(now, service, source, r))
			}
		}
	}
	return nil
}

func lineOf(now time.Time, service, source string, r plog.LogRecord) localstore.LogLine {
	l := localstore.LogLine{
		Time:     recordTime(now, r),
		Severity: int(r.SeverityNumber()),
		Service:  service,
		Source:   source,
		Pattern:  text(r.Attributes(), signals.AttrPatternID),
		Template: text(r.Attributes(), signals.AttrTemplate),
		Body:     valueText(r.Body()),
	}
	if id := r.TraceID(); !id.IsEmpty() {
		l.TraceID = id.String()
	}
	return l
}

func recordTime(now time.Time, r plog.LogRecord) time.Time {
	switch {
	case r.Timestamp() != 0:
		return r.Timestamp().AsTime()
	case r.ObservedTimestamp() != 0:
		return r.ObservedTimestamp().AsTime()
	default:
		return now
	}
}

func findingOf(now time.Time, resource pcommon.Map, r plog.LogRecord) localstore.Finding {
	a := r.Attributes()
	f := localstore.Finding{
		ID:       text(a, signals.AttrFindingID),
		Kind:     text(a, signals.AttrFindingKind),
		State:    text(a, signals.AttrFindingState),
		Severity: text(a, signals.AttrFindingSeverity),
		Summary:  text(a, signals.AttrFindingSummary),
		Metric:   text(a, signals.AttrFindingMetric),
		Receipt:  text(a, signals.AttrFindingReceipt),
		Time:     recordTime(now, r),
		Entity:   entity(resource),
	}
	f.Start = f.Time
	if v, ok := a.Get(signals.AttrFindingStart); ok && v.Type() == pcommon.ValueTypeInt && v.Int() > 0 {
		f.Start = time.Unix(0, v.Int())
	}
	if v, ok := a.Get(signals.AttrFindingScore); ok && v.Type() == pcommon.ValueTypeDouble {
		f.Score = v.Double()
	}
	if v, ok := a.Get(signals.AttrFindingLinks); ok && v.Type() == pcommon.ValueTypeSlice {
		for _, l := range v.Slice().All() {
			f.Links = append(f.Links, l.AsString())
		}
	}
	for k, v := range a.All() {
		if !strings.HasPrefix(k, findingPrefix) {
			f.Attrs = append(f.Attrs, localstore.Attr{Key: k, Value: v.AsString()})
		}
	}
	return f
}
