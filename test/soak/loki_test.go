package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/grafana/loki/pkg/push"
	"github.com/stretchr/testify/require"
)

func TestLoki(t *testing.T) {
	l := newLoki(10)
	at := time.Unix(1_800_000_000, 5)
	file := push.LabelsAdapter{{Name: "log_file_path", Value: "/x"}}
	one := push.PushRequest{Streams: []push.Stream{
		{Labels: `{service_name="a"}`, Entries: []push.Entry{
			{Timestamp: at, Line: "a twqa0000000000x b", StructuredMetadata: file},
			{Timestamp: at, Line: "a twqa0000000009x b", StructuredMetadata: file},
			{Timestamp: at, Line: "no number", StructuredMetadata: file},
		}},
		{Labels: `{service_name="b"}`, Entries: []push.Entry{
			{Timestamp: at, Line: "a twqc0000000001x b"},
			{Timestamp: at, Line: "a twqc0000000002x b", StructuredMetadata: push.LabelsAdapter{{Name: "event_name", Value: "tidewatch.finding"}}},
		}},
	}}
	raw, err := one.Marshal()
	require.NoError(t, err)
	in, err := l.read(nil, snappy.Encode(nil, raw))
	require.NoError(t, err)
	require.Equal(t, 5, in.records())
	require.Equal(t, http.StatusTooManyRequests, in.take(true).status)
	require.Zero(t, l.lines[0].count())
	a := in.take(false)
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Contains(t, string(a.body), "1 errors like: entry for stream")
	in.take(false)
	require.Equal(t, count{Distinct: 1, Repeated: 1, Refused: 1}, l.lines[0].count())
	require.Equal(t, count{Distinct: 1, Repeated: 1}, l.lines[2].count())
	require.Len(t, l.others, 2)
	require.Equal(t, 2, l.stray)
	l = newLoki(0)
	in, err = l.read(nil, snappy.Encode(nil, raw))
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, in.take(false).status)
	_, err = l.read(nil, []byte("not snappy"))
	require.Error(t, err)
}
