package tracewindow

import (
	"math"
	"sync"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// Settings bounds a window. A zero or negative field takes its default.
type Settings struct {
	// MaxBytes is the memory for everything held. The default of 16 MiB is about 100,000 usual
	// spans.
	MaxBytes int64
	// MaxSpans is how many spans of one trace are held; by default 100,000. A trace holds at most
	// half of MaxBytes in any case.
	MaxSpans int
	// MaxAttributes is how many attributes of a span are kept; by default 16, at most 255.
	MaxAttributes int
	// Quiet is how long after its last span a trace is taken to be at rest; by default 5 s, the
	// interval of most SDKs' batches.
	Quiet time.Duration
	// MaxAge is how long after its first span a trace is handed out at the latest; by default 60 s.
	MaxAge time.Duration
}

func (s Settings) withDefaults() Settings {
	if s.MaxBytes <= 0 {
		s.MaxBytes = 16 << 20
	}
	if s.MaxSpans <= 0 {
		s.MaxSpans = 100_000
	}
	if s.MaxAttributes <= 0 {
		s.MaxAttributes = 16
	}
	s.MaxAttributes = min(s.MaxAttributes, math.MaxUint8)
	if s.Quiet <= 0 {
		s.Quiet = 5 * time.Second
	}
	if s.MaxAge <= 0 {
		s.MaxAge = time.Minute
	}
	return s
}

// Totals counts what the window did since it was made, and what it holds.
type Totals struct {
	// Spans were given to Add.
	Spans uint64
	// SampledSpans were of traces that were not admitted because of overload; DroppedSpans were more
	// than one trace may hold.
	SampledSpans, DroppedSpans uint64
	// EvictedTraces made room after they were handed out, LostTraces before; LostSpans were theirs.
	EvictedTraces, LostTraces, LostSpans uint64
	// Late counts traces that got spans after they were handed out.
	Late uint64
	// Traces, HeldSpans and Bytes are held now. Share is of how many new traces one is admitted.
	Traces, HeldSpans int
	Bytes             int64
	Share             float64
}

// Window holds traces. Make one with New.
type Window struct {
	settings Settings

	mu        sync.Mutex // guards all below
	symbols   symbols
	resources resources
	traces    map[TraceID]*held
	pending   list // not handed out since their last span, the one written longest ago first
	done      list // the others, likewise
	bytes     int64
	waiting   int64 // bytes of pending
	admission admission
	aged      time.Time // when traces were last looked at for MaxAge
	totals    Totals
	clocks    Clocks
}

// New returns an empty window.
func New(s Settings) *Window {
	return &Window{
		settings: s.withDefaults(), symbols: newSymbols(), resources: newResources(), traces: map[TraceID]*held{}, admission: admission{share: 1},
	}
}

// record is a span as it is held.
type record struct {
	id, parent      SpanID
	start, duration int64
	resource        uint32
	name, message   symbol
	attributes      uint32 // index of the first
	count           uint8  // of attributes
	kind            Kind
	failed          bool
}

type pair struct{ key, value symbol }

// held is a trace as it is held.
type held struct {
	id          TraceID
	records     []record
	attributes  []pair
	first, last time.Time
	weight      float64
	dropped     int
	revision    int
	in          *list
	prev, next  *held
}

// traceCost is a trace without spans: itself, and its place in the map at the usual filling.
const traceCost = int64(unsafe.Sizeof(held{})) + 48

func (h *held) cost() int64 {
	return traceCost + int64(cap(h.records))*int64(unsafe.Sizeof(record{})) + int64(cap(h.attributes))*int64(unsafe.Sizeof(pair{}))
}

// Add takes spans of one resource; those without a trace id are left out. Nothing of them is
// kept that the caller may change later.
func (w *Window) Add(now time.Time, r *Resource, spans []Span) {
	if len(spans) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.admission.adjust(now, w.waiting, w.settings.MaxBytes)
	resource := w.resources.add(r)
	var h *held
	for i := range spans {
		s := &spans[i]
		w.totals.Spans++
		if s.Trace == (TraceID{}) {
			w.totals.DroppedSpans++
			continue
		}
		if h == nil || h.id != s.Trace {
			if h = w.admit(s.Trace, now); h == nil {
				w.totals.SampledSpans++
				continue
			}
		}
		w.append(h, resource, s, now)
		if w.used() > w.settings.MaxBytes {
			w.makeRoom(h, now)
		}
	}
	w.resources.release(resource)
}

func (w *Window) used() int64 { return w.bytes + w.symbols.bytes + w.resources.bytes }

// admit returns the trace of an id, a new one if it may come in.
func (w *Window) admit(id TraceID, now time.Time) *held {
	if h := w.traces[id]; h != nil {
		return h
	}
	if !w.admission.takes(xxhash.Sum64(id[:])) {
		return nil
	}
	h := &held{id: id, first: now, weight: 1 / w.admission.share}
	w.traces[id] = h
	w.bytes += traceCost
	w.waiting += traceCost
	w.pending.push(h)
	return h
}

// append adds a span to its trace.
func (w *Window) append(h *held, resource uint32, s *Span, now time.Time) {
	before := h.cost()
	if len(h.records) >= w.settings.MaxSpans || before > w.settings.MaxBytes/2 {
		h.dropped++
		w.totals.DroppedSpans++
		return
	}
	r := record{
		id: s.ID, parent: s.ParentID, start: s.Start, duration: max(0, s.Duration), resource: resource,
		name: w.symbols.add(cut(s.Name)), message: w.symbols.add(cut(s.Message)),
		attributes: uint32(len(h.attributes)), kind: s.Kind, failed: s.Failed, //nolint:gosec // bounded by bytes
	}
	w.resources.entries[resource].refs++
	for j := range s.Attributes[:min(len(s.Attributes), w.settings.MaxAttributes)] {
		a := &s.Attributes[j]
		h.attributes = append(h.attributes, pair{w.symbols.add(cut(a.Key)), w.symbols.add(cut(a.Value))})
		r.count++
	}
	h.records = append(h.records, r)
	w.totals.HeldSpans++
	grown := h.cost() - before
	w.bytes += grown
	h.last = now
	if h.in == &w.done {
		w.totals.Late++
		w.waiting += h.cost()
	} else {
		w.waiting += grown
	}
	h.in.remove(h)
	w.pending.push(h)
}

// makeRoom evicts what was handed out and then what was not, never the trace that is written.
func (w *Window) makeRoom(writing *held, now time.Time) {
	for w.used() > w.settings.MaxBytes {
		h := w.done.first
		if h == nil {
			if h = w.pending.first; h == writing {
				return
			}
			w.admission.overflowed(now)
			w.totals.LostTraces++
			w.totals.LostSpans += uint64(len(h.records))
		} else {
			w.totals.EvictedTraces++
		}
		w.drop(h)
	}
}

func (w *Window) drop(h *held) {
	for i := range h.records {
		r := &h.records[i]
		w.symbols.release(r.name)
		w.symbols.release(r.message)
		w.resources.release(r.resource)
	}
	for _, a := range h.attributes {
		w.symbols.release(a.key)
		w.symbols.release(a.value)
	}
	w.totals.HeldSpans -= len(h.records)
	w.bytes -= h.cost()
	if h.in == &w.pending {
		w.waiting -= h.cost()
	}
	h.in.remove(h)
	delete(w.traces, h.id)
}

// Totals returns the counters.
func (w *Window) Totals() Totals {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.totals
	t.Traces, t.Bytes, t.Share = len(w.traces), w.used(), w.admission.share
	return t
}
