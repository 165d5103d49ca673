package anomalyconnector

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/signals"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a connector with both sides, fed as a pipeline's fan-out does.
type rig struct {
	t       *testing.T
	cfg     *Config
	metrics *consumertest.MetricsSink
	logs    *consumertest.LogsSink
	sides   []connector.Metrics
	at      time.Time
}

var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func shortConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.MinHistory = 20 * time.Second
	cfg.BaselinesInterval = 0
	return cfg
}

func newRig(t *testing.T, cfg *Config, host component.Host) *rig {
	r := &rig{t: t, cfg: cfg, metrics: new(consumertest.MetricsSink), logs: new(consumertest.LogsSink), at: begin}
	set := connectortest.NewNopSettings(componentType)
	set.ID = component.NewID(componentType)
	a, err := NewFactory().CreateMetricsToMetrics(t.Context(), set, cfg, r.metrics)
	require.NoError(t, err)
	b, err := NewFactory().CreateMetricsToLogs(t.Context(), set, cfg, r.logs)
	require.NoError(t, err)
	r.sides = []connector.Metrics{a, b}
	for _, s := range r.sides {
		require.NoError(t, s.Start(t.Context(), host))
	}
	return r
}

func (r *rig) stop() {
	for _, s := range r.sides {
		require.NoError(r.t, s.Shutdown(context.WithoutCancel(r.t.Context())))
		require.NoError(r.t, s.Shutdown(context.WithoutCancel(r.t.Context())), "twice")
	}
}

func (r *rig) feed(md pmetric.Metrics) {
	for _, s := range r.sides {
		require.NoError(r.t, s.ConsumeMetrics(r.t.Context(), md))
	}
	r.at = r.at.Add(time.Second)
}

// gauge is one point of checkout's queue_depth.
func (r *rig) gauge(v float64) pmetric.Metrics {
	md, m := oneMetric("queue.depth", "{item}")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(r.at))
	p.SetDoubleValue(v)
	p.Attributes().PutStr("queue", "orders")
	return md
}

func oneMetric(name, unit string) (pmetric.Metrics, pmetric.Metric) {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "checkout")
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	return md, m
}

func (r *rig) findings() []plog.LogRecord {
	var out []plog.LogRecord
	for _, ld := range r.logs.AllLogs() {
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, rec := range sl.LogRecords().All() {
					out = append(out, rec)
				}
			}
		}
	}
	return out
}

func states(records []plog.LogRecord) []string {
	var out []string
	for _, rec := range records {
		v, _ := rec.Attributes().Get(signals.AttrFindingState)
		out = append(out, v.Str())
	}
	return out
}

// baseline collects the points of one family.
func (r *rig) baseline(name string) []pmetric.NumberDataPoint {
	var out []pmetric.NumberDataPoint
	for _, md := range r.metrics.AllMetrics() {
		for _, rm := range md.ResourceMetrics().All() {
			for _, sm := range rm.ScopeMetrics().All() {
				for _, m := range sm.Metrics().All() {
					if m.Name() == name {
						for _, p := range m.Gauge().DataPoints().All() {
							out = append(out, p)
						}
					}
				}
			}
		}
	}
	return out
}

