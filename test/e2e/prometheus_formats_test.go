//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/freeport"
)

// formats are the jobs by which one Prometheus scrapes the same page, each in one
// format. What a job has scraped has the label format.
var formats = map[string]string{
	"text":        "scrape_protocols: [PrometheusText0.0.4]",
	"openmetrics": "scrape_protocols: [OpenMetricsText1.0.0]",
	"protobuf":    "scrape_protocols: [PrometheusProto], scrape_native_histograms: true",
}

// scrapeEachFormat makes a Prometheus scrape the page in three formats, and the
// page with names of any UTF-8 as it likes.
func scrapeEachFormat(t *testing.T, b *backend, page, utf8 int) {
	t.Helper()
	var yaml strings.Builder
	fmt.Fprint(&yaml, "global: {scrape_interval: 1s}\nstorage: {tsdb: {out_of_order_time_window: 1h}}\nscrape_configs:\n")
	job := func(name string, page int, how string) {
		fmt.Fprintf(&yaml, `- {job_name: %[1]s, honor_labels: true, static_configs: [{targets: ["127.0.0.1:%[2]d"], labels: {format: %[1]s}}]%[3]s}`+"\n", name, page, how)
	}
	for name, how := range formats {
		job(name, page, ", "+how)
	}
	job("utf8", utf8, "")
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "prometheus.yml"), []byte(yaml.String()), 0o600))
	resp, err := client.Post(b.url+"/-/reload", "", http.NoBody)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

// writeBothVersions adds exporters of either version of remote write, whose series
// have the label wire.
func (a *agent) writeBothVersions(to string) {
	for _, v := range []string{"v1", "v2"} {
		a.set = append(a.set,
			fmt.Sprintf("processors::resource/%[1]s={attributes: [{key: wire, value: %[1]s, action: upsert}]}", v),
			fmt.Sprintf("exporters::remote_write/%[1]s={endpoint: %[2]q, protocol: %[1]s, promote_resource_attributes: [service.name, wire], sending_queue: {batch: {flush_timeout: 100ms}}}", v, to),
			fmt.Sprintf("service::pipelines::metrics/%[1]s={receivers: [otlp], processors: [resource/%[1]s], exporters: [remote_write/%[1]s]}", v),
		)
	}
}

// course is what one program reports: the state after its step-th second.
func course(service string, begin time.Time, step int, ended bool) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", service)
	rm.Resource().Attributes().PutStr("service.version", "1.2")
	ms := rm.ScopeMetrics().AppendEmpty().Metrics()
	start, at := pcommon.NewTimestampFromTime(begin), pcommon.NewTimestampFromTime(begin.Add(time.Duration(step)*time.Second))
	flags := pmetric.DefaultDataPointFlags.WithNoRecordedValue(ended)
	n := uint64(step) //nolint:gosec // small

	m := ms.AppendEmpty()
	m.SetName("course.requests")
	m.SetDescription("Requests.")
	m.SetEmptySum().SetIsMonotonic(true)
	m.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	dp := m.Sum().DataPoints().AppendEmpty()
	dp.SetStartTimestamp(start)
	dp.SetTimestamp(at)
	dp.SetFlags(flags)
	dp.SetIntValue(int64(10 * step))
	exemplar(dp.Exemplars(), at, byte(step))

	m = ms.AppendEmpty()
	m.SetName("course.latency")
	m.SetUnit("s")
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	hp := h.DataPoints().AppendEmpty()
	hp.SetStartTimestamp(start)
	hp.SetTimestamp(at)
	hp.SetFlags(flags)
	if !ended {
		hp.ExplicitBounds().FromRaw([]float64{0.1, 1})
		hp.BucketCounts().FromRaw([]uint64{n, 2 * n, 3 * n})
		hp.SetSum(float64(step))
		hp.SetCount(6 * n)
	}

	m = ms.AppendEmpty()
	m.SetName("course.payload")
	m.SetUnit("By")
	e := m.SetEmptyExponentialHistogram()
	e.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	ep := e.DataPoints().AppendEmpty()
	ep.SetStartTimestamp(start)
	ep.SetTimestamp(at)
	ep.SetFlags(flags)
	if !ended {
		ep.SetScale(1)
		ep.Positive().BucketCounts().FromRaw([]uint64{n, n, n})
		ep.SetCount(3 * n)
		ep.SetSum(4 * float64(step))
	}

	m = ms.AppendEmpty()
	m.SetName("course.pause")
	m.SetUnit("s")
	sp := m.SetEmptySummary().DataPoints().AppendEmpty()
	sp.SetStartTimestamp(start)
	sp.SetTimestamp(at)
	sp.SetFlags(flags)
	if !ended {
		sp.SetCount(n)
		sp.SetSum(float64(step))
		q := sp.QuantileValues().AppendEmpty()
		q.SetQuantile(0.5)
		q.SetValue(0.25)
	}
	return md
}

func exemplar(all pmetric.ExemplarSlice, at pcommon.Timestamp, id byte) {
	e := all.AppendEmpty()
	e.SetTimestamp(at)
	e.SetIntValue(1)
	e.SetTraceID(pcommon.TraceID{15: id})
}

