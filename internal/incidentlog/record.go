// Package incidentlog is the form of findings and incidents as log records, for the
// components that read or write them.
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

const scope = "github.com/tidewatch/tidewatch/incident"

// maxIDs is how many findings a record names.
const maxIDs = 50

// Append adds a change as a record of its own resource: the place of the cause. Links
// are URLs, most useful first.
func Append(ld plog.Logs, c *incident.Change, links []string) {
	i := &c.Incident
	rl := ld.ResourceLogs().AppendEmpty()
	resource := rl.Resource().Attributes()
	switch kind, name, _ := strings.Cut(string(i.Cause), ":"); kind {
	case "service":
		resource.PutStr(signals.AttrServiceName, name)
	case "host":
		resource.PutStr(signals.AttrHostName, name)
	}
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scope)
	r := sl.LogRecords().AppendEmpty()
	r.SetEventName(signals.EventIncident)
	r.SetTimestamp(pcommon.NewTimestampFromTime(c.Time))
	r.SetObservedTimestamp(pcommon.NewTimestampFromTime(c.Time))
	r.SetSeverityNumber(severityNumber(i.Severity))
	r.SetSeverityText(i.Severity)
	r.Body().SetStr("Incident " + c.What + ": " + i.Title)
	write(r.Attributes(), c, links)
}

func write(a pcommon.Map, c *incident.Change, links []string) {
	i := &c.Incident
	a.PutStr(signals.AttrIncidentID, i.ID)
	a.PutStr(signals.AttrIncidentChange, c.What)
	a.PutStr(signals.AttrIncidentState, i.State)
	a.PutStr(signals.AttrIncidentSeverity, i.Severity)
	a.PutStr(signals.AttrIncidentTitle, i.Title)
	a.PutInt(signals.AttrIncidentStart, i.Start.UnixNano())
	a.PutInt(signals.AttrIncidentOpened, i.Opened.UnixNano())
	a.PutStr(signals.AttrIncidentCause, string(i.Cause))
	a.PutStr(signals.AttrIncidentCauseWhy, i.CauseWhy)
	a.PutInt(signals.AttrIncidentCount, int64(len(i.Findings))+int64(min(i.Further, 1<<40))) //nolint:gosec // bounded
	for key, text := range map[string]string{
		signals.AttrIncidentCauseFinding: i.CauseFinding, signals.AttrIncidentKnown: i.Known, signals.AttrIncidentOwner: i.Owner,
		signals.AttrIncidentResolution: i.Resolution, signals.AttrIncidentMergedInto: i.MergedInto,
	} {
		if text != "" {
			a.PutStr(key, text)
		}
	}
	if !i.Resolved.IsZero() {
		a.PutInt(signals.AttrIncidentResolved, i.Resolved.UnixNano())
	}
	if i.Returns > 0 {
		a.PutInt(signals.AttrIncidentReturns, int64(i.Returns))
	}
	ids := make([]string, 0, min(maxIDs, len(i.Findings)))
	for n := range min(maxIDs, len(i.Findings)) {
		ids = append(ids, i.Findings[n].ID)
	}
	putTexts(a, signals.AttrIncidentFindings, ids)
	putTexts(a, signals.AttrIncidentServices, i.Services)
	putTexts(a, signals.AttrIncidentHosts, i.Hosts)
	putTexts(a, signals.AttrIncidentLinks, links)
}

func putTexts(a pcommon.Map, key string, texts []string) {
	if len(texts) == 0 {
		return
	}
	s := a.PutEmptySlice(key)
	for _, t := range texts {
		s.AppendEmpty().SetStr(t)
	}
}

func severityNumber(severity string) plog.SeverityNumber {
	switch severity {
	case signals.SeverityCritical:
		return plog.SeverityNumberFatal
	case signals.SeverityWarning:
		return plog.SeverityNumberWarn
	default:
		return plog.SeverityNumberInfo
	}
}

