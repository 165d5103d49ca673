package main

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/require"
)

func TestRemoteWrite(t *testing.T) {
	p := plan{Series: 10, Round: 5, Seconds: 20}
	start := time.Unix(1_800_000_000, 0)
	w := newRemoteWrite(&p, start)
	at := func(round int) int64 { return start.UnixMilli() + int64(round*5000) }
	two := writev2.Request{
		Symbols: []string{"", "__name__", "soak_depth_0", seriesLabel, "3", "tidewatch_anomaly_score"},
		Timeseries: []writev2.TimeSeries{
			{LabelsRefs: []uint32{1, 2, 3, 4}, Samples: []writev2.Sample{{Timestamp: at(0), Value: 1}, {Timestamp: at(1), Value: 2}, {Timestamp: at(2), Value: math.Float64frombits(staleNaN)}}},
			{LabelsRefs: []uint32{1, 5, 3, 4}, Samples: []writev2.Sample{{Timestamp: at(2), Value: 1}}, Exemplars: []writev2.Exemplar{{Value: 1}}},
		},
	}
	raw, err := two.Marshal()
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/api/v1/write", nil)
	r.Header.Set("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request")
	in, err := w.read(r, snappy.Encode(nil, raw))
	require.NoError(t, err)
	require.Equal(t, 4, in.records())
	a := in.take(true)
	require.Equal(t, http.StatusBadRequest, a.status)
	require.Equal(t, "3", a.header["X-Prometheus-Remote-Write-Samples-Written"])
	require.Equal(t, "1", a.header["X-Prometheus-Remote-Write-Exemplars-Written"])
	require.Equal(t, 1, w.refused)
	require.Equal(t, http.StatusNoContent, in.take(false).status)
	require.Equal(t, 2, w.samples.count().Distinct)
	require.Zero(t, w.disorder, "what came again was stored already")

	one := prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: "soak_requests_1_total"}, {Name: seriesLabel, Value: "4"}},
		Samples: []prompb.Sample{{Timestamp: at(3), Value: 7}},
	}}}
	raw, err = one.Marshal()
	require.NoError(t, err)
	in, err = w.read(httptest.NewRequest(http.MethodPost, "/api/v1/write", nil), snappy.Encode(nil, raw))
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, in.take(true).status)
	in.take(false)
	require.Equal(t, count{Distinct: 3, Repeated: 3}, w.samples.count())
	missing, _, _ := w.samples.missing(p.rounds() * p.Series)
	require.Equal(t, 37, missing)
}