func TestJumpIsFoundAndResolved(t *testing.T) {
	for name, noise := range map[string]float64{"steady": 0, "noisy": 3} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, shortConfig(), componenttest.NewNopHost())
			defer r.stop()
			rng := rand.New(rand.NewPCG(1, 1))
			for range 30 {
				r.feed(r.gauge(100 + noise*rng.NormFloat64()))
			}
			require.Empty(t, r.findings())
			for range 15 {
				r.feed(r.gauge(1000 + noise*rng.NormFloat64()))
			}
			require.Equal(t, []string{"open"}, states(r.findings()))
			for range 15 {
				r.feed(r.gauge(100 + noise*rng.NormFloat64()))
			}
			require.Equal(t, []string{"open", "resolved"}, states(r.findings()))

			open := r.findings()[0].Attributes().AsRaw()
			resolved := r.findings()[1].Attributes().AsRaw()
			require.Equal(t, open["finding.id"], resolved["finding.id"])
			require.Equal(t, begin.Add(30*time.Second).UnixNano(), open["finding.start"])
			require.Equal(t, "metric_anomaly", open["finding.kind"])
			require.Equal(t, "queue.depth", open["finding.metric.name"])
			require.Equal(t, "orders", open["queue"])
			var receipt map[string]any
			require.NoError(t, json.Unmarshal([]byte(open["finding.receipt"].(string)), &receipt))
			require.InDelta(t, 1000, receipt["observed"], 20)
			require.InDelta(t, 100, receipt["expected"], 50)
			require.Less(t, receipt["upper"], 900.0)
			require.Equal(t, "{item}", receipt["unit"])
			require.InDelta(t, 35, receipt["history_seconds"], 2)
			require.Less(t, receipt["per_week"], 0.3, "what is to be expected is no anomaly")
			require.Contains(t, open["finding.summary"], "queue.depth {queue=orders} is 1")
		})
	}
}

// TestJumpAfterAMinuteWithJitter has a saw tooth whose points come a little early
// or late.
func TestJumpAfterAMinuteWithJitter(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	rng := rand.New(rand.NewPCG(2, 2))
	feed := func(seconds int, level float64) {
		for i := range seconds {
			due := r.at
			r.at = due.Add(time.Duration(200*rng.Float64()) * time.Millisecond)
			r.feed(r.gauge(level + float64(i*7%5)))
			r.at = due.Add(time.Second)
		}
	}
	feed(60, 100)
	require.Empty(t, r.findings())
	feed(15, 1000)
	require.Equal(t, []string{"open"}, states(r.findings()))
	feed(15, 1000)
	feed(15, 100)
	require.Equal(t, []string{"open", "resolved"}, states(r.findings()))
}

func TestMetricsPassUnchanged(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	want := r.gauge(7)
	got := pmetric.NewMetrics()
	want.CopyTo(got)
	got.MarkReadOnly()
	r.feed(got)
	require.Len(t, r.metrics.AllMetrics(), 1)
	require.Equal(t, want, func() pmetric.Metrics {
		c := pmetric.NewMetrics()
		r.metrics.AllMetrics()[0].CopyTo(c)
		return c
	}())
}

func TestBaselines(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	for range 30 {
		r.feed(r.gauge(100 + float64(r.at.Second()%3)))
	}
	n := len(r.baseline(signals.MetricBaselineObserved))
	require.Equal(t, 25, n, "from the sixth point on")
	for _, name := range []string{signals.MetricBaselineLower, signals.MetricBaselineUpper, signals.MetricAnomalyScore, signals.MetricAnomalyState} {
		require.Len(t, r.baseline(name), n)
	}
	last := r.baseline(signals.MetricBaselineUpper)[n-1]
	require.Equal(t, map[string]any{"queue": "orders", "metric": "queue.depth"}, last.Attributes().AsRaw())
	require.Greater(t, last.DoubleValue(), 102.0)
	require.Less(t, r.baseline(signals.MetricBaselineLower)[n-1].DoubleValue(), 100.0)
	require.InDelta(t, signals.AnomalyStateLearning, r.baseline(signals.MetricAnomalyState)[0].DoubleValue(), 0)
	require.InDelta(t, signals.AnomalyStateNormal, r.baseline(signals.MetricAnomalyState)[n-1].DoubleValue(), 0)

	learned := r.baseline(signals.MetricBaselineLearned)
	require.Less(t, len(learned), n, "only while learning")
	require.InDelta(t, 5.0/20, learned[0].DoubleValue(), 0.06)
	require.Greater(t, learned[len(learned)-1].DoubleValue(), 0.85)
}

