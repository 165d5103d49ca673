package redconnector

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/pmetrictest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/signals"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write golden files")

var start = time.Unix(1_750_000_000, 0).UTC()

// rig is a connector by a clock of its own.
type rig struct {
	t    *testing.T
	red  *red
	now  time.Time
	sink *consumertest.MetricsSink
}

func newRig(t *testing.T, change func(*Config)) *rig {
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	r := &rig{t: t, now: start, sink: &consumertest.MetricsSink{}}
	var err error
	r.red, err = newRED(connectortest.NewNopSettings(NewFactory().Type()), cfg, r.sink)
	require.NoError(t, err)
	r.red.now = func() time.Time { return r.now }
	t.Cleanup(func() { require.NoError(t, r.red.Shutdown(context.Background())) })
	return r
}

// spec is a span to be counted.
type spec struct {
	service    string
	kind       ptrace.SpanKind
	name       string
	id, parent byte
	trace      byte
	took       time.Duration
	failed     bool
	attributes map[string]any
}

func (r *rig) consume(specs ...spec) {
	td := ptrace.NewTraces()
	for i := range specs {
		s := &specs[i]
		rs := td.ResourceSpans().AppendEmpty()
		if s.service != "" {
			rs.Resource().Attributes().PutStr(signals.AttrServiceName, s.service)
		}
		rs.Resource().Attributes().PutStr(signals.AttrHostName, "not of the service")
		span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		span.SetTraceID(pcommon.TraceID{0: 1, 15: s.trace})
		if s.id != 0 {
			span.SetSpanID(pcommon.SpanID{7: s.id})
		}
		if s.parent != 0 {
			span.SetParentSpanID(pcommon.SpanID{7: s.parent})
		}
		span.SetName(s.name)
		span.SetKind(s.kind)
		span.SetStartTimestamp(pcommon.NewTimestampFromTime(r.now.Add(-s.took)))
		span.SetEndTimestamp(pcommon.NewTimestampFromTime(r.now))
		if s.failed {
			span.Status().SetCode(ptrace.StatusCodeError)
		}
		require.NoError(r.t, span.Attributes().FromRaw(s.attributes))
	}
	require.NoError(r.t, r.red.ConsumeTraces(r.t.Context(), td))
}

// collect moves the clock by an interval and returns what is sent.
func (r *rig) collect() pmetric.Metrics {
	r.now = r.now.Add(r.red.cfg.Interval)
	r.sink.Reset()
	r.red.send(r.t.Context())
	out := pmetric.NewMetrics()
	for _, md := range r.sink.AllMetrics() {
		md.ResourceMetrics().MoveAndAppendTo(out.ResourceMetrics())
	}
	return out
}

func (r *rig) golden(name string, got pmetric.Metrics) {
	file := "testdata/" + name + ".yaml"
	if *update {
		require.NoError(r.t, golden.WriteMetricsToFile(file, got, golden.SkipMetricTimestampNormalization()))
	}
	want, err := golden.ReadMetrics(file)
	require.NoError(r.t, err)
	require.NoError(r.t, pmetrictest.CompareMetrics(want, got, pmetrictest.IgnoreResourceMetricsOrder(), pmetrictest.IgnoreMetricsOrder(), pmetrictest.IgnoreMetricDataPointsOrder()))
}

// shop is a trace through two services, a database and a queue.
func shop(trace byte, failed bool) []spec {
	return []spec{
		{service: "web", kind: ptrace.SpanKindServer, name: "GET /cart", id: 1, trace: trace, took: 100 * time.Millisecond, failed: failed},
		{service: "cart", kind: ptrace.SpanKindServer, name: "Add", id: 3, parent: 2, trace: trace, took: 40 * time.Millisecond, failed: failed},
		{service: "web", kind: ptrace.SpanKindClient, name: "cart/Add", id: 2, parent: 1, trace: trace, took: 50 * time.Millisecond, attributes: map[string]any{"server.address": "10.0.0.1"}},
		{service: "cart", kind: ptrace.SpanKindClient, name: "SELECT", id: 4, parent: 3, trace: trace, took: 8 * time.Millisecond, attributes: map[string]any{"db.system": "postgresql", "db.namespace": "carts"}},
		{service: "cart", kind: ptrace.SpanKindProducer, name: "send", id: 5, parent: 3, trace: trace, took: time.Millisecond, attributes: map[string]any{"messaging.system": "kafka", "messaging.destination.name": "orders"}},
		{service: "mail", kind: ptrace.SpanKindConsumer, name: "receive", id: 6, parent: 5, trace: trace, took: 20 * time.Millisecond, attributes: map[string]any{"messaging.system": "kafka"}},
		{service: "mail", kind: ptrace.SpanKindInternal, name: "render", id: 7, parent: 6, trace: trace, took: 3 * time.Millisecond},
	}
}

