package localstore

import "time"

// TraceQuery restricts traces; zero fields do not.
type TraceQuery struct {
	// Service and Operation must be those of a span, of the same one if both are given.
	Service, Operation string
	// MinDuration is that of the trace, or, with Service or Operation, of such a span.
	MinDuration time.Duration
	// Errors asks for traces with a span that failed; with Service or Operation such a span.
	Errors bool
	// From and To ask for traces that were under way then, in Unix nanoseconds.
	From, To int64
	Limit    int
}

// FindTraces returns the traces that fit, the one written last first.
func (s *Store) FindTraces(q TraceQuery) []TraceView {
	t := &s.traces
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []TraceView{}
	for e := t.lru.Front(); e != nil && len(out) < q.Limit; e = e.Next() {
		tr := e.Value.(*trace)
		if len(tr.spans) == 0 {
			continue
		}
		if v := tr.view(); q.fits(tr, &v) {
			out = append(out, v)
		}
	}
	return out
}

func (q *TraceQuery) fits(tr *trace, v *TraceView) bool {
	if q.From > 0 && v.Start+v.Duration < q.From || q.To > 0 && v.Start >= q.To {
		return false
	}
	if q.Service == "" && q.Operation == "" {
		return v.Duration >= int64(q.MinDuration) && (!q.Errors || v.Errors > 0)
	}
	for i := range tr.spans {
		sp := &tr.spans[i]
		if (q.Service == "" || sp.Service == q.Service) && (q.Operation == "" || sp.Name == q.Operation) &&
			sp.Duration >= int64(q.MinDuration) && (!q.Errors || sp.Error) {
			return true
		}
	}
	return false
}
