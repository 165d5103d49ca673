package scrapereceiver

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func newTestTarget(t testing.TB, jc JobConfig, labels map[string]string) *target {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	if jc.Name == "" {
		jc.Name = "test"
	}
	j, err := newJob(cfg, &jc)
	require.NoError(t, err)
	set := map[string]string{"__address__": "host:9100"}
	maps.Copy(set, labels)
	target, err := j.newTarget(set, nil)
	require.NoError(t, err)
	require.NotNil(t, target)
	return target
}

// exported is what the exporters make of a batch: the lines of a page, sorted, without
// target_info.
func exported(md pmetric.Metrics) []string {
	var lines []string
	tr := promseries.New(promseries.Settings{MaxSeries: 100_000, Promote: []string{}, OneTypePerName: true})
	tr.Translate(md, noon, func(p *promseries.Point) {
		f := p.Series.Family
		if f.Name == "target_info" {
			return
		}
		line := func(suffix string, v any, extra ...string) {
			var labels []string
			for _, l := range p.Series.Labels {
				labels = append(labels, fmt.Sprintf("%s=%q", l.Name, l.Value))
			}
			labels = append(labels, extra...)
			slices.Sort(labels)
			if p.Stale {
				v = "stale"
			}
			lines = append(lines, fmt.Sprintf("%s%s{%s} %v", f.Name, suffix, strings.Join(labels, ","), v))
		}
		switch f.Kind {
		case promseries.KindHistogram:
			if p.Stale {
				line("", nil)
				break
			}
			for i, b := range append(slices.Clone(p.Histogram.Bounds), math.Inf(1)) {
				line("_bucket", p.Histogram.Cumulative[i], fmt.Sprintf("le=%q", strings.TrimPrefix(fmt.Sprint(b), "+")))
			}
			line("_count", p.Histogram.Count)
			if p.Histogram.HasSum {
				line("_sum", p.Histogram.Sum)
			}
		case promseries.KindSummary:
			if p.Stale {
				line("", nil)
				break
			}
			for i, q := range p.Summary.Quantiles {
				line("", p.Summary.Values[i], fmt.Sprintf("quantile=%q", fmt.Sprint(q)))
			}
			line("_count", p.Summary.Count)
			line("_sum", p.Summary.Sum)
		case promseries.KindNative:
			line("", fmt.Sprint("native ", p.Native.Schema, p.Native.Positive, p.Native.Negative, p.Native.ZeroCount, p.Native.Count, p.Native.Sum))
		default:
			line("", p.Value)
		}
	})
	slices.Sort(lines)
	return lines
}

const page = `# HELP http_requests_total Requests served.
# TYPE http_requests_total counter
http_requests_total{code="200",method="get"} 1027
http_requests_total{code="500",method="get"} 3
# TYPE queue_length gauge
queue_length 7
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.5"} 0.05
rpc_duration_seconds{quantile="0.99"} 0.2
rpc_duration_seconds_sum 17.5
rpc_duration_seconds_count 269
# TYPE request_size_bytes histogram
request_size_bytes_bucket{le="100",route="/"} 10
request_size_bytes_bucket{le="1000",route="/"} 15
request_size_bytes_bucket{le="Inf",route="/"} 16
request_size_bytes_sum{route="/"} 5000
request_size_bytes_count{route="/"} 16
# TYPE job:rate:sum gauge
job:rate:sum 0.5
node_vmstat_pgfault 12
node_load1 0.25
process_start_time_seconds 1.7e+09
temperature_celsius_total_ratio -3
`

// A page must come back from the exporters as it went in, with job and instance.
func TestAPageComesBackFromTheExportersAsItWas(t *testing.T) {
	target := newTestTarget(t, JobConfig{}, nil)
	for range 3 { // the second time from what is known
		md, counts, err := target.parse([]byte(page), textPage, noon)
		require.NoError(t, err)
		require.Zero(t, counts.duplicate+counts.unsupported+counts.stale)
		require.Equal(t, 17, counts.kept)
		var want []string
		for line := range strings.Lines(page) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
				continue
			}
			series, value, _ := strings.Cut(line, " ")
			name, labels, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
			pairs := []string{`job="test"`, `instance="host:9100"`}
			if labels != "" {
				pairs = append(pairs, strings.Split(labels, ",")...)
			}
			slices.Sort(pairs)
			want = append(want, fmt.Sprintf("%s{%s} %s", name, strings.Join(pairs, ","), value))
		}
		slices.Sort(want)
		require.Equal(t, want, exported(md))
	}
}