func TestMetrics(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"exponential": nil,
		"explicit": func(c *Config) {
			c.Histogram.Type, c.Histogram.Unit, c.Exemplars = typeExplicit, unitSeconds, false
			c.Dimensions = []string{"db.system"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *Config) {
				c.Gauges.MinCalls = 2
				if change != nil {
					change(c)
				}
			})
			r.consume(shop(1, false)...)
			r.collect()
			r.consume(shop(2, true)...)
			r.golden(name, r.collect())
		})
	}
}

func TestDelta(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Temporality, c.Gauges.Enabled = temporalityDelta, false })
	r.consume(shop(1, false)...)
	r.golden("delta", r.collect())
	require.Zero(t, metricsNamed(r.collect(), signals.MetricSpanCalls), "nothing came since")
	r.consume(shop(2, false)...)
	p := points(r.collect(), signals.MetricSpanCalls)
	require.Len(t, p, 7)
	require.EqualValues(t, 1, p[0].IntValue())
	require.Equal(t, r.now.Add(-2*r.red.cfg.Interval), p[0].StartTimestamp().AsTime(), "from the end of the one before")
}

// refusing refuses the first n batches.
type refusing struct {
	*consumertest.MetricsSink
	n int
}

func (s *refusing) ConsumeMetrics(ctx context.Context, md pmetric.Metrics) error {
	if s.n--; s.n >= 0 {
		return errors.New("not now")
	}
	return s.MetricsSink.ConsumeMetrics(ctx, md)
}

func TestDeltasThatAreRefusedAreSentAgain(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Temporality, c.Gauges.Enabled = temporalityDelta, false })
	next := &refusing{MetricsSink: r.sink, n: 1}
	r.red.next = next
	r.consume(shop(1, false)...)
	require.Zero(t, r.collect().MetricCount())
	r.consume(shop(2, false)...)
	total := int64(0)
	for _, p := range points(r.collect(), signals.MetricSpanCalls) {
		total += p.IntValue()
	}
	require.EqualValues(t, 14, total)

	next.n = 2 * maxUnsent
	for range maxUnsent + 5 {
		r.consume(shop(3, false)...)
		r.collect()
	}
	require.Len(t, r.red.unsent, maxUnsent)
}

func metricsNamed(md pmetric.Metrics, name string) (n int) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			if m.Name() == name {
				n++
			}
		}
	}
	return n
}

// points are those of sums and gauges of a name.
func points(md pmetric.Metrics, name string) (out []pmetric.NumberDataPoint) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, m := range rm.ScopeMetrics().At(0).Metrics().All() {
			if m.Name() != name {
				continue
			}
			s := m.Gauge().DataPoints
			if m.Type() == pmetric.MetricTypeSum {
				s = m.Sum().DataPoints
			}
			for _, p := range s().All() {
				out = append(out, p)
			}
		}
	}
	return out
}

// labelled are the points' values by one attribute.
func labelled(md pmetric.Metrics, name string, keys ...string) map[string]float64 {
	out := map[string]float64{}
	for _, p := range points(md, name) {
		label := ""
		for i, k := range keys {
			if v, ok := p.Attributes().Get(k); ok {
				if i > 0 {
					label += " "
				}
				label += v.Str()
			}
		}
		if p.ValueType() == pmetric.NumberDataPointValueTypeInt {
			out[label] += float64(p.IntValue())
		} else {
			out[label] += p.DoubleValue()
		}
	}
	return out
}

func edges(md pmetric.Metrics) map[string]float64 {
	return labelled(md, signals.MetricGraphRequests, "client", "server", "connection_type")
}

