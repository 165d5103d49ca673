package redconnector

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/pressure"
	"github.com/tidewatch/tidewatch/signals"
)

// Statuses and kinds as upstream's span metrics name them.
var (
	statuses = [...]string{"STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"}
	kindsOf  = [...]string{"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT", "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER"}
)

func nameIn[K ~int32](names []string, i K) string {
	if i < 0 || int(i) >= len(names) {
		return names[0]
	}
	return names[i]
}

// collect turns the counts into metrics and begins a new interval.
func (r *red) collect() pmetric.Metrics {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cfg.ServiceGraph.Enabled {
		r.graph.expire(now)
	}
	r.table.expire(now)
	c := &collection{cfg: r.cfg, md: pmetric.NewMetrics(), now: now, at: pcommon.NewTimestampFromTime(now), delta: r.cfg.Temporality == temporalityDelta}
	c.sheds = r.pressure.Level() >= pressure.DropExemplars
	for _, key := range slices.Sorted(maps.Keys(r.table.services)) {
		c.service(r.table.services[key])
	}
	c.edges(r.graph)
	r.telemetry.record(r)
	r.shed.Add(context.Background(), pressure.DropExemplars, c.shed)
	return c.md
}

// collection is the walk through everything that is counted.
type collection struct {
	cfg     *Config
	md      pmetric.Metrics
	now     time.Time
	at      pcommon.Timestamp
	delta   bool
	scratch exponential
	sheds   bool // exemplars are left out
	shed    int  // so many were
}

func (c *collection) scope(resource pcommon.Map) pmetric.MetricSlice {
	rm := c.md.ResourceMetrics().AppendEmpty()
	resource.CopyTo(rm.Resource().Attributes())
	sm := rm.ScopeMetrics().AppendEmpty()
	sm.Scope().SetName(scopeName)
	return sm.Metrics()
}

func (c *collection) service(s *service) {
	metrics := c.scope(s.attributes)
	list := make([]*series, 0, len(s.series))
	for _, x := range s.series {
		if !c.delta || x.fresh {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b *series) int {
		return cmp.Or(cmp.Compare(a.operation.name, b.operation.name), cmp.Compare(a.kind, b.kind), cmp.Compare(a.status, b.status), a.start.Compare(b.start))
	})
	if len(list) > 0 {
		calls := c.sum(metrics, signals.MetricSpanCalls, "{call}", "Spans, by service, name, kind and status.")
		durations := c.histogram(metrics, signals.MetricSpanDuration, c.cfg.Histogram.Unit, "Duration of spans, by service, name, kind and status.")
		for _, x := range list {
			p := calls.AppendEmpty()
			x.name(s, p.Attributes())
			p.SetIntValue(int64(x.duration.count)) //nolint:gosec // a count
			c.times(p, x.start)
			c.distribution(durations, &x.duration, x.start, []exemplar{x.slowest, x.latest}, func(to pcommon.Map) { x.name(s, to) })
			x.slowest, x.latest, x.fresh = exemplar{}, exemplar{}, false
			if c.delta {
				x.duration.reset()
				x.start = c.now
			}
		}
	}
	if c.cfg.Gauges.Enabled {
		c.gauges(metrics, s)
	}
}

// name writes the attributes of a series.
func (x *series) name(s *service, to pcommon.Map) {
	to.EnsureCapacity(4 + x.dimensions.Len())
	to.PutStr(signals.AttrServiceName, s.name)
	to.PutStr(attrSpanName, x.operation.name)
	to.PutStr(attrSpanKind, nameIn(kindsOf[:], x.kind))
	to.PutStr(attrStatusCode, nameIn(statuses[:], x.status))
	for k, v := range x.dimensions.All() {
		v.CopyTo(to.PutEmpty(k))
	}
}

func (c *collection) times(p pmetric.NumberDataPoint, start time.Time) {
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	p.SetTimestamp(c.at)
}

func (c *collection) temporality() pmetric.AggregationTemporality {
	if c.delta {
		return pmetric.AggregationTemporalityDelta
	}
	return pmetric.AggregationTemporalityCumulative
}

func (c *collection) sum(metrics pmetric.MetricSlice, name, unit, description string) pmetric.NumberDataPointSlice {
	m := describe(metrics, name, unit, description)
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(c.temporality())
	return s.DataPoints()
}

// histogram begins a histogram of the type that is configured.
func (c *collection) histogram(metrics pmetric.MetricSlice, name, unit, description string) pmetric.Metric {
	m := describe(metrics, name, unit, description)
	if c.cfg.Histogram.Type == typeExplicit {
		m.SetEmptyHistogram().SetAggregationTemporality(c.temporality())
	} else {
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(c.temporality())
	}
	return m
}

func describe(metrics pmetric.MetricSlice, name, unit, description string) pmetric.Metric {
	m := metrics.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	m.SetDescription(description)
	return m
}

