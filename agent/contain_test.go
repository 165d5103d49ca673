package agent

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/xexporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/processor/xprocessor"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// odd is a processor that panics on demand.
type odd struct {
	component.StartFunc
	component.ShutdownFunc
	next  consumer.Logs
	panic func(plog.Logs) bool
}

func (*odd) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (o *odd) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("touched", "yes")
	if o.panic(ld) {
		panic("odd")
	}
	return o.next.ConsumeLogs(ctx, ld)
}

var oddType = component.MustNewType("odd")

// oddFactory makes processors; made counts them.
func oddFactory(made *atomic.Int32, panics func(plog.Logs) bool) processor.Factory {
	return processor.NewFactory(oddType, func() component.Config { return &struct{}{} },
		processor.WithLogs(func(_ context.Context, _ processor.Settings, _ component.Config, next consumer.Logs) (processor.Logs, error) {
			made.Add(1)
			return &odd{next: next, panic: panics}, nil
		}, component.StabilityLevelAlpha))
}

// statusHost keeps the last status.
type statusHost struct {
	component.Host
	mu   sync.Mutex // guards last
	last componentstatus.Status
}

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = e.Status()
}

func (h *statusHost) status() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

func logsOf(bodies ...string) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, text := range bodies {
		records.AppendEmpty().Body().SetStr(text)
	}
	return ld
}

func bodiesOf(ld plog.Logs) (out []string) {
	for _, r := range ld.ResourceLogs().All() {
		for _, l := range r.ScopeLogs().At(0).LogRecords().All() {
			out = append(out, l.Body().Str())
		}
	}
	return out
}

func poisoned(ld plog.Logs) bool { return slices.Contains(bodiesOf(ld), "poison") }

type oddRig struct {
	logsCell
	tel  *componenttest.Telemetry
	sink *consumertest.LogsSink
	host *statusHost
	made atomic.Int32
}

func newOdd(t testing.TB, next consumer.Logs, panics func(plog.Logs) bool) *oddRig {
	r := &oddRig{tel: componenttest.NewTelemetry(), sink: new(consumertest.LogsSink), host: &statusHost{Host: componenttest.NewNopHost()}}
	if next == nil {
		next = r.sink
	}
	set := processortest.NewNopSettings(oddType)
	set.TelemetrySettings = r.tel.NewTelemetrySettings()
	p, err := containProcessors(oddFactory(&r.made, panics)).CreateLogs(t.Context(), set, &struct{}{}, next)
	require.NoError(t, err)
	r.logsCell = p.(logsCell)
	t.Cleanup(func() { require.NoError(t, r.tel.Shutdown(context.Background())) })
	return r
}

func (r *oddRig) start(t testing.TB) *oddRig {
	require.NoError(t, r.Start(t.Context(), r.host))
	return r
}

func (r *oddRig) count(name string) int64 {
	m, err := r.tel.GetMetric(name)
	if err != nil {
		return 0
	}
	return m.Data.(metricdata.Sum[int64]).DataPoints[0].Value
}

// untilTaken does as a receiver does: it tries what is left until nothing is.
func untilTaken(t *testing.T, c consumer.Logs, build func() plog.Logs) (tries int) {
	t.Helper()
	for ld := build(); ; {
		err := c.ConsumeLogs(t.Context(), ld)
		if tries++; err == nil {
			return tries
		}
		require.False(t, consumererror.IsPermanent(err), "%v", err)
		require.Less(t, tries, 100)
		ld = build()
		if failed, ok := errors.AsType[consumererror.Logs](err); ok {
			ld = failed.Data()
		}
	}
}

func TestAPoisonRecordIsGivenUpAlone(t *testing.T) {
	r := newOdd(t, nil, poisoned).start(t)
	require.True(t, r.Capabilities().MutatesData)
	require.NoError(t, r.ConsumeLogs(t.Context(), logsOf("before")))
	require.Equal(t, 4, untilTaken(t, r, func() plog.Logs { return logsOf("a", "poison", "b") }))
	require.Equal(t, componentstatus.StatusOK, r.host.status())
	require.NoError(t, r.ConsumeLogs(t.Context(), logsOf("after")))
	var got []string
	for _, ld := range r.sink.AllLogs() {
		got = append(got, bodiesOf(ld)...)
	}
	require.Equal(t, []string{"before", "a", "b", "after"}, got)
	require.EqualValues(t, 4, r.count("tidewatch_panics"))
	require.EqualValues(t, 1, r.count("tidewatch_panic_dropped_items"))
	require.Zero(t, r.count("tidewatch_panic_restarts"))
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestAPanicIsAStatus(t *testing.T) {
	r := newOdd(t, nil, poisoned).start(t)
	require.ErrorContains(t, r.ConsumeLogs(t.Context(), logsOf("poison")), "processor/odd panicked: odd")
	require.Equal(t, componentstatus.StatusRecoverableError, r.host.status())
	require.NoError(t, r.ConsumeLogs(t.Context(), logsOf("fine")))
	require.Equal(t, componentstatus.StatusOK, r.host.status())
	require.NoError(t, r.Shutdown(t.Context()))
}

// refuses takes one record and then asks to try again, once.
type refuses struct {
	*consumertest.LogsSink
	calls int
}

func (r *refuses) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	if r.calls++; r.calls == 2 {
		return errors.New("later")
	}
	return r.LogsSink.ConsumeLogs(ctx, ld)
}

