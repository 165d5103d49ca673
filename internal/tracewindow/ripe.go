package tracewindow

import (
	"iter"
	"time"
)

// Ripe yields the traces that have come to rest by now, the one written longest ago first. They
// stay in the window. The loop may stop early; what is left is yielded the next time.
func (w *Window) Ripe(now time.Time) iter.Seq[*Trace] {
	return func(yield func(*Trace) bool) {
		for _, id := range w.old(now) {
			if t := w.take(func() *held { return w.traces[id] }); t != nil && !yield(t) {
				return
			}
		}
		for {
			t := w.take(func() *held {
				if h := w.pending.first; h != nil && now.Sub(h.last) >= w.settings.Quiet {
					return h
				}
				return nil
			})
			if t == nil || !yield(t) {
				return
			}
		}
	}
}

// old lists the traces that are still written to but have reached their age. It looks at all of
// them, once a second at most.
func (w *Window) old(now time.Time) []TraceID {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.aged) < time.Second {
		return nil
	}
	w.aged = now
	var ids []TraceID
	for h := w.pending.first; h != nil; h = h.next {
		if h.revision == 0 && now.Sub(h.first) >= w.settings.MaxAge && now.Sub(h.last) < w.settings.Quiet {
			ids = append(ids, h.id)
		}
	}
	return ids
}

// take hands out the trace that choose returns under the lock.
func (w *Window) take(choose func() *held) *Trace {
	w.mu.Lock()
	h := choose()
	if h == nil || h.in != &w.pending {
		w.mu.Unlock()
		return nil
	}
	h.revision++
	w.waiting -= h.cost()
	w.pending.remove(h)
	w.done.push(h)
	t, spans := w.unpack(h)
	w.mu.Unlock()
	w.assemble(t, spans)
	return t
}

// Trace returns a trace as far as it is known.
func (w *Window) Trace(id TraceID) (*Trace, bool) {
	w.mu.Lock()
	h := w.traces[id]
	if h == nil || len(h.records) == 0 {
		w.mu.Unlock()
		return nil, false
	}
	t, spans := w.unpack(h)
	w.mu.Unlock()
	w.assemble(t, spans)
	return t, true
}

// All yields every trace held, the one written last first; those that leave the window
// meanwhile are left out.
func (w *Window) All() iter.Seq[*Trace] {
	return func(yield func(*Trace) bool) {
		w.mu.Lock()
		ids := make([]TraceID, 0, len(w.traces))
		for _, l := range [...]*list{&w.pending, &w.done} {
			for h := l.last; h != nil; h = h.prev {
				ids = append(ids, h.id)
			}
		}
		w.mu.Unlock()
		for _, id := range ids {
			if t, ok := w.Trace(id); ok && !yield(t) {
				return
			}
		}
	}
}

// unpack copies a trace out; texts are shared, they never change.
func (w *Window) unpack(h *held) (*Trace, []Span) {
	t := &Trace{ID: h.id, Revision: h.revision, Weight: h.weight, First: h.first, Last: h.last, Dropped: h.dropped}
	spans := make([]Span, len(h.records))
	attributes := make([]Attribute, len(h.attributes))
	for i, a := range h.attributes {
		attributes[i] = Attribute{w.symbols.text(a.key), w.symbols.text(a.value)}
	}
	for i := range h.records {
		r := &h.records[i]
		from, to := int(r.attributes), int(r.attributes)+int(r.count)
		spans[i] = Span{
			Trace: h.id, ID: r.id, ParentID: r.parent, Name: w.symbols.text(r.name), Kind: r.kind, Failed: r.failed, Message: w.symbols.text(r.message),
			Start: r.start, Duration: r.duration, Attributes: attributes[from:to:to], Resource: w.resources.entries[r.resource].value,
		}
	}
	return t, spans
}

// assemble puts a trace in order; of the window it locks only the clocks.
func (w *Window) assemble(t *Trace, spans []Span) {
	tree := grow(t, spans)
	w.mu.Lock()
	tree.observe(&w.clocks)
	offsets := tree.offsets(&w.clocks)
	w.mu.Unlock()
	tree.finish(offsets)
}