func TestBandOfWhatWasNeverNegative(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	feed := func(low float64) []pmetric.NumberDataPoint {
		for range 30 {
			r.feed(r.gauge(low + 20*float64(r.at.Second()%2)))
		}
		return r.baseline(signals.MetricBaselineLower)
	}
	edges := feed(0)
	require.InDelta(t, 0, edges[len(edges)-1].DoubleValue(), 0)
	edges = feed(-10)
	require.Less(t, edges[len(edges)-1].DoubleValue(), -1.0)
}

func TestBaselinesInterval(t *testing.T) {
	cfg := shortConfig()
	cfg.BaselinesInterval = 10 * time.Second
	r := newRig(t, cfg, componenttest.NewNopHost())
	defer r.stop()
	for range 60 {
		r.feed(r.gauge(100))
	}
	require.Len(t, r.baseline(signals.MetricBaselineObserved), 6)
}

// counter feeds one point of a counter.
func (r *rig) counter(v int64, start time.Time, temporality pmetric.AggregationTemporality) {
	md, m := oneMetric("requests", "{request}")
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(temporality)
	p := s.DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(r.at))
	p.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	p.SetIntValue(v)
	r.feed(md)
}

func TestCounterIsARate(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	total := int64(1e6)
	for range 30 {
		total += 50
		r.counter(total, begin.Add(-time.Hour), pmetric.AggregationTemporalityCumulative)
	}
	restarted := r.at.Add(-time.Second)
	total = 0
	for range 30 {
		total += 50
		r.counter(total, restarted, pmetric.AggregationTemporalityCumulative)
	}
	points := r.baseline(signals.MetricBaselineObserved)
	require.Len(t, points, 54)
	for _, p := range points {
		require.InDelta(t, 50, p.DoubleValue(), 1e-9)
	}
	require.Empty(t, r.findings(), "a reset is no anomaly")
}

func TestDeltaIsARate(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	for range 10 {
		r.counter(30, r.at.Add(-time.Second), pmetric.AggregationTemporalityDelta)
	}
	points := r.baseline(signals.MetricBaselineObserved)
	require.Len(t, points, 5)
	require.InDelta(t, 30, points[0].DoubleValue(), 1e-9)
}

func TestHistogramIsRateAndMean(t *testing.T) {
	r := newRig(t, shortConfig(), componenttest.NewNopHost())
	defer r.stop()
	for i := range 10 {
		md, m := oneMetric("latency", "s")
		h := m.SetEmptyHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := h.DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(r.at))
		p.SetCount(uint64(20 * i))
		p.SetSum(5 * float64(i))
		r.feed(md)
	}
	got := map[string]float64{}
	for _, p := range r.baseline(signals.MetricBaselineObserved) {
		name, _ := p.Attributes().Get("metric")
		got[name.Str()] = p.DoubleValue()
	}
	require.InDeltaMapValues(t, map[string]float64{"latency.count": 20, "latency.mean": 0.25}, got, 1e-9)
}

func TestRestartKeepsBaselineAndFinding(t *testing.T) {
	cfg := shortConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	host := &storageHost{extension: &memoryStorage{data: map[string][]byte{}}}
	r := newRig(t, cfg, host)
	for range 30 {
		r.feed(r.gauge(100 + float64(r.at.Second()%3)))
	}
	for range 10 {
		r.feed(r.gauge(1000))
	}
	require.Equal(t, []string{"open"}, states(r.findings()))
	first := r.findings()[0].Attributes().AsRaw()
	r.stop()

	again := newRig(t, cfg, host)
	defer again.stop()
	again.at = r.at.Add(5 * time.Second)
	again.feed(again.gauge(1000))
	for range 15 {
		again.feed(again.gauge(100 + float64(again.at.Second()%3)))
	}
	require.Equal(t, []string{"updated", "resolved"}, states(again.findings()))
	for _, f := range again.findings() {
		require.Equal(t, first["finding.id"], f.Attributes().AsRaw()["finding.id"])
		require.Equal(t, first["finding.start"], f.Attributes().AsRaw()["finding.start"])
	}
}

