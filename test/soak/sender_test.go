package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// What is refused is kept and sent again, in turn; all numbers come once.
func TestSendersForgetNothing(t *testing.T) {
	p := plan{Seconds: 4, Series: 1500, Round: 2, Spans: 20}
	var asked atomic.Int64
	points, spans := map[string]int{}, map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%2 == 1 {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, _ := io.ReadAll(r.Body)
		metrics, traces := pmetricotlp.NewExportRequest(), ptraceotlp.NewExportRequest()
		if r.URL.Path == "/v1/metrics" && metrics.UnmarshalProto(body) == nil {
			sm := metrics.Metrics().ResourceMetrics().At(0).ScopeMetrics().At(0)
			for _, m := range sm.Metrics().All() {
				var dps pmetric.NumberDataPointSlice
				if m.Type() == pmetric.MetricTypeSum {
					dps = m.Sum().DataPoints()
				} else {
					dps = m.Gauge().DataPoints()
				}
				for _, dp := range dps.All() {
					v, _ := dp.Attributes().Get(seriesLabel)
					points[v.Str()]++
				}
			}
		} else if traces.UnmarshalProto(body) == nil {
			for _, rs := range traces.Traces().ResourceSpans().All() {
				for _, s := range rs.ScopeSpans().At(0).Spans().All() {
					spans[s.SpanID().String()] = true
				}
			}
		}
	}))
	defer server.Close()
	c := &clock{}
	c.end() // all is due
	m, s := metricSender(server.URL, &p, time.Unix(1_800_000_000, 0)), spanSender(server.URL, &p)
	require.NoError(t, m.run(t.Context(), c))
	require.NoError(t, s.run(t.Context(), c))
	require.Equal(t, []int64{3000, 80}, []int64{m.records.Load(), s.records.Load()})
	require.Equal(t, []int64{4, 4}, []int64{m.refused.Load(), s.refused.Load()})
	require.Len(t, points, 1500)
	require.Len(t, spans, 80)
	n, ok := findSpan([]byte(`{"span.id":"` + spanID(79).String() + `"}`))
	require.True(t, ok)
	require.Equal(t, 79, n)
}

func TestASenderStopsAtAnAnswerThatIsFinal(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	c := &clock{}
	c.end()
	s := spanSender(server.URL, &plan{Seconds: 1, Spans: 5})
	require.ErrorContains(t, s.run(t.Context(), c), "404")
}