func TestLimits(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxServices, c.MaxOperations, c.MaxSeries, c.ServiceGraph.MaxEdges = 3, 4, 8, 2 })
	n := 0
	for i := range 6 {
		for j := range 6 {
			n++
			r.consume(spec{service: fmt.Sprint("s", i), kind: ptrace.SpanKindServer, name: fmt.Sprint("o", j), id: 1, trace: byte(n), took: time.Millisecond})
		}
	}
	md := r.collect()
	calls := labelled(md, signals.MetricSpanCalls, signals.AttrServiceName, attrSpanName)
	total := 0.0
	for _, v := range calls {
		total += v
	}
	require.EqualValues(t, n, total, "every span is counted")
	require.EqualValues(t, 18, calls["<other> o0"]+calls["<other> o1"]+calls["<other> o2"]+calls["<other> o3"]+calls["<other> <other>"])
	require.EqualValues(t, 2, calls["s0 <other>"])
	require.LessOrEqual(t, len(calls), 8+4)
	require.Equal(t, map[string]float64{"user s0 virtual_node": 6, "user s1 virtual_node": 6, "<other> <other> ": 24}, edges(md))
}

func TestExpiry(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Expiry, c.Gauges.Window = 30*time.Second, 20*time.Second })
	r.consume(shop(1, false)...)
	md := r.collect()
	require.Len(t, points(md, signals.MetricSpanCalls), 7)
	require.InDelta(t, 0.3, labelled(md, signals.MetricServiceCalls, attrSpanName)[""], 1e-9, "one of each of three services in ten seconds")
	r.collect()
	md = r.collect()
	require.Zero(t, labelled(md, signals.MetricServiceCalls)[""], "no calls are calls of zero")
	require.Empty(t, points(md, signals.MetricServiceLatencyMean))
	md = r.collect()
	require.Zero(t, md.ResourceMetrics().Len())
	require.Empty(t, r.red.table.services)
	require.Zero(t, r.red.table.series)
	require.Zero(t, r.red.table.gauges)
	require.Empty(t, r.red.graph.edges)

	r.consume(shop(2, false)...)
	p := points(r.collect(), signals.MetricSpanCalls)
	require.EqualValues(t, 1, p[0].IntValue(), "counted anew, from a new start")
	require.Equal(t, r.now.Add(-r.red.cfg.Interval), p[0].StartTimestamp().AsTime())
}

func TestGauges(t *testing.T) {
	r := newRig(t, nil)
	for i := range 100 {
		r.consume(spec{service: "web", kind: ptrace.SpanKindServer, name: "GET /", id: 1, trace: 1, took: time.Duration(i+1) * time.Millisecond, failed: i%4 == 0})
	}
	md := r.collect()
	require.Equal(t, map[string]float64{"": 10, "GET /": 10}, labelled(md, signals.MetricServiceCalls, attrSpanName))
	require.Equal(t, 0.25, labelled(md, signals.MetricServiceErrors, attrSpanName)["GET /"])
	require.InDelta(t, 0.0505, labelled(md, signals.MetricServiceLatencyMean, attrSpanName)[""], 1e-9)
	require.InEpsilon(t, 0.099, labelled(md, signals.MetricServiceLatencyP99, attrSpanName)[""], 0.05)
	for range 5 {
		md = r.collect()
	}
	require.InDelta(t, 100.0/60, labelled(md, signals.MetricServiceCalls, attrSpanName)[""], 1e-9)
	md = r.collect()
	require.Zero(t, labelled(md, signals.MetricServiceCalls, attrSpanName)[""], "a minute later it is over")
}

func TestStartAndShutdown(t *testing.T) {
	sink := &consumertest.MetricsSink{}
	f := NewFactory()
	c, err := f.CreateTracesToMetrics(t.Context(), connectortest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), sink)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("x")
	require.NoError(t, c.ConsumeTraces(t.Context(), td))
	require.NoError(t, c.Shutdown(t.Context()))
	require.NoError(t, c.Shutdown(t.Context()))
	require.Len(t, sink.AllMetrics(), 1, "what was counted is sent")
	require.Equal(t, map[string]float64{"unknown_service": 1}, labelled(sink.AllMetrics()[0], signals.MetricSpanCalls, signals.AttrServiceName))
}