func TestBrokenSnapshotStartsAnew(t *testing.T) {
	cfg := shortConfig()
	id := component.MustNewID("file_storage")
	cfg.Storage = &id
	for _, b := range [][]byte{{9}, {1, 5, 0, 0, 0, 1, 2}, {1}, append([]byte{1, 1, 0, 0, 0}, make([]byte, 3000)...)} {
		r := newRig(t, cfg, &storageHost{extension: &memoryStorage{data: map[string][]byte{"snapshot": b}}})
		r.feed(r.gauge(1))
		r.stop()
	}
}

func TestRefusedSeriesAreWatchedTogether(t *testing.T) {
	cfg := shortConfig()
	cfg.MaxBytes = 3 * seriesBytes
	r := newRig(t, cfg, componenttest.NewNopHost())
	defer r.stop()
	for tick := range 10 {
		md, m := oneMetric("many", "1")
		g := m.SetEmptyGauge()
		total := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
		total.SetName("total")
		total.SetEmptySum().SetIsMonotonic(true)
		total.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for i := range 10 {
			for _, p := range []pmetric.NumberDataPoint{g.DataPoints().AppendEmpty(), total.Sum().DataPoints().AppendEmpty()} {
				p.SetTimestamp(pcommon.NewTimestampFromTime(r.at))
				p.SetIntValue(int64(i * (tick + 1)))
				p.Attributes().PutInt("i", int64(i))
			}
		}
		r.feed(md)
	}
	require.Len(t, r.baseline("many"), 100, "refused series pass through")
	last := map[string]float64{}
	for _, p := range r.baseline(signals.MetricBaselineObserved) {
		metric, _ := p.Attributes().Get("metric")
		if name, ok := p.Attributes().Get("series"); ok {
			require.Equal(t, "<other>", name.Str())
			last[metric.Str()] = p.DoubleValue()
		}
	}
	require.Equal(t, map[string]float64{"many": 60, "total": 45}, last, "the mean of gauges, the sum of rates")
}

func TestExpiredSeriesMakeRoom(t *testing.T) {
	cfg := shortConfig()
	cfg.MaxBytes = seriesBytes
	r := newRig(t, cfg, componenttest.NewNopHost())
	defer r.stop()
	w := r.sides[0].(*metricsSide).watcher
	wall := begin
	w.now = func() time.Time { return wall }
	r.feed(r.gauge(1))
	wall = wall.Add(2 * time.Hour)
	r.counter(1, begin, pmetric.AggregationTemporalityDelta)
	require.Len(t, w.series, 1)
	for id, s := range w.series {
		require.NotZero(t, id)
		require.Equal(t, wall, s.seen, "the newcomer took the place of the silent one")
	}
}

func TestRulesChoose(t *testing.T) {
	cfg := shortConfig()
	cfg.Rules = []Rule{{Include: []string{"queue.*"}, Attributes: map[string]string{"queue": "pay*"}}}
	r := newRig(t, cfg, componenttest.NewNopHost())
	defer r.stop()
	for range 10 {
		r.feed(r.gauge(1))
	}
	require.Empty(t, r.baseline(signals.MetricBaselineObserved))
}

func TestOneSideAlone(t *testing.T) {
	cfg := shortConfig()
	sink := new(consumertest.LogsSink)
	c, err := NewFactory().CreateMetricsToLogs(t.Context(), connectortest.NewNopSettings(componentType), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	r := &rig{t: t, at: begin, logs: sink, sides: []connector.Metrics{c}}
	for range 30 {
		r.feed(r.gauge(100))
	}
	for range 10 {
		r.feed(r.gauge(1000))
	}
	require.Equal(t, []string{"open"}, states(r.findings()))
	r.stop()
}

func TestRefusedFindingsAreSentAgain(t *testing.T) {
	cfg := shortConfig()
	failing := true
	var got int
	logs, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		if failing {
			return errors.New("backend is down")
		}
		got += ld.LogRecordCount()
		return nil
	})
	require.NoError(t, err)
	c, err := NewFactory().CreateMetricsToLogs(t.Context(), connectortest.NewNopSettings(componentType), cfg, logs)
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context(), componenttest.NewNopHost()))
	r := &rig{t: t, at: begin, sides: []connector.Metrics{c}}
	for range 30 {
		r.feed(r.gauge(100))
	}
	for range 10 {
		r.feed(r.gauge(1000))
	}
	failing = false
	r.feed(r.gauge(1000))
	require.Equal(t, 1, got)
	r.stop()
}

