package consoleexporter_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/exporters/consoleexporter"
	"github.com/tidewatch/tidewatch/internal/finding"
	"github.com/tidewatch/tidewatch/internal/localstore"
	"github.com/tidewatch/tidewatch/signals"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	console = component.MustNewID("console")
	when    = time.Unix(1_750_000_000, 0)
)

// owner stands for the extension.
type owner struct {
	component.StartFunc
	component.ShutdownFunc
	store *localstore.Store
}

func (o *owner) LocalStore() *localstore.Store { return o.store }

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func newHost() (*localstore.Store, component.Host) {
	store := localstore.New(localstore.Options{})
	return store, host{componenttest.NewNopHost(), map[component.ID]component.Component{console: &owner{store: store}}}
}

// run starts an exporter, lets use work with it and shuts it down.
func run[E component.Component](t *testing.T, h component.Host, e E, err error, use func(E)) {
	t.Helper()
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), h))
	use(e)
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestLogs(t *testing.T) {
	store, h := newHost()
	f := consoleexporter.NewFactory()
	e, err := f.CreateLogs(t.Context(), exportertest.NewNopSettings(f.Type()), f.CreateDefaultConfig())

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr(signals.AttrServiceName, "checkout")
	rl.Resource().Attributes().PutStr(signals.AttrLogFilePath, "/var/log/checkout.log")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	r := records.AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(when))
	r.SetSeverityNumber(plog.SeverityNumberError)
	r.Body().SetStr("Connection refused: 10.0.0.7:5432")
	r.SetTraceID(pcommon.TraceID{1})
	r.Attributes().PutStr(signals.AttrPatternID, "p1")
	r.Attributes().PutStr(signals.AttrTemplate, "Connection refused: <ip>:<num>")
	r.Attributes().PutInt("attempt", 3)
	r.SetSpanID(pcommon.SpanID{2})
	bare := records.AppendEmpty()
	bare.Body().SetEmptyMap().PutStr("k", "v")
	value := 7.5
	found := finding.Finding{
		Kind: signals.KindMetricAnomaly, State: signals.StateOpen, Severity: signals.SeverityCritical, Score: 0.97,
		Start: when.Add(-time.Minute), Time: when, Summary: "CPU is high",
		Subject: []finding.Attr{{Key: signals.AttrFindingMetric, Value: "system.cpu.utilization"}, {Key: "state", Value: "user"}},
		Receipt: finding.Receipt{Observed: &value}, Links: []string{"http://runbook"},
	}
	found.AppendTo(records, rl.Resource().Attributes())
	run(t, h, e, err, func(e exporter.Logs) { require.NoError(t, e.ConsumeLogs(t.Context(), ld)) })

	p := store.Patterns(time.Now())
	require.Len(t, p, 1)
	require.Equal(t, "Connection refused: <ip>:<num>", p[0].Template)
	require.Equal(t, []string{"checkout"}, p[0].Services)
	require.Equal(t, 17, p[0].Severity)
	lines := store.Logs(localstore.LogQuery{})
	require.Len(t, lines, 2)
	require.JSONEq(t, `{"k":"v"}`, lines[0].Body)
	require.Equal(t, "/var/log/checkout.log", lines[1].Source)
	require.Equal(t, when.UnixMilli(), lines[1].Time)
	require.Equal(t, "01000000000000000000000000000000", lines[1].TraceID)
	require.Equal(t, "0200000000000000", lines[1].SpanID)
	require.Equal(t, []localstore.Attr{{Key: "attempt", Value: "3"}}, lines[1].Attrs)

	v := store.Findings()
	require.Len(t, v, 1)
	require.Equal(t, "CPU is high", v[0].Summary)
	require.Equal(t, "system.cpu.utilization", v[0].Metric)
	require.EqualValues(t, when.Unix()-60, v[0].Start)
	require.JSONEq(t, `{"observed":7.5}`, string(v[0].Receipt))
	require.Equal(t, []localstore.Attr{{Key: "state", Value: "user"}}, v[0].Attrs)
	require.Equal(t, []localstore.Attr{{Key: "service.name", Value: "checkout"}, {Key: "log.file.path", Value: "/var/log/checkout.log"}}, v[0].Entity)
	require.Equal(t, []string{"http://runbook"}, v[0].Links)
	require.InDelta(t, 0.97, float64(v[0].Score), 1e-6)
}

func gauge(sm pmetric.ScopeMetrics, name, cpu string, v float64) {
	m := sm.Metrics().AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(when))
	// Attribute order differs between families, as it may.
	if v > 0.5 {
		p.Attributes().PutStr(signals.AttrMetric, "system.cpu.time")
		p.Attributes().PutStr("cpu", cpu)
	} else {
		p.Attributes().PutStr("cpu", cpu)
		p.Attributes().PutStr(signals.AttrMetric, "system.cpu.time")
	}
	p.SetDoubleValue(v)
}