func TestWhatIsLeftIsTriedAgain(t *testing.T) {
	next := &refuses{LogsSink: new(consumertest.LogsSink)}
	r := newOdd(t, next, poisoned).start(t)
	untilTaken(t, r, func() plog.Logs { return logsOf("a", "b", "poison", "c") })
	var got []string
	for _, ld := range next.AllLogs() {
		got = append(got, bodiesOf(ld)...)
	}
	require.Equal(t, []string{"a", "b", "c"}, got, "nothing twice")
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestStartedAnewAfterManyPanics(t *testing.T) {
	var broken atomic.Bool
	r := newOdd(t, nil, func(plog.Logs) bool { return broken.Load() })
	waits, go1 := make(chan time.Duration, 1), make(chan time.Time)
	r.after = func(d time.Duration) <-chan time.Time { waits <- d; return go1 }
	r.start(t)
	broken.Store(true)
	for i := range restartAfter {
		require.Error(t, r.ConsumeLogs(t.Context(), logsOf(strings.Repeat("x", i))))
	}
	require.Equal(t, time.Second, <-waits)
	require.ErrorIs(t, r.ConsumeLogs(t.Context(), logsOf("y")), errRestarting)
	require.EqualValues(t, 1, r.made.Load())
	broken.Store(false)
	go1 <- time.Time{}
	require.Eventually(t, func() bool { return r.ConsumeLogs(t.Context(), logsOf("y")) == nil }, time.Minute, time.Millisecond)
	require.EqualValues(t, 2, r.made.Load())
	require.EqualValues(t, 1, r.count("tidewatch_panic_restarts"))
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestShutdownEndsARestart(t *testing.T) {
	r := newOdd(t, nil, func(plog.Logs) bool { return true })
	waits := make(chan time.Duration, 1)
	r.after = func(d time.Duration) <-chan time.Time { waits <- d; return nil }
	r.start(t)
	for i := range restartAfter {
		require.Error(t, r.ConsumeLogs(t.Context(), logsOf(strings.Repeat("x", i))))
	}
	<-waits
	require.NoError(t, r.Shutdown(t.Context()))
	require.EqualValues(t, 1, r.made.Load())
}

func TestPanicsAtStartAndStopAreErrors(t *testing.T) {
	f := processor.NewFactory(oddType, func() component.Config { return &struct{}{} },
		processor.WithLogs(func(context.Context, processor.Settings, component.Config, consumer.Logs) (processor.Logs, error) {
			return &odd{
				StartFunc:    func(context.Context, component.Host) error { panic("start") },
				ShutdownFunc: func(context.Context) error { panic("stop") },
			}, nil
		}, component.StabilityLevelAlpha),
		processor.WithTraces(func(context.Context, processor.Settings, component.Config, consumer.Traces) (processor.Traces, error) {
			panic("create")
		}, component.StabilityLevelAlpha))
	p, err := containProcessors(f).CreateLogs(t.Context(), processortest.NewNopSettings(oddType), nil, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, p.Start(t.Context(), componenttest.NewNopHost()), "processor/odd panicked: start")
	require.ErrorContains(t, p.Shutdown(t.Context()), "processor/odd panicked: stop")
	_, err = containProcessors(f).CreateTraces(t.Context(), processortest.NewNopSettings(oddType), nil, consumertest.NewNop())
	require.ErrorContains(t, err, "processor/odd panicked: create")
}

func TestPartsOfAConnectorAreStartedAnewTogether(t *testing.T) {
	var mu sync.Mutex
	var story []string
	say := func(what string) { mu.Lock(); defer mu.Unlock(); story = append(story, what) }
	make1 := func(name string) *oddConnector {
		say("make " + name)
		return &oddConnector{ShutdownFunc: func(context.Context) error { say("end " + name); return nil }}
	}
	f := connector.NewFactory(oddType, func() component.Config { return &struct{}{} },
		connector.WithTracesToLogs(func(context.Context, connector.Settings, component.Config, consumer.Logs) (connector.Traces, error) {
			return make1("logs"), nil
		}, component.StabilityLevelAlpha),
		connector.WithTracesToMetrics(func(context.Context, connector.Settings, component.Config, consumer.Metrics) (connector.Traces, error) {
			return make1("metrics"), nil
		}, component.StabilityLevelAlpha))
	c := containConnectors(f)
	set := connectortest.NewNopSettings(oddType)
	a, err := c.CreateTracesToLogs(t.Context(), set, nil, consumertest.NewNop())
	require.NoError(t, err)
	b, err := c.CreateTracesToMetrics(t.Context(), set, nil, consumertest.NewNop())
	require.NoError(t, err)
	soon := make(chan time.Time)
	close(soon)
	a.(tracesCell).after = func(time.Duration) <-chan time.Time { return soon }
	require.NoError(t, a.Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, b.Start(t.Context(), componenttest.NewNopHost()))
	for i := range restartAfter {
		td := ptrace.NewTraces()
		td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetSpanID([8]byte{byte(i)})
		require.Error(t, b.ConsumeTraces(t.Context(), td))
	}
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(story) == 6 }, time.Minute, time.Millisecond)
	require.NoError(t, a.Shutdown(t.Context()))
	require.NoError(t, b.Shutdown(t.Context()))
	require.Equal(t, []string{"make logs", "make metrics", "end logs", "end metrics", "make logs", "make metrics", "end logs", "end metrics"}, story)
}

