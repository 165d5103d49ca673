package localstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

func TestTrace(t *testing.T) {
	s := localstore.New(localstore.Options{})
	s.PutSpan(localstore.Span{TraceID: "t", SpanID: "b", ParentID: "a", Name: "SELECT", Service: "db", Start: 120, Duration: 30, Error: true})
	s.PutSpan(localstore.Span{TraceID: "t", SpanID: "a", Name: "GET /", Service: "web", Start: 100, Duration: 100})
	v, spans, ok := s.Trace("t")
	require.True(t, ok)
	require.Equal(t, localstore.TraceView{ID: "t", Name: "GET /", Service: "web", Services: []string{"web", "db"}, Start: 100, Duration: 100, Spans: 2, Errors: 1}, v)
	require.Equal(t, "a", spans[0].SpanID)
	_, _, ok = s.Trace("x")
	require.False(t, ok)
}

func TestTracesAreBounded(t *testing.T) {
	s := localstore.New(localstore.Options{MaxTraces: 20, MaxSpans: 100})
	for i := range 1000 { // a runaway trace
		s.PutSpan(localstore.Span{TraceID: "big", SpanID: fmt.Sprint(i)})
	}
	v, _, _ := s.Trace("big")
	require.Equal(t, 10, v.Spans)
	for i := range 100 {
		for j := range 7 {
			s.PutSpan(localstore.Span{TraceID: fmt.Sprint(i), SpanID: fmt.Sprint(j)})
		}
	}
	traces := s.FindTraces(localstore.TraceQuery{Limit: 1000})
	require.Len(t, traces, 14) // 14 * 7 <= 100
	require.Equal(t, "99", traces[0].ID)
	require.EqualValues(t, 990, s.Totals().DroppedSpans)
	require.EqualValues(t, 87, s.Totals().EvictedTraces)
}

func TestTracesOfATime(t *testing.T) {
	s := localstore.New(localstore.Options{})
	for i := range 4 {
		s.PutSpan(localstore.Span{TraceID: fmt.Sprint(i), SpanID: "1", Service: "web", Start: int64(i+1) * 1000, Duration: 500})
	}
	ids := func(from, to int64) []string {
		out := []string{}
		for _, v := range s.FindTraces(localstore.TraceQuery{From: from, To: to, Limit: 10}) {
			out = append(out, v.ID)
		}
		return out
	}
	require.Equal(t, []string{"2", "1"}, ids(2400, 3001), "one that was still under way belongs to it")
	require.Equal(t, []string{"3"}, ids(3501, 0))
	require.Empty(t, ids(9000, 0))
}
