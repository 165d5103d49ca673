package elasticsearchexporter

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/request"
	"go.opentelemetry.io/collector/pipeline"
)

func unstarted(signal pipeline.Signal) *elasticsearchExporter {
	return &elasticsearchExporter{cfg: createDefaultConfig().(*Config), signal: signal}
}

func someLogs(n int) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range n {
		r := records.AppendEmpty()
		r.SetTimestamp(1795262400000000000)
		r.Body().SetStr(fmt.Sprintf("line %d", i))
	}
	return ld
}

func someMetrics(n int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	metrics := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	for i := range 2 {
		m := metrics.AppendEmpty()
		m.SetName(fmt.Sprintf("m%d", i))
		points := m.SetEmptyGauge().DataPoints()
		for j := range n {
			p := points.AppendEmpty()
			p.SetTimestamp(1795262400000000000)
			p.Attributes().PutInt("n", int64(j))
			p.SetIntValue(1)
		}
	}
	return md
}

func contents(t *testing.T, req xexporterhelper.Request) string {
	t.Helper()
	b := req.(*batch).body
	return fmt.Sprint(string(b.buf), b.items, b.weights)
}

func TestStoredBatchComesBackAsItWas(t *testing.T) {
	logs, metrics := unstarted(pipeline.SignalLogs), unstarted(pipeline.SignalMetrics)
	for _, n := range []int{0, 1, 1000} {
		req, err := logs.encodeLogs(t.Context(), someLogs(n))
		require.NoError(t, err)
		requireSame(t, logs, req, n)
		req, err = metrics.encodeMetrics(t.Context(), someMetrics(n))
		require.NoError(t, err)
		requireSame(t, metrics, req, 2*n)
	}
}

func requireSame(t *testing.T, e *elasticsearchExporter, req xexporterhelper.Request, count int) {
	t.Helper()
	p, err := stored{e}.Marshal(t.Context(), req)
	require.NoError(t, err)
	_, back, err := stored{e}.Unmarshal(p)
	require.NoError(t, err)
	require.Equal(t, count, back.ItemsCount())
	require.Equal(t, req.BytesSize(), back.BytesSize())
	if count > 0 {
		require.Equal(t, contents(t, req), contents(t, back))
	}
}

// What an earlier version stored, with or without the context, is still delivered.
func TestStoredOTLPIsRead(t *testing.T) {
	ctx := context.Background()
	withContext := func(p []byte, err error) []byte {
		require.NoError(t, err)
		return p
	}
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	for signal, items := range map[pipeline.Signal][][]byte{
		pipeline.SignalLogs:    {withContext(request.MarshalLogs(ctx, someLogs(3))), withContext((&plog.ProtoMarshaler{}).MarshalLogs(someLogs(3)))},
		pipeline.SignalMetrics: {withContext(request.MarshalMetrics(ctx, someMetrics(3))), withContext((&pmetric.ProtoMarshaler{}).MarshalMetrics(someMetrics(3)))},
		pipeline.SignalTraces:  {withContext(request.MarshalTraces(ctx, td)), withContext((&ptrace.ProtoMarshaler{}).MarshalTraces(td))},
	} {
		want := map[pipeline.Signal]int{pipeline.SignalLogs: 3, pipeline.SignalMetrics: 6, pipeline.SignalTraces: 1}[signal]
		for _, p := range items {
			got, req, err := stored{unstarted(signal)}.Unmarshal(p)
			require.NoError(t, err)
			require.NotNil(t, got)
			require.Equal(t, want, req.ItemsCount())
		}
	}
}

// FuzzStored wants that damage is an error, never a panic or a batch that is
// larger than what it says.
func FuzzStored(f *testing.F) {
	e := unstarted(pipeline.SignalLogs)
	for _, n := range []int{0, 1, 5} {
		req, err := e.encodeLogs(context.Background(), someLogs(n))
		require.NoError(f, err)
		p, err := stored{e}.Marshal(context.Background(), req)
		require.NoError(f, err)
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 1<<16 {
			return
		}
		_, req, err := stored{e}.Unmarshal(p)
		if err != nil {
			return
		}
		b := req.(*batch).body
		end := 0
		for _, it := range b.items {
			require.Equal(t, end, it.start)
			require.Less(t, it.start, it.doc)
			require.Less(t, it.doc, it.end)
			end = it.end
		}
		require.Len(t, b.buf, end)
	})
}

func TestBatchesMergeAndSplitToTheByte(t *testing.T) {
	for signal, encode := range map[pipeline.Signal]func(n int) xexporterhelper.Request{
		pipeline.SignalLogs: func(n int) xexporterhelper.Request {
			req, err := unstarted(pipeline.SignalLogs).encodeLogs(t.Context(), someLogs(n))
			require.NoError(t, err)
			return req
		},
		pipeline.SignalMetrics: func(n int) xexporterhelper.Request {
			req, err := unstarted(pipeline.SignalMetrics).encodeMetrics(t.Context(), someMetrics(n))
			require.NoError(t, err)
			return req
		},
	} {
		one, two := encode(10), encode(20)
		whole, count := one.BytesSize()+two.BytesSize(), one.ItemsCount()+two.ItemsCount()
		merged, err := one.MergeSplit(t.Context(), 0, exporterhelper.RequestSizerTypeBytes, two)
		require.NoError(t, err)
		require.Len(t, merged, 1)
		require.Equal(t, whole, merged[0].BytesSize())
		require.Equal(t, count, merged[0].ItemsCount(), signal)

		parts, err := merged[0].MergeSplit(t.Context(), 1000, exporterhelper.RequestSizerTypeBytes, nil)
		require.NoError(t, err)
		require.Greater(t, len(parts), 3)
		for _, p := range parts {
			require.LessOrEqual(t, p.BytesSize(), 1000)
			whole, count = whole-p.BytesSize(), count-p.ItemsCount()
		}
		require.Zero(t, whole)
		require.Zero(t, count)

		parts, err = encode(10).MergeSplit(t.Context(), 4, exporterhelper.RequestSizerTypeItems, nil)
		require.NoError(t, err)
		for _, p := range parts {
			require.LessOrEqual(t, p.ItemsCount(), 4)
		}
		parts, err = encode(3).MergeSplit(t.Context(), 1, exporterhelper.RequestSizerTypeBytes, nil)
		require.NoError(t, err)
		require.Len(t, parts, 3, "a document is never cut")
	}
}

func TestKeepOnlyLeavesABufferThatHTTPReads(t *testing.T) {
	req, err := unstarted(pipeline.SignalLogs).encodeLogs(t.Context(), someLogs(5))
	require.NoError(t, err)
	b := req.(*batch).body
	sent := b.buf
	before := string(sent)
	b.lent = true
	b.keepOnly([]int{1, 3})
	require.Len(t, b.items, 2)
	require.Contains(t, string(b.buf), "line 3")
	require.NotContains(t, string(b.buf), "line 2")
	for range 10 {
		other := newBody(encoding{})
		other.buf = append(other.buf, make([]byte, len(before))...)
	}
	require.Equal(t, before, string(sent))
}