func (a *agent) pushOTLP(md pmetric.Metrics) {
	a.t.Helper()
	body, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(md)
	require.NoError(a.t, err)
	resp, err := client.Post(fmt.Sprintf("http://127.0.0.1:%d/v1/metrics", a.http), "application/x-protobuf", bytes.NewReader(body))
	require.NoError(a.t, err)
	defer resp.Body.Close()
	require.Equal(a.t, http.StatusOK, resp.StatusCode)
}

// promExemplars is how many exemplars with a trace id the series have.
func promExemplars(base, query string, from time.Time) (int, error) {
	_, body, err := get(base + "/api/v1/query_exemplars?" + url.Values{
		"query": {query}, "start": {fmt.Sprint(from.Unix() - 1)}, "end": {fmt.Sprint(time.Now().Unix() + 60)},
	}.Encode())
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data []struct {
			Exemplars []struct {
				Labels map[string]string `json:"labels"`
			} `json:"exemplars"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, fmt.Errorf("decode exemplars: %w", err)
	}
	n := 0
	for _, s := range answer.Data {
		for _, e := range s.Exemplars {
			if e.Labels["trace_id"] != "" {
				n++
			}
		}
	}
	return n, nil
}

// A real Prometheus gets every kind of metric in three formats of the page and by
// two versions of remote write, with exemplars, native histograms and ends.
func TestPrometheusOnEveryWay(t *testing.T) {
	b := startBackend(t, "prometheus")
	a := newAgent(t)
	a.writeBothVersions(b.url)
	utf8 := freeport.Port()
	a.set = append(a.set,
		fmt.Sprintf(`exporters::prometheus/utf8={endpoint: "127.0.0.1:%d", utf8_names: true}`, utf8),
		"service::pipelines::metrics/utf8={receivers: [otlp], exporters: [prometheus/utf8]}")
	a.start()
	scrapeEachFormat(t, b, a.metrics, utf8)

	const steps = 5
	begin := time.Now().Add(-time.Minute).Truncate(time.Second)
	for step := 1; step <= steps; step++ {
		a.pushOTLP(course("course", begin, step, false))
	}
	is := func(query string, want float64) {
		t.Helper()
		eventually(t, 2*time.Minute, query, func() error {
			got, err := promQL(b.url, query)
			if err == nil && got != want {
				err = fmt.Errorf("%g, not %g", got, want)
			}
			return err
		})
	}
	all := map[string]string{`wire="v1"`: "v1", `wire="v2"`: "v2"}
	for name := range formats {
		all[fmt.Sprintf("format=%q", name)] = name
	}
	for sel, way := range all {
		q := func(f string) string { return strings.ReplaceAll(f, "SEL", `job="course",`+sel) }
		is(q(`course_requests_total{SEL}`), 10*steps)
		is(q(`course_latency_seconds_bucket{SEL,le="1.0"}`), 3*steps)
		is(q(`course_latency_seconds_count{SEL}`), 6*steps)
		is(q(`course_pause_seconds{SEL,quantile="0.5"}`), 0.25)
		is(q(`course_pause_seconds_count{SEL}`), steps)
		is(q(`target_info{SEL,service_version="1.2"}`), 1)
		if way == "text" || way == "openmetrics" { // these have classic buckets in its place
			is(q(`course_payload_bytes_count{SEL}`), 3*steps)
			is(q(`course_payload_bytes_bucket{SEL,le="2.0"}`), 2*steps)
		} else {
			is(q(`histogram_count(course_payload_bytes{SEL})`), 3*steps)
			is(q(`histogram_sum(course_payload_bytes{SEL})`), 4*steps)
		}
		if way != "text" { // that has none
			want := 1 // the page shows the last one
			if strings.HasPrefix(way, "v") {
				want = steps
			}
			eventually(t, 2*time.Minute, "exemplars by "+way, func() error {
				n, err := promExemplars(b.url, q(`course_requests_total{SEL}`), begin)
				if err == nil && n < want {
					err = fmt.Errorf("%d exemplars, not %d", n, want)
				}
				return err
			})
		}
	}
	is(`{"course.requests_total",job="course",format="utf8"}`, 10*steps)
	is(`{"course.latency_seconds_count","service.name"="course",format="utf8"}`, 6*steps)
	for _, wire := range []string{"v1", "v2"} {
		is(fmt.Sprintf(`count_over_time(course_requests_total{wire=%q}[10m])`, wire), steps)
		is(fmt.Sprintf(`count_over_time(course_payload_bytes{wire=%q}[10m])`, wire), steps)
		require.Positive(t, a.own("tidewatch_remote_write_samples", `exporter="remote_write/`+wire+`"`, `protocol="`+wire+`"`, `kind="histogram"`))
		require.Zero(t, a.own("tidewatch_exporter_dropped_items", `exporter="remote_write/`+wire+`"`))
	}

	// The program ends: nothing of it is left on any way, though it has been there.
	a.pushOTLP(course("course", begin, steps+1, true))
	for sel := range all {
		is(fmt.Sprintf(`count({job="course",__name__!="target_info",%s}) or vector(0)`, sel), 0)
		is(fmt.Sprintf(`count(max_over_time(course_requests_total{job="course",%s}[10m]))`, sel), 1)
	}
	require.NoError(t, a.stop())
}