func TestMetrics(t *testing.T) {
	store, h := newHost()
	f := consoleexporter.NewFactory()
	e, err := f.CreateMetrics(t.Context(), exportertest.NewNopSettings(f.Type()), f.CreateDefaultConfig())

	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr(signals.AttrHostName, "tide")
	sm := rm.ScopeMetrics().AppendEmpty()
	raw := sm.Metrics().AppendEmpty()
	raw.SetName("system.cpu.time")
	raw.SetUnit("s")
	raw.SetEmptySum().SetIsMonotonic(true)
	for _, cpu := range []string{"cpu0", "cpu1"} {
		gauge(sm, signals.MetricBaselineObserved, cpu, 0.9)
		gauge(sm, signals.MetricBaselineLower, cpu, 0.1)
		gauge(sm, signals.MetricBaselineUpper, cpu, 0.4)
		gauge(sm, signals.MetricAnomalyScore, cpu, 0.99)
	}
	state := sm.Metrics().AppendEmpty()
	state.SetName(signals.MetricAnomalyState)
	p := state.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(when))
	p.SetIntValue(signals.AnomalyStateAnomalous)
	p.Attributes().PutStr("cpu", "cpu1")
	p.Attributes().PutStr(signals.AttrMetric, "system.cpu.time")
	stale := state.Gauge().DataPoints().AppendEmpty()
	stale.SetFlags(pmetric.DefaultDataPointFlags.WithNoRecordedValue(true))
	gauge(sm, signals.MetricBaselineLearned, "cpu0", 0.25)
	run(t, h, e, err, func(e exporter.Metrics) { require.NoError(t, e.ConsumeMetrics(t.Context(), md)) })

	series := store.Series()
	require.Len(t, series, 2)
	got := series[1]
	require.Equal(t, localstore.SeriesInfo{
		Metric: "system.cpu.time",
		Attrs:  []localstore.Attr{{Key: "cpu", Value: "cpu1"}},
		Entity: []localstore.Attr{{Key: "host.name", Value: "tide"}},
	}, got.SeriesInfo)
	require.Equal(t, localstore.MetricInfo{Unit: "s", Rate: true}, got.MetricInfo)
	require.Equal(t, "anomalous", got.State)
	require.Equal(t, "0.9 0.1 0.4 0.99", fmt.Sprint(got.Observed, got.Lower, got.Upper, got.Score))
	require.Equal(t, "learning", series[0].State)
	require.Equal(t, "0.25", fmt.Sprint(series[0].Learned))
}

func TestTraces(t *testing.T) {
	store, h := newHost()
	f := consoleexporter.NewFactory()
	e, err := f.CreateTraces(t.Context(), exportertest.NewNopSettings(f.Type()), f.CreateDefaultConfig())

	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr(signals.AttrServiceName, "web")
	sp := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	sp.SetTraceID(pcommon.TraceID{0xab})
	sp.SetSpanID(pcommon.SpanID{1})
	sp.SetName("GET /")
	sp.SetKind(ptrace.SpanKindServer)
	sp.SetStartTimestamp(pcommon.NewTimestampFromTime(when))
	sp.SetEndTimestamp(pcommon.NewTimestampFromTime(when.Add(time.Second)))
	sp.Status().SetCode(ptrace.StatusCodeError)
	sp.Attributes().PutInt("http.response.status_code", 500)
	run(t, h, e, err, func(e exporter.Traces) { require.NoError(t, e.ConsumeTraces(t.Context(), td)) })

	v, spans, ok := store.Trace("ab000000000000000000000000000000")
	require.True(t, ok)
	require.Equal(t, 1, v.Errors)
	require.EqualValues(t, time.Second, v.Duration)
	require.Equal(t, "Server", spans[0].Kind)
	require.Empty(t, spans[0].ParentID)
	require.Equal(t, []localstore.Attr{{Key: "http.response.status_code", Value: "500"}}, spans[0].Attrs)
}

func TestStartNamesTheFix(t *testing.T) {
	f := consoleexporter.NewFactory()
	e, err := f.CreateLogs(t.Context(), exportertest.NewNopSettings(f.Type()), f.CreateDefaultConfig())
	require.NoError(t, err)
	require.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), `"console" is not configured: add it to extensions`)
	require.NoError(t, e.Shutdown(t.Context()))

	e, err = f.CreateLogs(t.Context(), exportertest.NewNopSettings(f.Type()), f.CreateDefaultConfig())
	require.NoError(t, err)
	other := host{componenttest.NewNopHost(), map[component.ID]component.Component{console: e}}
	require.ErrorContains(t, e.Start(t.Context(), other), "is not a console extension")
	require.NoError(t, e.Shutdown(t.Context()))
}

func TestConfig(t *testing.T) {
	f := consoleexporter.NewFactory()
	cfg := f.CreateDefaultConfig().(*consoleexporter.Config)
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub("console/other")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(cfg))
	require.Equal(t, component.MustNewIDWithName("console", "other"), cfg.Extension)
	require.NoError(t, cfg.Validate())
	cfg.Extension = component.ID{}
	require.ErrorContains(t, cfg.Validate(), "extension must name")
}
