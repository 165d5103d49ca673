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
	var attrs []localstore.Attr // of one record, used again for the next
	for _, rl := range ld.ResourceLogs().All() {
		resource := rl.Resource().Attributes()
		service, source := text(resource, signals.AttrServiceName), text(resource, signals.AttrLogFilePath)
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if r.EventName() == signals.EventFinding {
					e.store.PutFinding(findingOf(now, resource, r))
					continue
				}
				l := lineOf(now, service, source, r)
				attrs = recordAttrs(attrs[:0], r)
				l.Attrs = attrs
				e.store.PutLog(now, l)
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
	if id := r.SpanID(); !id.IsEmpty() {
		l.SpanID = id.String()
	}
	return l
}

// maxRecordAttrs is how many attributes of a record are looked at.
const maxRecordAttrs = 16

// recordAttrs appends those of a record that have no field of their own.
func recordAttrs(dst []localstore.Attr, r plog.LogRecord) []localstore.Attr {
	for k, v := range r.Attributes().All() {
		switch k {
		case signals.AttrPatternID, signals.AttrTemplate, signals.AttrPatternAliases, signals.AttrLogFilePath, signals.AttrLogFileOffset:
			continue
		}
		if len(dst) == maxRecordAttrs {
			break
		}
		dst = append(dst, localstore.Attr{Key: k, Value: valueText(v)})
	}
	return dst
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