func TestOpenMetrics(t *testing.T) {
	target := newTestTarget(t, JobConfig{}, nil)
	text, err := os.ReadFile("testdata/openmetrics.txt")
	require.NoError(t, err)
	md, counts, err := target.parse(text, "application/openmetrics-text; version=1.0.0; charset=utf-8", noon)
	require.NoError(t, err)
	require.Zero(t, counts.unsupported)
	require.Equal(t, []string{
		`build_info{instance="host:9100",job="test",version="1.2"} 1`,
		`feature{feature="a",instance="host:9100",job="test"} 1`,
		`feature{feature="b",instance="host:9100",job="test"} 0`,
		`latency_seconds_bucket{instance="host:9100",job="test",le="0.1"} 5`,
		`latency_seconds_bucket{instance="host:9100",job="test",le="Inf"} 8`,
		`latency_seconds_count{instance="host:9100",job="test"} 8`,
		`latency_seconds_sum{instance="host:9100",job="test"} 2.5`,
		`requests_total{instance="host:9100",job="test",otel_scope_name="lib",otel_scope_version="v1"} 17`,
		`sizes_bucket{instance="host:9100",job="test",le="1"} 2`,
		`sizes_gcount{instance="host:9100",job="test"} 2`,
		`sizes_gsum{instance="host:9100",job="test"} 1.5`,
	}, exported(md))

	require.Equal(t, 1, md.ResourceMetrics().Len())
	rm := md.ResourceMetrics().At(0)
	require.Equal(t, map[string]any{
		"service.name": "test", "service.instance.id": "host:9100", "server.address": "host", "server.port": "9100", "url.scheme": "http", "region": "eu",
	}, rm.Resource().Attributes().AsRaw(), "target_info describes the resource")
	metrics := map[string]pmetric.Metric{}
	for _, sm := range rm.ScopeMetrics().All() {
		for _, m := range sm.Metrics().All() {
			metrics[m.Name()] = m
			if m.Name() == "requests_total" {
				require.Equal(t, "lib", sm.Scope().Name())
				require.Equal(t, "v1", sm.Scope().Version())
			}
		}
	}
	requests := metrics["requests_total"].Sum().DataPoints().At(0)
	require.Equal(t, noon.Add(-time.Hour), requests.StartTimestamp().AsTime())
	require.Equal(t, "requests", metrics["requests_total"].Description())
	e := requests.Exemplars().At(0)
	require.Equal(t, "0102030405060708090a0b0c0d0e0f10", e.TraceID().String())
	require.Equal(t, map[string]any{"user": "7"}, e.FilteredAttributes().AsRaw())
	latency := metrics["latency_seconds"]
	require.Equal(t, "s", latency.Unit())
	require.Equal(t, 1, latency.Histogram().DataPoints().At(0).Exemplars().Len())
	require.Equal(t, noon.Add(-time.Hour), latency.Histogram().DataPoints().At(0).StartTimestamp().AsTime())
	typ, _ := metrics["build_info"].Metadata().Get("prometheus.type")
	require.Equal(t, "info", typ.Str())
}

func TestSeriesEndWhenTheyAreNoLongerThere(t *testing.T) {
	target := newTestTarget(t, JobConfig{}, nil)
	parse := func(text string) []string {
		md, _, err := target.parse([]byte(text), textPage, noon)
		require.NoError(t, err)
		return exported(md)
	}
	parse("# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 1\ns_count 1\n# TYPE c_total counter\nc_total 1\na{x=\"1\"} 1\na{x=\"2\"} 1\n")
	require.Equal(t, []string{
		`a{instance="host:9100",job="test",x="1"} stale`, `a{instance="host:9100",job="test",x="2"} 5`,
		`c_total{instance="host:9100",job="test"} stale`, `h{instance="host:9100",job="test"} stale`, `s{instance="host:9100",job="test"} stale`,
	}, parse("a{x=\"2\"} 5\n"))
	require.Equal(t, []string{`a{instance="host:9100",job="test",x="2"} 6`}, parse("a{x=\"2\"} 6\n"))
	md, n := target.over(noon)
	require.Equal(t, 1, n)
	for _, line := range exported(md) {
		require.Contains(t, line, " stale")
	}
	require.Len(t, exported(md), 6, "a, and those about the scrapes")
	require.True(t, target.cache.empty())
	require.Empty(t, target.cache.slots)
}

// Series come and go; places in the cache are used again.
func TestTheCacheDoesNotGrow(t *testing.T) {
	target := newTestTarget(t, JobConfig{}, nil)
	for i := range 200 {
		text := fmt.Sprintf("# TYPE h histogram\nh_bucket{le=\"1\",i=\"%[1]d\"} 1\nh_count{i=\"%[1]d\"} 1\na{i=\"%[1]d\"} 1\nb%[1]d 1\n", i)
		md, counts, err := target.parse([]byte(text), textPage, noon)
		require.NoError(t, err)
		require.Equal(t, min(i, 1)*3, counts.stale)
		require.Len(t, exported(md), 5+min(i, 1)*3)
	}
	require.LessOrEqual(t, len(target.cache.slots), 5)
	require.LessOrEqual(t, len(target.cache.groups), 2)
	require.Len(t, target.cache.series, 4)
}

