package localstore

import (
	"cmp"
	"container/list"
	"slices"
	"sync"
	"time"
)

// One trace may hold a tenth of all spans, so that a runaway trace can't take
// the place of all others.
const (
	traceShare   = 10
	maxSpanAttrs = 8
	maxSpanText  = 160
)

// Span is one span.
type Span struct {
	TraceID  string `json:"-"`
	SpanID   string `json:"span_id"`
	ParentID string `json:"parent_id,omitempty"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Service  string `json:"service"`
	// Start is in Unix nanoseconds, Duration in nanoseconds; as text in JSON,
	// where numbers lose digits.
	Start    int64 `json:"start,string"`
	Duration int64 `json:"duration,string"`
	Error    bool  `json:"error"`
	// Message is the status message.
	Message string `json:"message,omitempty"`
	Attrs   []Attr `json:"attributes,omitempty"`
}

// TraceView sums a trace up.
type TraceView struct {
	ID string `json:"id"`
	// Name and Service are those of the root span; of the earliest one while the
	// root has not come.
	Name     string   `json:"name"`
	Service  string   `json:"service"`
	Services []string `json:"services"`
	Start    int64    `json:"start,string"`
	Duration int64    `json:"duration,string"`
	Spans    int      `json:"spans"`
	Errors   int      `json:"errors"`
}

type traceTable struct {
	mu        sync.Mutex // guards all below
	maxTraces int
	maxSpans  int
	byID      map[string]*list.Element // of *trace
	lru       *list.List
	held      int
	written   uint64
	evicted   uint64
	dropped   uint64
}

type trace struct {
	id    string
	spans []Span
}

func (t *traceTable) init(maxTraces, maxSpans int) {
	t.maxTraces, t.maxSpans = maxTraces, maxSpans
	t.byID = map[string]*list.Element{}
	t.lru = list.New()
}

func (t *traceTable) total(out *Totals) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out.Spans, out.Traces, out.EvictedTraces, out.DroppedSpans = t.written, len(t.byID), t.evicted, t.dropped
}

// PutSpan adds a span to its trace. The trace that was written longest ago
// makes room.
func (s *Store) PutSpan(sp Span) {
	t := &s.traces
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written++
	e, ok := t.byID[sp.TraceID]
	if !ok {
		if len(t.byID) >= t.maxTraces {
			t.evict(t.lru.Back())
		}
		tr := &trace{id: clip(sp.TraceID, maxName)}
		e = t.lru.PushFront(tr)
		t.byID[tr.id] = e
	}
	t.lru.MoveToFront(e)
	tr := e.Value.(*trace)
	if len(tr.spans) >= max(1, t.maxSpans/traceShare) {
		t.dropped++
		return
	}
	tr.spans = append(tr.spans, sp.clipped(tr.id))
	t.held++
	for t.held > t.maxSpans && t.lru.Back() != e {
		t.evict(t.lru.Back())
	}
}

func (t *traceTable) evict(e *list.Element) {
	tr := e.Value.(*trace)
	t.held -= len(tr.spans)
	delete(t.byID, tr.id)
	t.lru.Remove(e)
	t.evicted++
}

func (sp Span) clipped(traceID string) Span {
	sp.TraceID = traceID
	sp.SpanID, sp.ParentID = clip(sp.SpanID, 64), clip(sp.ParentID, 64)
	sp.Name, sp.Kind, sp.Service = clip(sp.Name, maxSpanText), clip(sp.Kind, 32), clip(sp.Service, maxSpanText)
	sp.Message = clip(sp.Message, maxSpanText)
	attrs := make([]Attr, 0, min(len(sp.Attrs), maxSpanAttrs))
	for _, a := range sp.Attrs[:cap(attrs)] {
		attrs = append(attrs, Attr{Key: clip(a.Key, maxSpanText), Value: clip(a.Value, maxSpanText)})
	}
	sp.Attrs = attrs
	return sp
}

// Trace returns a trace and its spans by start.
func (s *Store) Trace(id string) (TraceView, []Span, bool) {
	t := &s.traces
	t.mu.Lock()
	e, ok := t.byID[id]
	if !ok {
		t.mu.Unlock()
		return TraceView{}, nil, false
	}
	tr := trace{id: id, spans: slices.Clone(e.Value.(*trace).spans)}
	t.mu.Unlock()
	slices.SortStableFunc(tr.spans, func(a, b Span) int { return cmp.Compare(a.Start, b.Start) })
	return tr.view(), tr.spans, true
}

func (tr *trace) view() TraceView {
	first := &tr.spans[0]
	v := TraceView{ID: tr.id, Start: first.Start, Spans: len(tr.spans), Services: []string{}}
	end := first.Start
	var root *Span
	for i := range tr.spans {
		sp := &tr.spans[i]
		v.Start = min(v.Start, sp.Start)
		end = max(end, sp.Start+sp.Duration)
		if sp.Error {
			v.Errors++
		}
		if sp.Start < first.Start {
			first = sp
		}
		if sp.ParentID == "" && (root == nil || sp.Start < root.Start) {
			root = sp
		}
		if !slices.Contains(v.Services, sp.Service) && len(v.Services) < maxSpanAttrs {
			v.Services = append(v.Services, sp.Service)
		}
	}
	if root == nil {
		root = first
	}
	v.Name, v.Service = root.Name, root.Service
	v.Duration = end - v.Start
	return v
}

// SpanDuration is the time from start to end, 0 if the clock went backwards.
func SpanDuration(start, end time.Time) int64 {
	return max(0, int64(end.Sub(start)))
}
