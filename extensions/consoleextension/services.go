package consoleextension

import (
	"math"
	"time"

	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

// maxMilliseconds is an hour: no trace that is waited for lasts longer.
const maxMilliseconds = 3_600_000

// serviceAnswer is a service or operation with what is usual of it.
type serviceAnswer struct {
	localstore.ServiceView
	// Usual are the bands of calls, errors, latency_mean and latency_p99, of those that
	// are watched and have one.
	Usual map[string]usualBand `json:"usual,omitempty"`
}

// usualBand is what was learned for this hour. An end that is open is null.
type usualBand struct {
	Lower  localstore.Number `json:"lower"`
	Upper  localstore.Number `json:"upper"`
	State  string            `json:"state"`
	Series string            `json:"series"`
}

// serviceMetrics are the watched metrics of services, by the name of their field.
var serviceMetrics = map[string]string{
	signals.MetricServiceCalls: "calls", signals.MetricServiceErrors: "errors",
	signals.MetricServiceLatencyMean: "latency_mean", signals.MetricServiceLatencyP99: "latency_p99",
}

// usualOfServices are the bands by service and operation.
func (a *api) usualOfServices() map[[2]string]map[string]usualBand {
	out := map[[2]string]map[string]usualBand{}
	for _, s := range a.store.Series() {
		field := serviceMetrics[s.Metric]
		if field == "" || s.State == "learning" || math.IsNaN(float64(s.Lower)) && math.IsNaN(float64(s.Upper)) {
			continue
		}
		k := [2]string{valueOf(s.Entity, signals.AttrServiceName), valueOf(s.Attrs, "span.name")}
		if out[k] == nil {
			out[k] = map[string]usualBand{}
		}
		out[k][field] = usualBand{s.Lower, s.Upper, s.State, s.ID}
	}
	return out
}

func valueOf(attrs []localstore.Attr, key string) string {
	for _, at := range attrs {
		if at.Key == key {
			return at.Value
		}
	}
	return ""
}

// services lists services with calls per second, share of errors, mean and 99th percentile over the
// last minute; with operations=1 also their operations. service restricts.
func (a *api) services(q *query) (any, error) {
	name, operations, limit := q.text("service"), q.number("operations", 0, 0, 1) == 1, q.limit(maxLimit)
	out := []serviceAnswer{}
	usual := a.usualOfServices()
	for _, v := range a.store.Services(a.now()) {
		if len(out) < limit && (name == "" || v.Service == name) && (operations || v.Operation == "") {
			out = append(out, serviceAnswer{v, usual[[2]string{v.Service, v.Operation}]})
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
