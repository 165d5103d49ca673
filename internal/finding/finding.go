// Package finding builds the one kind of record by which Tidewatch's detectors
// speak: a log record with a stable id, a receipt and a sentence for people.
package finding

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/signals"
)

// Attr is one string attribute of a finding's subject.
type Attr struct{ Key, Value string }

// Receipt says why a finding was raised, in numbers that a person can check.
// Fields that a detector does not know stay nil and are left out.
type Receipt struct {
	Observed         *float64 `json:"observed,omitempty"`
	Expected         *float64 `json:"expected,omitempty"`
	Lower            *float64 `json:"lower,omitempty"`
	Upper            *float64 `json:"upper,omitempty"`
	SameHourLastWeek *float64 `json:"same_hour_last_week,omitempty"`
	// HistorySeconds is how much history the verdict rests on.
	HistorySeconds float64 `json:"history_seconds,omitempty"`
	Unit           string  `json:"unit,omitempty"`
	// PerWeek is how often a week something so surprising is to be expected by chance.
	PerWeek *float64 `json:"per_week,omitempty"`
	// Example is one raw line, for findings about logs.
	Example string `json:"example,omitempty"`
}

// Finding is one detection. Kind, State and Severity take the constants of
// package signals.
type Finding struct {
	Kind     string
	State    string
	Severity string
	// Score is 0 (ordinary) to 1 (never seen).
	Score float64
	// Start is when the condition began, Time when it was observed.
	Start, Time time.Time
	// Subject identifies what the finding is about within its entity (a metric's
	// name and attributes, a pattern's id). It takes part in the id.
	Subject []Attr
	// Details are further attributes that do not take part in the id.
	Details []Attr
	// Summary is one sentence for people.
	Summary string
	Receipt Receipt
	// Links are URLs, most useful first.
	Links []string
}

// identity are the resource attributes that name an entity, in the order in
// which they are hashed.
var identity = []string{
	signals.AttrServiceName, "service.namespace", "k8s.namespace.name", "k8s.pod.name", "k8s.container.name", signals.AttrHostName,
}

// ID is the stable identity of a finding: 16 hexadecimal digits over kind,
// entity and subject, so that a repeat of the same condition updates the
// finding that exists. The order of subject does not matter.
func ID(kind string, entity pcommon.Map, subject []Attr) string {
	h := xxhash.New()
	write := func(s string) {
		_, _ = h.WriteString(strconv.Itoa(len(s)) + ":" + s)
	}
	write(kind)
	for _, k := range identity {
		if v, ok := entity.Get(k); ok {
			write(k)
			write(v.AsString())
		}
	}
	sorted := slices.Clone(subject)
	slices.SortFunc(sorted, func(a, b Attr) int { return strings.Compare(a.Key, b.Key) })
	for _, a := range sorted {
		write(a.Key)
		write(a.Value)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// AppendTo adds the finding to records of a resource whose attributes are
// entity. The record is complete: body, severity, timestamps and attributes.
func (f *Finding) AppendTo(records plog.LogRecordSlice, entity pcommon.Map) {
	r := records.AppendEmpty()
	r.SetEventName(signals.EventFinding)
	r.SetTimestamp(pcommon.NewTimestampFromTime(f.Time))
	r.SetObservedTimestamp(pcommon.NewTimestampFromTime(f.Time))
	r.SetSeverityNumber(severityNumber(f.Severity))
	r.SetSeverityText(f.Severity)
	r.Body().SetStr(f.Summary)

	a := r.Attributes()
	for _, s := range f.Subject {
		a.PutStr(s.Key, s.Value)
	}
	for _, d := range f.Details {
		a.PutStr(d.Key, d.Value)
	}
	a.PutStr(signals.AttrFindingID, ID(f.Kind, entity, f.Subject))
	a.PutStr(signals.AttrFindingKind, f.Kind)
	a.PutStr(signals.AttrFindingState, f.State)
	a.PutStr(signals.AttrFindingSeverity, f.Severity)
	a.PutDouble(signals.AttrFindingScore, f.Score)
	a.PutInt(signals.AttrFindingStart, f.Start.UnixNano())
	a.PutStr(signals.AttrFindingSummary, f.Summary)
	if b, err := json.Marshal(f.Receipt); err == nil { // fails only on NaN or Inf, which say nothing
		a.PutStr(signals.AttrFindingReceipt, string(b))
	}
	if len(f.Links) > 0 {
		links := a.PutEmptySlice(signals.AttrFindingLinks)
		for _, l := range f.Links {
			links.AppendEmpty().SetStr(l)
		}
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
