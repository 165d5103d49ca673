package remotewriteexporter

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// sent is one case as it was played.
type sent struct {
	*testing.T
	r    *receiver
	e    *metricsExporter
	tel  *componenttest.Telemetry
	errs []error
}

func (s *sent) header(i int, name string) string { return s.r.headers[i].Get(name) }

func (s *sent) versions() (out []string) {
	for _, h := range s.r.headers {
		out = append(out, h.Get("X-Prometheus-Remote-Write-Version"))
	}
	return out
}

func (s *sent) symbol(w *writev2.Request, ref uint32) string { return w.Symbols[ref] }

func (s *sent) metadata(name string) (kind writev2.Metadata_MetricType, help, unit string) {
	for _, w := range s.r.second {
		for _, ts := range w.Timeseries {
			for i := 0; i < len(ts.LabelsRefs); i += 2 {
				if w.Symbols[ts.LabelsRefs[i]] == "__name__" && w.Symbols[ts.LabelsRefs[i+1]] == name {
					return ts.Metadata.Type, w.Symbols[ts.Metadata.HelpRef], w.Symbols[ts.Metadata.UnitRef]
				}
			}
		}
	}
	s.Fatalf("no series %s", name)
	return 0, "", ""
}

func values(vs ...float64) pmetric.Metrics {
	points := make([]point, len(vs))
	for i, v := range vs {
		points[i] = point{k: fmt.Sprint(i), at: 1, v: v}
	}
	return sums(false, points...)
}

// withStart is a counter, a gauge and a histogram that have a start, a
// description and a unit.
func withStart() pmetric.Metrics {
	md := distributions(pcommon.NewTimestampFromTime(t0), false)
	ms := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	c := ms.AppendEmpty()
	c.SetName("hits")
	c.SetDescription("How often.")
	c.SetUnit("By")
	c.SetEmptySum().SetIsMonotonic(true)
	c.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	dp := c.Sum().DataPoints().AppendEmpty()
	dp.SetTimestamp(pcommon.NewTimestampFromTime(t0))
	g := ms.AppendEmpty()
	g.SetName("level")
	gp := g.SetEmptyGauge().DataPoints().AppendEmpty()
	gp.SetTimestamp(pcommon.NewTimestampFromTime(t0))
	start := pcommon.NewTimestampFromTime(t0.Add(-time.Hour))
	dp.SetStartTimestamp(start)
	gp.SetStartTimestamp(start)
	ms.At(0).Histogram().DataPoints().At(0).SetStartTimestamp(start)
	ms.At(1).ExponentialHistogram().DataPoints().At(0).SetStartTimestamp(start)
	return md
}

var one = point{"a", 1, 1, false}

