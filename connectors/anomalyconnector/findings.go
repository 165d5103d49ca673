package anomalyconnector

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/anomaly"
	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/signals"
)

// tell makes a finding of what happened to a group.
func (b *batch) tell(s *series, g *group, state string, t pcommon.Timestamp, v float64, verdict *anomaly.Verdict) {
	w := b.watcher
	g.notifiedAt, g.changed = t, false
	if w.logs == nil {
		return
	}
	if math.IsNaN(verdict.Lower) {
		s.detector.AddBand(verdict)
	}
	f := b.finding(s, g, state, t, v, verdict)
	w.pending.add(&f, b.resource, &w.counts)
	w.counts.findings[state]++
}

func (b *batch) finding(s *series, g *group, state string, t pcommon.Timestamp, v float64, verdict *anomaly.Verdict) finding.Finding {
	f := finding.Finding{
		Kind: signals.KindMetricAnomaly, State: state, Severity: s.rule.Severity, Score: verdict.Score,
		Start: g.start.AsTime(), Time: t.AsTime(),
		Subject: []finding.Attr{{Key: signals.AttrFindingMetric, Value: b.subject.name()}},
		Receipt: finding.Receipt{
			Observed: number(v), Expected: number(verdict.Expected), Lower: number(b.subject.lower(verdict)), Upper: number(verdict.Upper),
			HistorySeconds: math.Round(s.detector.History().Seconds()), Unit: b.subject.unitOf(),
		},
	}
	for k, value := range b.subject.attributes.All() {
		f.Subject = append(f.Subject, finding.Attr{Key: k, Value: value.AsString()})
	}
	if f.State != signals.StateResolved && verdict.State == anomaly.Anomalous {
		f.Receipt.PerWeek = number(verdict.Receipt.PerWeek)
	}
	if list := g.list(); list != "" {
		f.Details = []finding.Attr{{Key: signals.AttrFindingOthers, Value: list}}
	}
	if before, ok := s.detector.SameHourLastWeek(t.AsTime()); ok {
		f.Receipt.SameHourLastWeek = number(before)
	}
	f.Summary = b.summary(&f, g, verdict, v)
	return f
}

// unitOf is the unit of the judged values.
func (s *subject) unitOf() string {
	unit := s.unit
	if s.suffix == ".count" {
		unit = "1"
	}
	if s.perSecond {
		return unit + "/s"
	}
	return unit
}

// label names a series for people.
func (s *subject) label() string {
	if s.attributes.Len() == 0 {
		return s.name()
	}
	attrs := make([]string, 0, s.attributes.Len())
	for k, v := range s.attributes.All() {
		attrs = append(attrs, k+"="+v.AsString())
	}
	return s.name() + " {" + strings.Join(attrs, ", ") + "}"
}

func (b *batch) summary(f *finding.Finding, g *group, verdict *anomaly.Verdict, v float64) string {
	text := b.leading(f, g, verdict, v)
	switch list := g.list(); {
	case g.others == 0:
	case list == "":
		text += fmt.Sprintf(" At the same moment: %d other series.", g.others)
	default:
		text += " At the same moment: " + list + "."
	}
	return text
}

// leading is the sentence about the series that leads a finding.
func (b *batch) leading(f *finding.Finding, g *group, verdict *anomaly.Verdict, v float64) string {
	name := b.subject.label()
	switch {
	case f.State == signals.StateResolved && verdict.State == anomaly.Adapting:
		return fmt.Sprintf("%s stayed at about %s since %s; this is now taken for normal.", name, b.format(v), f.Start.UTC().Format(time.TimeOnly))
	case f.State == signals.StateResolved:
		return fmt.Sprintf("%s is back in its band after %s: %s.", name, f.Time.Sub(f.Start).Round(time.Second), b.format(v))
	case verdict.State != anomaly.Anomalous:
		return fmt.Sprintf("%s is back in its band: %s; %d other series are not yet in theirs.", name, b.format(v), g.open)
	}
	side := "above"
	if v < verdict.Expected {
		side = "below"
	}
	return fmt.Sprintf("%s is %s, %s what is usual at this time: about %s (%s to %s).", name, b.format(v), side,
		b.format(verdict.Expected), b.format(b.subject.lower(verdict)), b.format(verdict.Upper))
}

func (b *batch) format(v float64) string {
	return readable(v, b.subject.unitOf(), b.subject.metric)
}

// number is a receipt's field; what is not finite is left out.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// maxPending is how many findings wait for a logs pipeline that refuses them.
const maxPending = 1000

// pending are findings to be sent. Those that a pipeline refuses are tried again
// with the next batch of metrics, so that a failing log backend does not hold up
// metrics.
type pending struct {
	logs plog.Logs
	n    int
}

func (p *pending) add(f *finding.Finding, resource pcommon.Resource, c *counts) {
	if p.n >= maxPending {
		c.findingsDropped++
		return
	}
	if p.n == 0 {
		p.logs = plog.NewLogs()
	}
	p.n++
	rl := p.logs.ResourceLogs().AppendEmpty()
	resource.CopyTo(rl.Resource())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scope)
	f.AppendTo(sl.LogRecords(), resource.Attributes())
}

// takePending removes all that wait.
func (w *watcher) takePending() (plog.Logs, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.pending
	w.pending = pending{}
	return p.logs, p.n
}

// send gives the waiting findings to the logs pipeline; what it refuses waits again.
func (w *watcher) send(ctx context.Context, next consumer.Logs) error {
	logs, n := w.takePending()
	if n == 0 {
		return nil
	}
	kept := plog.NewLogs()
	logs.CopyTo(kept) // the pipeline may change what it is given
	err := next.ConsumeLogs(ctx, logs)
	if err == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending.n > 0 {
		w.pending.logs.ResourceLogs().MoveAndAppendTo(kept.ResourceLogs())
	}
	w.pending.logs = kept
	w.pending.n += n
	return err
}
