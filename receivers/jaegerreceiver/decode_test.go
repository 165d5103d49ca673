package jaegerreceiver

import (
	"testing"
	"time"

	"github.com/jaegertracing/jaeger-idl/model/v1"
	"github.com/jaegertracing/jaeger-idl/proto-gen/api_v2"
	"github.com/stretchr/testify/require"
)

// FuzzDecode also holds that what Jaeger's own reader takes has as many spans here.
func FuzzDecode(f *testing.F) {
	at := time.Unix(1_750_000_000, 0)
	b, err := (&api_v2.PostSpansRequest{Batch: model.Batch{
		Process: model.NewProcess("web", []model.KeyValue{model.String("hostname", "h")}),
		Spans: []*model.Span{{
			TraceID: model.NewTraceID(1, 2), SpanID: model.NewSpanID(3), OperationName: "x", StartTime: at, Duration: time.Second,
			References: []model.SpanRef{model.NewChildOfRef(model.NewTraceID(1, 2), model.NewSpanID(1))},
			Tags:       []model.KeyValue{model.Bool("error", true), model.Float64("f", 1)},
			Logs:       []model.Log{{Timestamp: at, Fields: []model.KeyValue{model.String("event", "e")}}},
			Process:    model.NewProcess("other", nil), Warnings: []string{"w"},
		}},
	}}).Marshal()
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte{0x0a, 0x03, 0x0a, 0x01, 0x0a})
	f.Fuzz(func(t *testing.T, b []byte) {
		td, rejected, err := decode(b)
		if err != nil {
			return
		}
		for _, rs := range td.ResourceSpans().All() {
			for _, s := range rs.ScopeSpans().At(0).Spans().All() {
				require.False(t, s.TraceID().IsEmpty() || s.SpanID().IsEmpty())
				require.GreaterOrEqual(t, s.EndTimestamp(), s.StartTimestamp())
			}
		}
		var theirs api_v2.PostSpansRequest
		if theirs.Unmarshal(b) == nil {
			require.Equal(t, len(theirs.Batch.Spans), td.SpanCount()+rejected)
		}
	})
}
