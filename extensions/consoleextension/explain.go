package consoleextension

import (
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/rootcause"
	"github.com/tidewatch/tidewatch/signals"
)

// Bounds of what an explanation brings along.
const (
	explainLines    = 20
	explainFindings = 10
	explainTraces   = 3
)

// causes is who answers questions about causes: the root_cause connector, which starts
// after this extension.
type causes struct {
	mu sync.Mutex // guards x
	x  rootcause.Explainer
}

func (c *causes) explainer() (rootcause.Explainer, error) {
	if c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.x != nil {
			return c.x, nil
		}
	}
	return nil, notFound("nothing explains traces here: add the root_cause connector to the pipeline of traces")
}

// ServeRootCause says who explains traces.
func (c *console) ServeRootCause(x rootcause.Explainer) {
	c.causes.mu.Lock()
	defer c.causes.mu.Unlock()
	c.causes.x = x
}

// explanation is what a person needs to see of a culprit.
type explanation struct {
	Time     int64                    `json:"time"`
	Story    *rootcause.Story         `json:"story,omitempty"`
	Troubles []rootcause.Trouble      `json:"troubles,omitempty"`
	Suspects []rootcause.Suspect      `json:"suspects,omitempty"`
	Stories  []rootcause.Story        `json:"stories,omitempty"`
	Logs     []localstore.LogView     `json:"logs"`
	Findings []localstore.FindingView `json:"findings"`
}

// explain tells the story of the trace that is given; or, for a service, what is wrong
// now, the worst of its traces since then, and who is suspected.
func (a *api) explain(q *query) (any, error) {
	x, err := a.causes.explainer()
	if err != nil {
		return nil, err
	}
	trace, service := q.text("trace"), q.text("service")
	since := a.now().Add(-time.Duration(q.number("since_seconds", 900, 1, 86400)) * time.Second)
	switch {
	case (trace == "") == (service == ""):
		return nil, badRequest("give either trace or service")
	case trace != "":
		return a.explainTrace(x, trace, since)
	}
	return a.explainService(x, service, since), nil
}

func (a *api) explainTrace(x rootcause.Explainer, id string, since time.Time) (any, error) {
	s, ok := x.Trace(id)
	if !ok {
		return nil, notFound("there is no such trace; it may have been evicted")
	}
	e := explanation{Time: a.now().Unix(), Story: &s, Logs: a.store.Logs(localstore.LogQuery{TraceID: s.TraceID, Limit: explainLines})}
	service, host := "", ""
	if s.Culprit != nil {
		service, host = s.Culprit.Service, s.Culprit.Host
	}
	e.Findings = a.about(service, host, since)
	return e, nil
}

func (a *api) explainService(x rootcause.Explainer, service string, since time.Time) any {
	e := explanation{Time: a.now().Unix()}
	e.Troubles, e.Suspects = x.Now()
	for _, t := range a.store.FindTraces(localstore.TraceQuery{Service: service, Errors: true, Limit: explainTraces}) {
		e.tell(x, t, since)
	}
	if len(e.Stories) < explainTraces {
		var slow localstore.TraceView
		for _, t := range a.store.FindTraces(localstore.TraceQuery{Service: service, Limit: maxLimit}) {
			if t.Duration > slow.Duration && t.Start >= since.UnixNano() {
				slow = t
			}
		}
		e.tell(x, slow, since)
	}
	culprit, host := service, ""
	if len(e.Suspects) > 0 && e.Suspects[0].Confidence >= rootcause.Unknown {
		culprit, host = e.Suspects[0].Service, e.Suspects[0].Host
	}
	e.Logs = a.store.Logs(localstore.LogQuery{Service: culprit, MinSeverity: localstore.SeverityWarn, Limit: explainLines})
	e.Findings = a.about(culprit, host, since)
	return e
}

// tell adds the story of a trace, once.
func (e *explanation) tell(x rootcause.Explainer, t localstore.TraceView, since time.Time) {
	for _, s := range e.Stories {
		if s.TraceID == t.ID {
			return
		}
	}
	if t.ID == "" || t.Start < since.UnixNano() {
		return
	}
	if s, ok := x.Trace(t.ID); ok {
		e.Stories = append(e.Stories, s)
	}
}

// about are the findings about a service or a host that were open since then.
func (a *api) about(service, host string, since time.Time) []localstore.FindingView {
	out := []localstore.FindingView{}
	for _, f := range a.store.Findings() {
		if !f.Open() && int64(f.Resolved) < since.Unix() {
			continue
		}
		for _, e := range f.Entity {
			if service != "" && e.Key == signals.AttrServiceName && e.Value == service || host != "" && e.Key == signals.AttrHostName && e.Value == host {
				out = append(out, f)
				break
			}
		}
		if len(out) == explainFindings {
			break
		}
	}
	return out
}