// Record is an incident as a record tells it, for exporters.
type Record struct {
	Time       time.Time `json:"time"`
	ID         string    `json:"id"`
	Change     string    `json:"change"`
	State      string    `json:"state"`
	Severity   string    `json:"severity"`
	Title      string    `json:"title"`
	Start      time.Time `json:"start"`
	Opened     time.Time `json:"opened"`
	Resolved   time.Time `json:"resolved,omitzero"`
	Resolution string    `json:"resolution,omitempty"`
	MergedInto string    `json:"merged_into,omitempty"`
	Cause      string    `json:"cause"`
	CauseWhy   string    `json:"cause_why"`
	Known      string    `json:"known,omitempty"`
	Owner      string    `json:"owner,omitempty"`
	Services   []string  `json:"services,omitempty"`
	Hosts      []string  `json:"hosts,omitempty"`
	Findings   []string  `json:"findings,omitempty"`
	Count      int64     `json:"count"`
	Returns    int64     `json:"returns,omitempty"`
	Links      []string  `json:"links,omitempty"`
}

// Open says whether the incident still holds.
func (r *Record) Open() bool { return r.State != incident.StateResolved }

// Read returns the incident of a record, false for records of another kind.
func Read(r plog.LogRecord) (Record, bool) {
	a := r.Attributes()
	id := text(a, signals.AttrIncidentID)
	if r.EventName() != signals.EventIncident || id == "" {
		return Record{}, false
	}
	return Record{
		Time: r.Timestamp().AsTime(), ID: id, Change: text(a, signals.AttrIncidentChange), State: text(a, signals.AttrIncidentState),
		Severity: text(a, signals.AttrIncidentSeverity), Title: text(a, signals.AttrIncidentTitle),
		Start: at(a, signals.AttrIncidentStart), Opened: at(a, signals.AttrIncidentOpened), Resolved: at(a, signals.AttrIncidentResolved),
		Resolution: text(a, signals.AttrIncidentResolution), MergedInto: text(a, signals.AttrIncidentMergedInto),
		Cause: text(a, signals.AttrIncidentCause), CauseWhy: text(a, signals.AttrIncidentCauseWhy), Known: text(a, signals.AttrIncidentKnown),
		Owner: text(a, signals.AttrIncidentOwner), Services: texts(a, signals.AttrIncidentServices), Hosts: texts(a, signals.AttrIncidentHosts),
		Findings: texts(a, signals.AttrIncidentFindings), Count: number(a, signals.AttrIncidentCount), Returns: number(a, signals.AttrIncidentReturns),
		Links: texts(a, signals.AttrIncidentLinks),
	}, true
}

func text(a pcommon.Map, key string) string {
	if v, ok := a.Get(key); ok {
		return v.AsString()
	}
	return ""
}

func number(a pcommon.Map, key string) int64 {
	if v, ok := a.Get(key); ok && v.Type() == pcommon.ValueTypeInt {
		return v.Int()
	}
	return 0
}

func at(a pcommon.Map, key string) time.Time {
	if n := number(a, key); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

// texts reads a list of texts, or one text.
func texts(a pcommon.Map, key string) []string {
	v, ok := a.Get(key)
	if !ok {
		return nil
	}
	if v.Type() != pcommon.ValueTypeSlice {
		return []string{v.AsString()}
	}
	var out []string
	for _, e := range v.Slice().All() {
		out = append(out, e.AsString())
	}
	return out
}

// receipt is the part of a finding's receipt that says on which side it is.
type receipt struct {
	Observed *float64 `json:"observed"`
	Expected *float64 `json:"expected"`
	Lower    *float64 `json:"lower"`
}

func (r *receipt) below() bool {
	switch {
	case r.Observed == nil:
		return false
	case r.Lower != nil && *r.Observed < *r.Lower:
		return true
	default:
		return r.Expected != nil && *r.Observed < *r.Expected
	}
}

func belowBand(b string) bool {
	var r receipt
	return json.Unmarshal([]byte(b), &r) == nil && r.below()
}