// What the specification, and the list of tests that goes with it, ask of senders.
func TestSpecification(t *testing.T) {
	for _, c := range []struct {
		name    string
		config  func(*Config)
		only    string // see receiver
		answers []func(http.ResponseWriter)
		send    []pmetric.Metrics
		tries   int // of each; 0 means 1
		check   func(*sent)
	}{
		{name: "headers of version 2", send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.Equal(s, "application/x-protobuf;proto=io.prometheus.write.v2.Request", s.header(0, "Content-Type"))
			require.Equal(s, "snappy", s.header(0, "Content-Encoding"))
			require.Equal(s, "2.0.0", s.header(0, "X-Prometheus-Remote-Write-Version"))
			require.Regexp(s, `^[A-Za-z0-9_-]+/\S+`, s.header(0, "User-Agent"))
		}},
		{name: "headers of version 1", config: func(c *Config) { c.Protocol = ProtocolV1 }, send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.Equal(s, "application/x-protobuf", s.header(0, "Content-Type"))
			require.Equal(s, "snappy", s.header(0, "Content-Encoding"))
			require.Equal(s, "0.1.0", s.header(0, "X-Prometheus-Remote-Write-Version"))
			require.Empty(s, s.r.second)
		}},
		{name: "values", send: []pmetric.Metrics{values(0, -1.5, math.Inf(1), math.Inf(-1), math.NaN(), 0.30000000000000004)}, check: func(s *sent) {
			require.Equal(s, []string{
				"__name__=n_total k=0 0@1", "__name__=n_total k=1 -1.5@1", "__name__=n_total k=2 +Inf@1",
				"__name__=n_total k=3 -Inf@1", "__name__=n_total k=4 NaN@1", "__name__=n_total k=5 0.30000000000000004@1",
			}, s.r.samples())
		}},
		{name: "order of samples, one for each time", send: []pmetric.Metrics{sums(false, point{"a", 3, 3, false}, point{"a", 1, 1, false}, point{"a", 3, 4, false}, point{"a", 2, 2, false})}, check: func(s *sent) {
			require.Equal(s, []string{"__name__=n_total k=a 1@1", "__name__=n_total k=a 2@2", "__name__=n_total k=a 4@3"}, s.r.samples())
		}},
		{name: "stale markers", send: []pmetric.Metrics{sums(false, point{"b", 1, 9, true})}, check: func(s *sent) {
			require.Equal(s, []string{"__name__=n_total k=b stale@1"}, s.r.samples())
		}},
		{name: "labels of any UTF-8", send: []pmetric.Metrics{sums(false, point{"größe \"x\" 漢 \n", 1, 1, false})}, check: func(s *sent) {
			require.Equal(s, "größe \"x\" 漢 \n", s.r.requests[0].Timeseries[0].Labels[1].Value)
		}},
		{name: "names of any UTF-8", config: func(c *Config) { c.UTF8Names = true }, send: []pmetric.Metrics{withStart()}, check: func(s *sent) {
			require.Equal(s, "service.name", s.r.requests[0].Timeseries[0].Labels[3].Name)
		}},
		{name: "starts of counters and histograms, not of gauges", send: []pmetric.Metrics{withStart()}, check: func(s *sent) {
			starts := map[string]int64{}
			for _, ts := range s.r.second[0].Timeseries {
				name := s.symbol(s.r.second[0], ts.LabelsRefs[1])
				for _, x := range ts.Samples {
					starts[name] = x.StartTimestamp
				}
				for _, x := range ts.Histograms {
					starts[name] = x.StartTimestamp
				}
			}
			start := t0.Add(-time.Hour).UnixMilli()
			require.Equal(s, map[string]int64{"hits_bytes_total": start, "level": 0, "lat_bucket": start, "lat_sum": start, "lat_count": start, "size": start, "pause": 0, "pause_sum": 0, "pause_count": 0}, starts)
		}},
		{name: "metadata of each series", send: []pmetric.Metrics{withStart()}, check: func(s *sent) {
			for name, want := range map[string]writev2.Metadata_MetricType{
				"hits_bytes_total": writev2.Metadata_METRIC_TYPE_COUNTER, "level": writev2.Metadata_METRIC_TYPE_GAUGE,
				"lat_bucket": writev2.Metadata_METRIC_TYPE_HISTOGRAM, "lat_count": writev2.Metadata_METRIC_TYPE_HISTOGRAM,
				"size": writev2.Metadata_METRIC_TYPE_HISTOGRAM, "pause": writev2.Metadata_METRIC_TYPE_SUMMARY,
			} {
				kind, _, _ := s.metadata(name)
				require.Equal(s, want, kind, name)
			}
			_, help, unit := s.metadata("hits_bytes_total")
			require.Equal(s, []string{"How often.", "bytes"}, []string{help, unit})
		}},
		{name: "metadata in version 1", config: func(c *Config) { c.Protocol = ProtocolV1 }, send: []pmetric.Metrics{sums(false, one), sums(false, one)}, check: func(s *sent) {
			require.Len(s, s.r.requests, 3, "once only")
			require.Equal(s, []prompb.MetricMetadata{{Type: prompb.MetricMetadata_COUNTER, MetricFamilyName: "n_total"}}, s.r.requests[1].Metadata)
		}},
		{name: "exemplars with trace_id", send: []pmetric.Metrics{distributions(pcommon.NewTimestampFromTime(t0), false)}, check: func(s *sent) {
			require.Equal(s, []prompb.Exemplar{{Labels: []prompb.Label{{Name: "trace_id", Value: "01000000000000000000000000000000"}}, Value: 2, Timestamp: t0.UnixMilli()}},
				s.r.requests[0].Timeseries[1].Exemplars)
		}},
		{name: "a batch in few requests", send: []pmetric.Metrics{values(make([]float64, 3000)...)}, check: func(s *sent) {
			require.Len(s, s.r.second, 1)
			require.Less(s, len(s.r.second[0].Symbols), 3010, "each string once")
		}},
		{name: "200 with a body", answers: []func(http.ResponseWriter){func(w http.ResponseWriter) {
			confirm(w, 1, 0, 0)
			fmt.Fprint(w, "error: this is no error")
		}}, send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.NoError(s, s.errs[0])
			require.Empty(s, dropped(s.T, s.tel))
		}},
		{name: "no retry of 4xx, its body to the log", answers: repeat(func(w http.ResponseWriter) { confirm(w, 0, 0, 0); http.Error(w, "says why", 404) }, 3), send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.NoError(s, s.errs[0])
			require.Equal(s, map[string]int64{"refused_404": 1}, dropped(s.T, s.tel))
			require.Equal(s, 1, s.r.calls())
		}},
		{name: "retry of 5xx", answers: []func(http.ResponseWriter){answer(500), answer(502), answer(503), answer(504)}, tries: 5, send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.Equal(s, 5, s.r.calls())
			require.Len(s, s.r.samples(), 1)
			require.Empty(s, dropped(s.T, s.tel))
		}},
		{name: "429 with Retry-After", answers: []func(http.ResponseWriter){answer(429, "Retry-After", "7")}, tries: 2, send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.ErrorContains(s, s.errs[0], "Throttle (7s)")
			require.Len(s, s.r.samples(), 1)
		}},
		{name: "503 with a date to retry after", answers: []func(http.ResponseWriter){answer(503, "Retry-After", t0.Add(time.Minute).Format(http.TimeFormat))}, tries: 2, send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.ErrorContains(s, s.errs[0], "Throttle (1m0s)")
		}},
		{name: "a part was written", answers: []func(http.ResponseWriter){func(w http.ResponseWriter) { confirm(w, 2, 0, 0); http.Error(w, "one is too old", 400) }}, send: []pmetric.Metrics{values(1, 2, 3)}, check: func(s *sent) {
			require.Equal(s, map[string]int64{"refused_400": 1}, dropped(s.T, s.tel), "not what was written")
			require.Equal(s, 1, s.r.calls())
		}},
		{name: "only exemplars were refused", answers: []func(http.ResponseWriter){func(w http.ResponseWriter) { confirm(w, 8, 1, 0); http.Error(w, "out of order exemplar", 400) }}, send: []pmetric.Metrics{distributions(pcommon.NewTimestampFromTime(t0), false)}, check: func(s *sent) {
			require.Empty(s, dropped(s.T, s.tel))
		}},
		{name: "4xx without headers", answers: []func(http.ResponseWriter){nil, answer(400)}, send: []pmetric.Metrics{sums(false, one), values(1, 2)}, check: func(s *sent) {
			require.Equal(s, map[string]int64{"refused_400": 2}, dropped(s.T, s.tel), "nothing was written")
			require.Equal(s, 2, s.r.calls())
		}},
		{name: "415 falls back to version 1 and stays there", only: "v1", send: []pmetric.Metrics{sums(false, one), sums(false, point{"a", 2, 2, false})}, check: func(s *sent) {
			require.Equal(s, []string{"2.0.0", "0.1.0", "0.1.0", "0.1.0"}, s.versions(), "samples twice, metadata, samples")
			require.Equal(s, contentType1, s.header(1, "Content-Type"))
			require.Equal(s, []string{"__name__=n_total k=a 1@1", "__name__=n_total k=a 2@2"}, s.r.samples())
			require.Empty(s, dropped(s.T, s.tel))
		}},
		{name: "204 that confirms nothing is a 415", only: "old", send: []pmetric.Metrics{sums(false, one), sums(false, point{"a", 2, 2, false})}, check: func(s *sent) {
			require.Equal(s, []string{"__name__=n_total k=a 1@1", "__name__=n_total k=a 2@2"}, s.r.samples())
			require.Equal(s, []string{"2.0.0", "0.1.0", "0.1.0", "0.1.0"}, s.versions(), "samples, metadata, samples")
			require.Empty(s, dropped(s.T, s.tel))
		}},
		{name: "400 before anything was confirmed", answers: []func(http.ResponseWriter){answer(400)}, send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.Equal(s, "0.1.0", s.versions()[1])
			require.Equal(s, []string{"__name__=n_total k=a 1@1"}, s.r.samples())
		}},
		{name: "no fallback after success", answers: []func(http.ResponseWriter){nil, answer(500), nil}, tries: 2, send: []pmetric.Metrics{sums(false, one), sums(false, point{"a", 2, 2, false})}, check: func(s *sent) {
			require.Equal(s, []string{"2.0.0"}, slices.Compact(s.versions()))
		}},
		{name: "version 2 only, 415", config: func(c *Config) { c.Protocol = ProtocolV2 }, only: "v1", send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.Equal(s, map[string]int64{"refused_415": 1}, dropped(s.T, s.tel))
		}},
		{name: "version 2 only, not confirmed", config: func(c *Config) { c.Protocol = ProtocolV2 }, only: "old", send: []pmetric.Metrics{sums(false, one)}, check: func(s *sent) {
			require.Equal(s, map[string]int64{"unconfirmed": 1}, dropped(s.T, s.tel))
		}},
		{name: "version 1 has no starts", config: func(c *Config) { c.Protocol = ProtocolV1 }, send: []pmetric.Metrics{withStart()}, check: func(s *sent) {
			for _, ts := range s.r.requests[0].Timeseries {
				for _, h := range ts.Histograms {
					require.Empty(s, h.XXX_unrecognized)
				}
				require.Empty(s, ts.XXX_unrecognized)
			}
		}},
		{name: "nothing to send", send: []pmetric.Metrics{pmetric.NewMetrics()}, check: func(s *sent) { require.Zero(s, s.r.calls()) }},
		{name: "long labels", send: []pmetric.Metrics{sums(false, point{strings.Repeat("x", 10_000), 1, 1, false})}, check: func(s *sent) {
			require.Len(s, s.r.requests[0].Timeseries[0].Labels[1].Value, 4096, "cut")
		}},
		{name: "time far ahead", send: []pmetric.Metrics{sums(false, point{"a", 1 << 40, 1, false})}, check: func(s *sent) { require.Len(s, s.r.samples(), 1) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReceiver(t, c.answers...)
			r.only = c.only
			cfg := configFor(r.URL)
			if c.config != nil {
				c.config(cfg)
			}
			e, tel := started(t, cfg)
			s := &sent{T: t, r: r, e: e, tel: tel}
			for _, md := range c.send {
				b := converted(t, e, md)
				for range max(c.tries, 1) {
					err := e.push(t.Context(), b)
					s.errs = append(s.errs, err)
					if err == nil {
						break
					}
				}
			}
			c.check(s)
			require.Empty(t, r.invalid)
		})
	}
}

func repeat(f func(http.ResponseWriter), n int) []func(http.ResponseWriter) {
	return slices.Repeat([]func(http.ResponseWriter){f}, n)
}