func TestLabelsAndRelabelling(t *testing.T) {
	step := func(c RelabelConfig) []RelabelConfig { return []RelabelConfig{c} }
	str := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		job  JobConfig
		page string
		want []string
	}{
		"conflict":          {JobConfig{}, `a{job="x",node="y",exported_node="z"} 1`, []string{`a{exported_exported_node="y",exported_job="x",exported_node="z",instance="host:9100",job="test",node="n1"} 1`}},
		"honor_labels":      {JobConfig{HonorLabels: true}, `a{job="x",node="y"} 1`, []string{`a{instance="host:9100",job="x",node="y"} 1`}},
		"drop":              {JobConfig{MetricRelabel: step(RelabelConfig{SourceLabels: []string{"__name__"}, Regex: str("go_.*"), Action: "drop"})}, "go_x 1\na 1", []string{`a{instance="host:9100",job="test",node="n1"} 1`}},
		"rename":            {JobConfig{MetricRelabel: step(RelabelConfig{SourceLabels: []string{"__name__"}, Regex: str("old_(.*)"), Replacement: str("new_$1"), TargetLabel: "__name__"})}, "# TYPE old_h histogram\nold_h_bucket{le=\"+Inf\"} 2\nold_h_count 2\n", []string{`new_h_bucket{instance="host:9100",job="test",le="Inf",node="n1"} 2`, `new_h_count{instance="host:9100",job="test",node="n1"} 2`}},
		"labeldrop":         {JobConfig{MetricRelabel: step(RelabelConfig{Regex: str("id"), Action: "labeldrop"})}, `a{id="1",x="2"} 1`, []string{`a{instance="host:9100",job="test",node="n1",x="2"} 1`}},
		"duplicate":         {JobConfig{}, "a 1\na 2\n", []string{`a{instance="host:9100",job="test",node="n1"} 1`}},
		"empty label":       {JobConfig{}, `a{x=""} 1`, []string{`a{instance="host:9100",job="test",node="n1"} 1`}},
		"le without a type": {JobConfig{}, `a_bucket{le="1"} 1`, []string{`a_bucket{instance="host:9100",job="test",le="1",node="n1"} 1`}},
		"values":            {JobConfig{}, "a NaN\nb +Inf\n", []string{`a{instance="host:9100",job="test",node="n1"} NaN`, `b{instance="host:9100",job="test",node="n1"} +Inf`}},
	} {
		t.Run(name, func(t *testing.T) {
			target := newTestTarget(t, c.job, map[string]string{"node": "n1"})
			md, _, err := target.parse([]byte(c.page+"\n"), textPage, noon)
			require.NoError(t, err)
			require.Equal(t, c.want, exported(md))
		})
	}
}

func TestTimesOfThePage(t *testing.T) {
	no := false
	for _, c := range []struct {
		honor *bool
		want  time.Time
	}{{nil, time.UnixMilli(1_700_000_000_000).UTC()}, {&no, noon}} {
		md, _, err := newTestTarget(t, JobConfig{HonorTimestamps: c.honor}, nil).parse([]byte("a 1 1700000000000\n"), textPage, noon)
		require.NoError(t, err)
		require.Equal(t, c.want, md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).Timestamp().AsTime())
	}
}

func TestWhatIsBeyondALimitFailsTheScrape(t *testing.T) {
	for want, c := range map[string]struct {
		job  JobConfig
		page string
	}{
		"sample_limit, 1":             {JobConfig{SampleLimit: 1}, "a 1\nb 1\n"},
		"label_limit, 1":              {JobConfig{LabelLimit: 1}, "a{x=\"1\"} 1\n"},
		"label_name_length_limit, 8":  {JobConfig{LabelNameLengthLimit: 8}, "a{long_name=\"1\"} 1\n"},
		"label_value_length_limit, 2": {JobConfig{LabelValueLengthLimit: 2}, "a{x=\"123\"} 1\n"},
		"names than sample_limit, 2":  {JobConfig{SampleLimit: 2}, "# HELP a a\n# HELP b b\n# HELP c c\n"},
		"parse page":                  {JobConfig{}, "<html>\n"},
	} {
		target := newTestTarget(t, c.job, nil)
		_, _, err := target.parse([]byte(c.page), textPage, noon)
		require.ErrorContains(t, err, want)
	}
}

// A family's type may change between two scrapes, and within a page.
func TestATypeMayChange(t *testing.T) {
	target := newTestTarget(t, JobConfig{}, nil)
	for _, text := range []string{"# TYPE a gauge\na 1\n", "# TYPE a counter\na 1\n", "# TYPE a histogram\na_count 1\n# TYPE a summary\na_count 1\n", "# TYPE a histogram\na_count 1\n"} {
		_, _, err := target.parse([]byte(text), textPage, noon)
		require.NoError(t, err)
	}
	target.over(noon)
	require.Empty(t, target.cache.slots)
}

// On this page the parser's way of looking ahead for the start of a counter has no end.
const endless = "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2 # {trace_id=\"x\"\x90 1\na_count 2\n# TYPE a summary\na{quantile=\"0.5\"} NaN\n# EOF\x1a"

func TestABrokenPageFailsAndEnds(t *testing.T) {
	_, _, err := newTestTarget(t, JobConfig{}, nil).parse([]byte(endless), "application/openmetrics-text; version=1.0.0", noon)
	require.ErrorContains(t, err, "parse page")
}
