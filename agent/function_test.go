package agent_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/tidewatch/tidewatch/agent"
)

// custom lets nothing pass that is called "drop", renames the rest, and panics at "panic".
func custom() processor.Factory {
	judge := func(name string) (string, bool) {
		if name == "panic" {
			panic("at the disco")
		}
		return name + "!", name != "drop"
	}
	return agent.NewProcessor("custom", agent.Functions{
		Log: func(r pcommon.Resource, l plog.LogRecord) bool {
			name, ok := judge(l.Body().Str())
			l.Body().SetStr(name)
			r.Attributes().PutBool("seen", true)
			return ok
		},
		Metric: func(_ pcommon.Resource, m pmetric.Metric) bool {
			name, ok := judge(m.Name())
			m.SetName(name)
			return ok
		},
		Span: func(_ pcommon.Resource, s ptrace.Span) bool {
			name, ok := judge(s.Name())
			s.SetName(name)
			return ok
		},
	})
}

func counted(t *testing.T, tel *componenttest.Telemetry, name, signal string, want int64) {
	t.Helper()
	got, err := tel.GetMetric(name)
	require.NoError(t, err)
	metricdatatest.AssertAggregationsEqual(t, metricdata.Sum[int64]{
		Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
		DataPoints: []metricdata.DataPoint[int64]{{Value: want, Attributes: attribute.NewSet(attribute.String("processor", "custom"), attribute.String("signal", signal))}},
	}, got.Data, metricdatatest.IgnoreTimestamp())
}

func settings(t *testing.T) (processor.Settings, *componenttest.Telemetry) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	set := processortest.NewNopSettings(component.MustNewType("custom"))
	set.ID = component.MustNewID("custom")
	set.TelemetrySettings = tel.NewTelemetrySettings()
	return set, tel
}

func TestAFunctionSeesEveryLogRecord(t *testing.T) {
	set, tel := settings(t)
	next := new(consumertest.LogsSink)
	p, err := custom().CreateLogs(t.Context(), set, custom().CreateDefaultConfig(), next)
	require.NoError(t, err)
	batch := func(bodies ...string) plog.Logs {
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for _, b := range bodies {
			records.AppendEmpty().Body().SetStr(b)
		}
		return ld
	}
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("a", "drop", "panic")))
	require.NoError(t, p.ConsumeLogs(t.Context(), batch("drop")))
	require.Len(t, next.AllLogs(), 1, "an empty batch does not go on")
	r := next.AllLogs()[0].ResourceLogs().At(0)
	require.Equal(t, map[string]any{"seen": true}, r.Resource().Attributes().AsRaw())
	records := r.ScopeLogs().At(0).LogRecords()
	require.Equal(t, 2, records.Len())
	require.Equal(t, "a!", records.At(0).Body().Str())
	require.Equal(t, "panic", records.At(1).Body().Str())
	counted(t, tel, "tidewatch_function_dropped_items", "logs", 2)
	counted(t, tel, "tidewatch_function_panics", "logs", 1)
}

func TestAFunctionSeesEveryMetric(t *testing.T) {
	set, tel := settings(t)
	next := new(consumertest.MetricsSink)
	p, err := custom().CreateMetrics(t.Context(), set, custom().CreateDefaultConfig(), next)
	require.NoError(t, err)
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for _, name := range []string{"a", "drop"} {
		m := metrics.AppendEmpty()
		m.SetName(name)
		m.SetEmptyGauge().DataPoints().AppendEmpty()
		m.Gauge().DataPoints().AppendEmpty()
	}
	require.NoError(t, p.ConsumeMetrics(t.Context(), md))
	left := next.AllMetrics()[0].ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	require.Equal(t, 1, left.Len())
	require.Equal(t, "a!", left.At(0).Name())
	counted(t, tel, "tidewatch_function_dropped_items", "metrics", 2)
}

func TestAFunctionSeesEverySpan(t *testing.T) {
	set, tel := settings(t)
	next := new(consumertest.TracesSink)
	p, err := custom().CreateTraces(t.Context(), set, custom().CreateDefaultConfig(), next)
	require.NoError(t, err)
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, name := range []string{"a", "drop"} {
		spans.AppendEmpty().SetName(name)
	}
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	left := next.AllTraces()[0].ResourceSpans().At(0).ScopeSpans().At(0).Spans()
	require.Equal(t, 1, left.Len())
	require.Equal(t, "a!", left.At(0).Name())
	counted(t, tel, "tidewatch_function_dropped_items", "traces", 1)
}

func TestSignalsWithoutAFunctionPassUnseen(t *testing.T) {
	set, _ := settings(t)
	f := agent.NewProcessor("custom", agent.Functions{})
	next := new(consumertest.LogsSink)
	p, err := f.CreateLogs(t.Context(), set, f.CreateDefaultConfig(), next)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.Len(t, next.AllLogs(), 1)
}
