package rootcauseconnector

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/rootcause"
	"github.com/tidewatch/tidewatch/signals"
)

// findings writes verdicts as log records.
func (c *causes) findings(ctx context.Context, verdicts []rootcause.Verdict) plog.Logs {
	ld := plog.NewLogs()
	for i := range verdicts {
		v := &verdicts[i]
		suspect := &v.Suspects[0]
		rl := ld.ResourceLogs().AppendEmpty()
		entity := rl.Resource().Attributes()
		entity.PutStr(signals.AttrServiceName, suspect.Service)
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		f := finding.Finding{
			Kind: signals.KindRootCause, State: string(v.State), Severity: severity(v), Score: suspect.Confidence,
			Start: v.Start, Time: v.At, Summary: Sentence(v), Receipt: receipt(v),
			Details: details(v),
		}
		f.AppendTo(records, entity)
		r := records.At(0)
		setTrace(r, exampleTrace(v))
		setAffects(r, v)
		if suspect.Host != "" { // not part of the identity: it may be found later
			r.Attributes().PutStr(signals.AttrHostName, suspect.Host)
		}
		c.telemetry.findings.Add(ctx, 1, by("state", f.State))
	}
	return ld
}

// severity is critical if a twentieth of the requests of a kind fail, or they take twice as
// long.
func severity(v *rootcause.Verdict) string {
	for _, t := range v.Troubles {
		if t.FailedNow-t.FailedUsual >= 0.05 || t.Ratio >= 2 {
			return signals.SeverityCritical
		}
	}
	return signals.SeverityWarning
}

// Sentence says the verdict in one sentence: what users notice, what is the cause,
// and why.
func Sentence(v *rootcause.Verdict) string {
	s := &v.Suspects[0]
	var b strings.Builder
	fmt.Fprintf(&b, "%s", s.Service)
	if s.Host != "" {
		fmt.Fprintf(&b, " on %s", s.Host)
	}
	if s.Version != "" {
		fmt.Fprintf(&b, ", version %s,", s.Version)
	}
	b.WriteString(" is the likely cause")
	if len(v.Troubles) > 0 {
		t := v.Troubles[0]
		if t.FailedNow-t.FailedUsual >= 0.02 {
			fmt.Fprintf(&b, " that %.3g %% of %s at %s fail", 100*t.FailedNow, t.Operation, t.Service)
		} else {
			fmt.Fprintf(&b, " that %s at %s takes %.2g times as long as usual", t.Operation, t.Service, t.Ratio)
		}
	}
	if len(s.Clues) > 0 {
		b.WriteString(": " + s.Clues[0].Text)
	}
	return b.String()
}

func receipt(v *rootcause.Verdict) finding.Receipt {
	r := finding.Receipt{HistorySeconds: v.History.Seconds()}
	if c := v.Suspects[0].Clues; len(c) > 0 {
		now, usual := c[0].Now, c[0].Usual
		r.Observed, r.Expected, r.Unit = &now, &usual, c[0].Unit
	}
	return r
}

// maxSuspects and maxClues are how many a finding names.
const maxSuspects, maxClues = 3, 5

func details(v *rootcause.Verdict) []finding.Attr {
	s := &v.Suspects[0]
	out := []finding.Attr{}
	for _, a := range []finding.Attr{
		{Key: signals.AttrFindingOperation, Value: s.Operation},
		{Key: signals.AttrFindingFault, Value: string(s.Fault)},
		{Key: "service.version", Value: s.Version},
		{Key: "service.instance.id", Value: s.Instance},
	} {
		if a.Value != "" {
			out = append(out, a)
		}
	}
	top := make([]rootcause.Suspect, 0, maxSuspects)
	for _, x := range v.Suspects[:min(maxSuspects, len(v.Suspects))] {
		x.Clues = x.Clues[:min(maxClues, len(x.Clues))]
		top = append(top, x)
	}
	if b, err := json.Marshal(top); err == nil { // fails on NaN only, of which there is none
		out = append(out, finding.Attr{Key: signals.AttrFindingSuspects, Value: string(b)})
	}
	return out
}

// exampleTrace is a trace that shows the cause, or what users notice.
func exampleTrace(v *rootcause.Verdict) string {
	for _, c := range v.Suspects[0].Clues {
		if c.Trace != "" {
			return c.Trace
		}
	}
	if len(v.Troubles) > 0 {
		return v.Troubles[0].Trace
	}
	return ""
}

// setAffects names the services that suffer, and the traces that show it.
func setAffects(r plog.LogRecord, v *rootcause.Verdict) {
	services, traces := map[string]bool{}, map[string]bool{}
	for _, x := range v.Affects {
		services[x] = true
	}
	for _, t := range v.Troubles {
		services[t.Service] = true
		traces[t.Trace] = true
	}
	for _, c := range v.Suspects[0].Clues {
		traces[c.Trace] = true
	}
	delete(traces, "")
	putList(r, signals.AttrFindingAffects, services)
	putList(r, signals.AttrFindingTraces, traces)
}

func putList(r plog.LogRecord, key string, set map[string]bool) {
	if len(set) == 0 {
		return
	}
	list := r.Attributes().PutEmptySlice(key)
	for _, x := range slices.Sorted(maps.Keys(set)) {
		if list.Len() < maxNamed {
			list.AppendEmpty().SetStr(x)
		}
	}
}

// maxNamed is how many services and traces a finding names.
const maxNamed = 30

func setTrace(r plog.LogRecord, id string) {
	var t pcommon.TraceID
	if n, err := hex.Decode(t[:], []byte(id)); err == nil && n == len(t) {
		r.SetTraceID(t)
	}
}