type oddConnector struct {
	component.StartFunc
	component.ShutdownFunc
}

func (*oddConnector) Capabilities() consumer.Capabilities                { return consumer.Capabilities{} }
func (*oddConnector) ConsumeTraces(context.Context, ptrace.Traces) error { panic("odd") }

func TestRecordsOfEachKindAreToldApart(t *testing.T) {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, fill := range []func(pmetric.Metric){
		func(m pmetric.Metric) { m.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(1) },
		func(m pmetric.Metric) { m.SetEmptySum().DataPoints().AppendEmpty().SetTimestamp(2) },
		func(m pmetric.Metric) { m.SetEmptyHistogram().DataPoints().AppendEmpty().SetTimestamp(3) },
		func(m pmetric.Metric) { m.SetEmptyExponentialHistogram().DataPoints().AppendEmpty().SetTimestamp(4) },
		func(m pmetric.Metric) { m.SetEmptySummary().DataPoints().AppendEmpty().SetTimestamp(5) },
		func(pmetric.Metric) {},
	} {
		fill(metrics.AppendEmpty())
	}
	seen := map[uint64]bool{metricsSignal.fingerprint(md): true}
	split := metricsSignal.split(md)
	for _, one := range split {
		require.Equal(t, 1, one.MetricCount())
		seen[metricsSignal.fingerprint(one)] = true
	}
	require.Len(t, seen, 7)
	var failed consumererror.Metrics
	require.ErrorAs(t, metricsSignal.retry(errors.New("x"), metricsSignal.join(split[2:])), &failed)
	require.Equal(t, 4, failed.Data().MetricCount())

	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	spans.AppendEmpty().SetName("a")
	spans.AppendEmpty().SetSpanID([8]byte{1})
	pieces := tracesSignal.split(td)
	require.NotEqual(t, tracesSignal.fingerprint(pieces[0]), tracesSignal.fingerprint(pieces[1]))
	var spansLeft consumererror.Traces
	require.ErrorAs(t, tracesSignal.retry(errors.New("x"), tracesSignal.join(pieces[1:])), &spansLeft)
	require.Equal(t, 1, spansLeft.Data().SpanCount())
}

func TestWhatUpstreamLooksForIsKept(t *testing.T) {
	e := containExporters(otlpexporter.NewFactory())
	_, profiles := e.(xexporter.Factory)
	require.True(t, profiles)
	require.Equal(t, otlpexporter.NewFactory().(aliased).DeprecatedAlias(), e.(aliased).DeprecatedAlias())
	_, profiles = containProcessors(memorylimiterprocessor.NewFactory()).(xprocessor.Factory)
	require.True(t, profiles)
	require.Equal(t, otlpreceiver.NewFactory().Type(), component.MustNewType("otlp"))
}

// TestAnAgentSurvives sends a poison record to a whole agent.
func TestAnAgentSurvives(t *testing.T) {
	var made atomic.Int32
	address := freeport.Address()
	text := strings.Replace(config(freeport.Address()), "exporters: {nop: {}}", "exporters: {nop: {}}\nprocessors: {odd: {}}", 1)
	text = strings.Replace(text, "receivers: [otlp], exporters", "receivers: [otlp], processors: [odd], exporters", 1)
	text = strings.Replace(text, text[strings.Index(text, "endpoint: ")+10:strings.Index(text, "}}}}")], address, 1)
	r := startRunner(t, text, WithProcessors(oddFactory(&made, poisoned)))
	send := func(line string) int {
		client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Post("http://"+address+"/v1/logs", "application/json",
			strings.NewReader(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"`+line+`"}}]}]}]}`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, http.StatusOK, send("fine"))
	for range 3 {
		require.Equal(t, http.StatusServiceUnavailable, send("poison"), "the sender keeps it")
	}
	require.Equal(t, http.StatusOK, send("poison"), "and is rid of it in the end")
	require.Equal(t, http.StatusOK, send("fine"))
	r.stop()
}

func BenchmarkContained(b *testing.B) {
	never := func(plog.Logs) bool { return false }
	ld := logsOf("a")
	direct := &odd{next: consumertest.NewNop(), panic: never}
	b.Run("without", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = direct.ConsumeLogs(b.Context(), ld)
		}
	})
	r := newOdd(b, consumertest.NewNop(), never).start(b)
	b.Run("with", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = r.ConsumeLogs(b.Context(), ld)
		}
	})
	require.NoError(b, r.Shutdown(b.Context()))
}