// distribution adds a point to a histogram.
func (c *collection) distribution(m pmetric.Metric, d *distribution, start time.Time, examples []exemplar, name func(pcommon.Map)) {
	var exemplars pmetric.ExemplarSlice
	if m.Type() == pmetric.MetricTypeHistogram {
		p := m.Histogram().DataPoints().AppendEmpty()
		d.toExplicit(p)
		name(p.Attributes())
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		p.SetTimestamp(c.at)
		exemplars = p.Exemplars()
	} else {
		p := m.ExponentialHistogram().DataPoints().AppendEmpty()
		d.toExponential(p)
		name(p.Attributes())
		p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
		p.SetTimestamp(c.at)
		exemplars = p.Exemplars()
	}
	if !c.cfg.Exemplars {
		return
	}
	for i, e := range examples {
		if e.trace.IsEmpty() || i > 0 && e == examples[i-1] {
			continue
		}
		if c.sheds {
			c.shed++
			continue
		}
		to := exemplars.AppendEmpty()
		to.SetTraceID(e.trace)
		to.SetSpanID(e.span)
		to.SetDoubleValue(e.value)
		to.SetTimestamp(e.at)
	}
}

// gauges writes what a service and its operations were asked for, and turns to the next interval.
func (c *collection) gauges(metrics pmetric.MetricSlice, s *service) {
	type named struct {
		name   string
		target *target
	}
	targets := []named{{"", &s.whole}}
	for _, o := range s.operations {
		if o.gauges {
			targets = append(targets, named{o.name, &o.target})
		}
	}
	slices.SortFunc(targets[1:], func(a, b named) int { return cmp.Compare(a.name, b.name) })
	window := span(c.cfg.Gauges.Window, s.start, c.now)
	slots := max(1, int(c.cfg.Gauges.Window/c.cfg.Interval))
	var calls, errs, mean, p99 pmetric.NumberDataPointSlice
	began := false
	for _, t := range targets {
		if t.target.slots == nil || window <= 0 {
			continue
		}
		if !began {
			began = true
			calls = gauge(metrics, signals.MetricServiceCalls, "{call}/s", "Calls of a service or of one of its operations, per second.")
			errs = gauge(metrics, signals.MetricServiceErrors, "1", "Share of calls that failed.")
			mean = gauge(metrics, signals.MetricServiceLatencyMean, "s", "Mean duration of calls.")
			p99 = gauge(metrics, signals.MetricServiceLatencyP99, "s", "Duration that 99 of 100 calls do not exceed.")
		}
		o := t.target.sum(&c.scratch)
		c.point(calls, t.name, float64(o.calls)/window)
		if o.calls > 0 {
			c.point(mean, t.name, o.mean)
		}
		if o.calls > 0 && o.calls >= uint64(c.cfg.Gauges.MinCalls) { //nolint:gosec // not negative
			c.point(errs, t.name, float64(o.errors)/float64(o.calls))
			c.point(p99, t.name, o.p99)
		}
		t.target.turn(slots)
	}
	metrics.RemoveIf(func(m pmetric.Metric) bool {
		return m.Type() == pmetric.MetricTypeGauge && m.Gauge().DataPoints().Len() == 0
	})
}

func gauge(metrics pmetric.MetricSlice, name, unit, description string) pmetric.NumberDataPointSlice {
	return describe(metrics, name, unit, description).SetEmptyGauge().DataPoints()
}

func (c *collection) point(points pmetric.NumberDataPointSlice, operation string, v float64) {
	p := points.AppendEmpty()
	if operation != "" {
		p.Attributes().PutStr(attrSpanName, operation)
	}
	p.SetDoubleValue(v)
	p.SetTimestamp(c.at)
}

// edges writes the service graph under the names that Tempo has for it.
func (c *collection) edges(g *graph) {
	list := make([]*edge, 0, len(g.edges))
	for _, e := range g.edges {
		if !c.delta || e.fresh {
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		return
	}
	slices.SortFunc(list, func(a, b *edge) int {
		return cmp.Or(cmp.Compare(a.client, b.client), cmp.Compare(a.server, b.server), cmp.Compare(a.connection, b.connection))
	})
	metrics := c.scope(pcommon.NewMap())
	requests := c.sum(metrics, signals.MetricGraphRequests, "", "Requests between two services.")
	failed := c.sum(metrics, signals.MetricGraphFailed, "", "Requests between two services that failed.")
	server := c.histogram(metrics, signals.MetricGraphServer, "s", "Duration of requests as the server sees it.")
	client := c.histogram(metrics, signals.MetricGraphClient, "s", "Duration of requests as the client sees it.")
	for _, e := range list {
		for _, x := range [...]struct {
			to pmetric.NumberDataPointSlice
			n  uint64
		}{{requests, e.requests}, {failed, e.failed}} {
			p := x.to.AppendEmpty()
			e.name(p.Attributes())
			p.SetIntValue(int64(x.n)) //nolint:gosec // a count
			c.times(p, e.start)
		}
		if e.serverSide.count > 0 {
			c.distribution(server, &e.serverSide, e.start, []exemplar{e.serverExample}, e.name)
		}
		if e.clientSide.count > 0 {
			c.distribution(client, &e.clientSide, e.start, []exemplar{e.clientExample}, e.name)
		}
		e.fresh, e.clientExample, e.serverExample = false, exemplar{}, exemplar{}
		if c.delta {
			e.requests, e.failed, e.start = 0, 0, c.now
			e.clientSide.reset()
			e.serverSide.reset()
		}
	}
}

func (e *edge) name(to pcommon.Map) {
	to.EnsureCapacity(3)
	to.PutStr("client", e.client)
	to.PutStr("server", e.server)
	to.PutStr("connection_type", e.connection)
}
