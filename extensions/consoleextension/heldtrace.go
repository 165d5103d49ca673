package consoleextension

import (
	"slices"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/rootcause"
)

// heldTrace is a trace that has left the page's own store, which is small, and is held
// still by who looks for causes: findings name such traces some time after they came.
func (a *api) heldTrace(id string) (localstore.TraceView, []localstore.Span, bool) {
	x, err := a.causes.explainer()
	if err != nil {
		return localstore.TraceView{}, nil, false
	}
	t, ok := x.Held(id)
	if !ok || len(t.Spans) == 0 {
		return localstore.TraceView{}, nil, false
	}
	first := &t.Spans[0]
	v := localstore.TraceView{ID: t.ID, Name: first.Operation, Service: first.Service, Start: first.Start, Spans: len(t.Spans)}
	end := first.Start
	spans := make([]localstore.Span, 0, len(t.Spans))
	for i := range t.Spans {
		s := &t.Spans[i]
		v.Start, end = min(v.Start, s.Start), max(end, s.Start+int64(s.Duration))
		if s.Error {
			v.Errors++
		}
		if !slices.Contains(v.Services, s.Service) {
			v.Services = append(v.Services, s.Service)
		}
		spans = append(spans, localstore.Span{
			TraceID: t.ID, SpanID: s.ID, ParentID: s.Parent, Name: s.Operation, Kind: kindNames[s.Kind], Service: s.Service,
			Start: s.Start, Duration: int64(s.Duration), Error: s.Error,
		})
	}
	v.Duration = end - v.Start
	return v, spans, true
}

var kindNames = map[rootcause.Kind]string{
	rootcause.Internal: "Internal", rootcause.Server: "Server", rootcause.Client: "Client", rootcause.Producer: "Producer", rootcause.Consumer: "Consumer",
}
