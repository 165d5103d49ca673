package segmentstorageextension

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"
)

func TestCountRecords(t *testing.T) {
	logs, metrics, traces := plog.NewLogs(), pmetric.NewMetrics(), ptrace.NewTraces()
	for range 3 {
		records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
		for range 5 {
			records.AppendEmpty().Body().SetStr("a line")
			spans.AppendEmpty().SetName("a span")
		}
		list := metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
		list.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(1)
		list.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty().SetDoubleValue(1)
		list.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().SetCount(1)
		list.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().SetCount(1)
		list.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty().SetCount(1)
	}
	l, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	m, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(metrics)
	require.NoError(t, err)
	s, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(traces)
	require.NoError(t, err)
	for signal, item := range map[string][]byte{"logs": l, "metrics": m, "traces": s} {
		require.Equal(t, int64(15), countRecords(signal, item), signal)
		wrapped := protowire.AppendFixed32(protowire.AppendTag(nil, 1, protowire.Fixed32Type), 1)
		wrapped = protowire.AppendBytes(protowire.AppendTag(wrapped, requestData, protowire.BytesType), item)
		require.Equal(t, int64(15), countRecords(signal, wrapped), signal)
		require.Zero(t, countRecords("profiles", item))
	}
}

func TestCountRecordsThatAnItemStates(t *testing.T) {
	item := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 300)
	item = protowire.AppendBytes(protowire.AppendTag(item, 2, protowire.BytesType), []byte("whatever"))
	require.Equal(t, int64(300), countRecords("metrics", item))
	require.Zero(t, countRecords("profiles", item))
	require.Zero(t, countRecords("metrics", item[:1]))
}

func FuzzCountRecords(f *testing.F) {
	f.Add([]byte{0x0d, 1, 0, 0, 0, 0x1a, 2, 0x0a, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 0 && b[0] == 1<<3 { // such an item says whatever it likes
			return
		}
		for signal := range recordPaths {
			require.LessOrEqual(t, countRecords(signal, b), int64(len(b)))
		}
	})
}