func TestShutdownWithoutStart(t *testing.T) {
	cfg := shortConfig()
	c, err := NewFactory().CreateMetricsToLogs(t.Context(), connectortest.NewNopSettings(componentType), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, c.Shutdown(t.Context()))
	require.Nil(t, cfg.built)
}

// A configuration may be built twice: once to be checked, once to run.
func TestBuildsDoNotShare(t *testing.T) {
	cfg := shortConfig()
	build := func() (metrics, logs connector.Metrics) {
		set := connectortest.NewNopSettings(componentType)
		metrics, err := NewFactory().CreateMetricsToMetrics(t.Context(), set, cfg, consumertest.NewNop())
		require.NoError(t, err)
		logs, err = NewFactory().CreateMetricsToLogs(t.Context(), set, cfg, consumertest.NewNop())
		require.NoError(t, err)
		return metrics, logs
	}
	checkedMetrics, checkedLogs := build()
	metrics, logs := build()
	require.Same(t, checkedMetrics.(*metricsSide).watcher, checkedLogs.(*logsSide).watcher)
	require.Same(t, metrics.(*metricsSide).watcher, logs.(*logsSide).watcher)
	require.NotSame(t, checkedMetrics.(*metricsSide).watcher, metrics.(*metricsSide).watcher)
	for _, c := range []connector.Metrics{checkedMetrics, checkedLogs, metrics, logs} {
		require.NoError(t, c.Shutdown(t.Context()))
	}
}

func BenchmarkObserve(b *testing.B) {
	cfg := createDefaultConfig().(*Config)
	cfg.MaxBytes = 64 << 20
	c, err := NewFactory().CreateMetricsToMetrics(b.Context(), connectortest.NewNopSettings(componentType), cfg, consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, c.Start(b.Context(), componenttest.NewNopHost()))
	defer func() { require.NoError(b, c.Shutdown(context.WithoutCancel(b.Context()))) }()
	md, m := oneMetric("many", "1")
	g := m.SetEmptyGauge()
	const n = 10000
	for i := range n {
		p := g.DataPoints().AppendEmpty()
		p.Attributes().PutInt("i", int64(i))
		p.Attributes().PutStr("route", "/api/v1/orders")
	}
	rng := rand.New(rand.NewPCG(1, 1))
	at := begin
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(time.Second)
		for i := range n {
			g.DataPoints().At(i).SetTimestamp(pcommon.NewTimestampFromTime(at))
			g.DataPoints().At(i).SetDoubleValue(100 + rng.NormFloat64())
		}
		require.NoError(b, c.ConsumeMetrics(b.Context(), md))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/point")
}

// storageHost has one storage extension.
type storageHost struct{ extension *memoryStorage }

func (h *storageHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("file_storage"): h.extension}
}

type memoryStorage struct {
	component.StartFunc
	component.ShutdownFunc
	data map[string][]byte
}

func (m *memoryStorage) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return m, nil
}
func (m *memoryStorage) Get(_ context.Context, k string) ([]byte, error) { return m.data[k], nil }
func (m *memoryStorage) Set(_ context.Context, k string, v []byte) error {
	m.data[k] = v
	return nil
}

func (m *memoryStorage) Delete(_ context.Context, k string) error {
	delete(m.data, k)
	return nil
}
func (m *memoryStorage) Batch(context.Context, ...*storage.Operation) error { return nil }
func (m *memoryStorage) Close(context.Context) error                        { return nil }
