package rootcauseconnector

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/tracewindow"
	"github.com/tidewatch/tidewatch/rootcause"
	"github.com/tidewatch/tidewatch/signals"
)

// inboxes let the uses of one connector in different pipelines meet.
type inboxes struct {
	mu   sync.Mutex // guards byID
	byID map[component.ID]*inbox
}

func (s *inboxes) of(id component.ID, limit int) *inbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.byID[id]
	if b == nil {
		b = &inbox{lines: map[tracewindow.TraceID][]rootcause.Line{}}
		s.byID[id] = b
	}
	b.mu.Lock()
	b.limit = limit
	b.mu.Unlock()
	return b
}

// inbox holds evidence until it is joined with traces.
type inbox struct {
	mu      sync.Mutex // guards all below
	limit   int
	notes   []note
	lines   map[tracewindow.TraceID][]rootcause.Line
	order   []tracewindow.TraceID // of lines, the oldest first
	count   int
	dropped int64
}

type note struct {
	rootcause.Note
	over bool
}

func (b *inbox) addNote(n note) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.notes) >= b.limit {
		b.dropped++
		return
	}
	b.notes = append(b.notes, n)
}

// addLine keeps a line; the lines of the oldest trace give way.
func (b *inbox) addLine(id tracewindow.TraceID, l rootcause.Line) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.count >= b.limit && len(b.order) > 0 {
		b.dropped += int64(len(b.drop(b.order[0])))
		b.order = b.order[1:]
	}
	if len(b.lines[id]) == 0 {
		b.order = append(b.order, id)
	}
	b.lines[id] = append(b.lines[id], l)
	b.count++
}

func (b *inbox) drop(id tracewindow.TraceID) []rootcause.Line {
	l := b.lines[id]
	delete(b.lines, id)
	b.count -= len(l)
	return l
}

// take returns the lines of a trace.
func (b *inbox) take(id tracewindow.TraceID) []rootcause.Line {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.drop(id)
}

// drain returns the notes, and how much had no room since the last time.
func (b *inbox) drain() ([]note, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	notes, dropped := b.notes, b.dropped
	b.notes, b.dropped = nil, 0
	return notes, dropped
}

// evidence takes what other components found and said.
type evidence struct {
	component.StartFunc
	component.ShutdownFunc
	inbox *inbox
}

// Capabilities says that records are only read.
func (*evidence) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs keeps findings, and lines that belong to a trace and have a pattern.
func (e *evidence) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	for _, rl := range ld.ResourceLogs().All() {
		resource := rl.Resource().Attributes()
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				if r.EventName() == signals.EventFinding {
					if n, ok := readNote(resource, r); ok {
						e.inbox.addNote(n)
					}
				} else if !r.TraceID().IsEmpty() {
					if pattern := text(r.Attributes(), signals.AttrPatternID); pattern != "" {
						e.inbox.addLine(tracewindow.TraceID(r.TraceID()), rootcause.Line{
							Time: recordTime(r), Service: text(resource, signals.AttrServiceName), Instance: text(resource, "k8s.pod.name"),
							Pattern: pattern, Template: text(r.Attributes(), signals.AttrTemplate), Severe: r.SeverityNumber() >= plog.SeverityNumberError,
						})
					}
				}
			}
		}
	}
	return nil
}

// readNote reads a finding about a resource in use or a change of the log.
func readNote(resource pcommon.Map, r plog.LogRecord) (note, bool) {
	a := r.Attributes()
	n := note{Note: rootcause.Note{
		Service: text(resource, signals.AttrServiceName), Instance: text(resource, "k8s.pod.name"), Host: text(resource, signals.AttrHostName),
		Text: text(a, signals.AttrFindingSummary),
	}}
	n.over = text(a, signals.AttrFindingState) == signals.StateResolved
	if v, ok := a.Get(signals.AttrFindingScore); ok {
		n.Score = min(1, max(0, v.Double()))
	}
	switch kind := text(a, signals.AttrFindingKind); {
	case strings.HasPrefix(kind, "pattern_") && n.Service != "":
		n.Channel = rootcause.LogLines
	case kind == signals.KindMetricAnomaly && ofResource(text(a, signals.AttrFindingMetric)):
		n.Channel = rootcause.Resource
	default:
		return n, false
	}
	return n, n.Service != "" || n.Host != ""
}

// ofResource says whether a metric, by the semantic conventions, is about CPU or
// memory in use.
func ofResource(metric string) bool {
	return strings.Contains(metric, ".cpu.") || strings.Contains(metric, ".memory.") || strings.Contains(metric, ".paging.")
}

func text(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok {
		return v.AsString()
	}
	return ""
}

func recordTime(r plog.LogRecord) int64 {
	if t := r.Timestamp(); t != 0 {
		return int64(t)
	}
	if t := r.ObservedTimestamp(); t != 0 {
		return int64(t)
	}
	return time.Now().UnixNano()
}
