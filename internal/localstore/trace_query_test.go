package localstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/localstore"
)

func TestFindTraces(t *testing.T) {
	s := localstore.New(localstore.Options{})
	for _, sp := range []localstore.Span{
		{TraceID: "1", SpanID: "1", Service: "web", Name: "GET /", Duration: int64(100 * time.Millisecond)},
		{TraceID: "1", SpanID: "2", ParentID: "1", Service: "cart", Name: "add", Duration: int64(80 * time.Millisecond), Error: true},
		{TraceID: "2", SpanID: "1", Service: "web", Name: "GET /", Duration: int64(time.Second), Error: true},
		{TraceID: "3", SpanID: "1", Service: "cart", Name: "list", Duration: int64(time.Millisecond)},
	} {
		s.PutSpan(sp)
	}
	find := func(q localstore.TraceQuery) (ids []string) {
		if q.Limit == 0 {
			q.Limit = 10
		}
		for _, v := range s.FindTraces(q) {
			ids = append(ids, v.ID)
		}
		return ids
	}
	require.Equal(t, []string{"3", "2", "1"}, find(localstore.TraceQuery{}))
	require.Equal(t, []string{"3"}, find(localstore.TraceQuery{Limit: 1}))
	require.Equal(t, []string{"3", "1"}, find(localstore.TraceQuery{Service: "cart"}))
	require.Equal(t, []string{"1"}, find(localstore.TraceQuery{Service: "cart", Errors: true}))
	require.Equal(t, []string{"2"}, find(localstore.TraceQuery{Service: "web", Errors: true}))
	require.Equal(t, []string{"2", "1"}, find(localstore.TraceQuery{Errors: true}))
	require.Equal(t, []string{"2", "1"}, find(localstore.TraceQuery{MinDuration: 90 * time.Millisecond}))
	require.Equal(t, []string{"3"}, find(localstore.TraceQuery{Operation: "list"}))
	require.Empty(t, find(localstore.TraceQuery{Service: "cart", MinDuration: 90 * time.Millisecond}))
}
