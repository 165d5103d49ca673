package consoleextension

import (
	"time"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

// maxMilliseconds is an hour: no trace that is waited for lasts longer.
const maxMilliseconds = 3_600_000

// services lists services with calls per second, share of errors, mean and 99th percentile over the
// last minute; with operations=1 also their operations. service restricts.
func (a *api) services(q *query) (any, error) {
	name, operations, limit := q.text("service"), q.number("operations", 0, 0, 1) == 1, q.limit(maxLimit)
	out := []localstore.ServiceView{}
	for _, v := range a.store.Services(a.now()) {
		if len(out) < limit && (name == "" || v.Service == name) && (operations || v.Operation == "") {
			out = append(out, v)
		}
	}
	return map[string]any{"time": a.now().Unix(), "services": out}, nil
}

// serviceGraph lists who calls whom; service restricts to calls from and to one.
func (a *api) serviceGraph(q *query) (any, error) {
	name := q.text("service")
	out := []localstore.EdgeView{}
	for _, e := range a.store.Edges(a.now()) {
		if name == "" || e.Client == name || e.Server == name {
			out = append(out, e)
		}
	}
	return map[string]any{"time": a.now().Unix(), "edges": out}, nil
}

// traces lists recent traces, the one written last first. service, operation, min_duration_ms and
// errors=1 ask for those with such a span, from and to for those that were under way then.
func (a *api) traces(q *query) (any, error) {
	return map[string]any{"traces": a.store.FindTraces(localstore.TraceQuery{
		Service:     q.text("service"),
		Operation:   q.text("operation"),
		MinDuration: time.Duration(q.number("min_duration_ms", 0, 0, maxMilliseconds)) * time.Millisecond,
		Errors:      q.number("errors", 0, 0, 1) == 1,
		From:        q.seconds("from") * int64(time.Second),
		To:          q.seconds("to") * int64(time.Second),
		Limit:       q.limit(50),
	})}, nil
}
