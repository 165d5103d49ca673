package kafkareceiver_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/tidewatch/tidewatch/receivers/kafkareceiver"
)

func TestMetricsAndTracesAreReadFromTheirTopics(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(kafkareceiver.NewFactory().CreateDefaultConfig()))
	c := brokers(t)
	to := client(t, c)
	md := pmetric.NewMetrics()
	md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
	points, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("span")
	spans, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	bad := []byte("{}")
	for topic, values := range map[string][][]byte{"tidewatch.metrics": {points, bad, points}, "tidewatch.traces": {spans, bad}} {
		for _, v := range values {
			require.NoError(t, to.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: v}).FirstErr())
		}
	}

	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(context.Background())) }()
	f := kafkareceiver.NewFactory()
	set := receivertest.NewNopSettings(f.Type())
	set.TelemetrySettings = tel.NewTelemetrySettings()
	var metrics consumertest.MetricsSink
	var traces consumertest.TracesSink
	m, err := f.CreateMetrics(t.Context(), set, config(c), &metrics)
	require.NoError(t, err)
	s, err := f.CreateTraces(t.Context(), set, config(c), &traces)
	require.NoError(t, err)
	for _, r := range []component.Component{m, s} {
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		defer func() { require.NoError(t, r.Shutdown(context.Background())) }()
	}
	require.Eventually(t, func() bool { return metrics.DataPointCount() == 2 && traces.SpanCount() == 1 }, patience, tick)
	require.Eventually(t, func() bool { return sum(t, tel, "tidewatch_kafka_dropped_records")["not_otlp"] == 2 }, patience, tick)
	require.EqualValues(t, 2*partitions, sum(t, tel, "tidewatch_kafka_partitions")[""], "each signal has its own")
}
