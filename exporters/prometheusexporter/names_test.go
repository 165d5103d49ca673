package prometheusexporter

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

func decodeProtobuf(t *testing.T, page string, format expfmt.Format) map[string]*dto.MetricFamily {
	t.Helper()
	out := map[string]*dto.MetricFamily{}
	dec := expfmt.NewDecoder(strings.NewReader(page), format)
	for {
		f := new(dto.MetricFamily)
		if err := dec.Decode(f); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return out
		}
		out[f.GetName()] = f
	}
}

// In protobuf a page says the same as in text, and when counters began.
func TestProtobufSaysTheSame(t *testing.T) {
	e := exporterWith(t, nil)
	md := every()
	ms := md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics()
	start := pcommon.NewTimestampFromTime(t0.Add(-90_500e6))
	ms.At(1).Sum().DataPoints().At(0).SetStartTimestamp(start)
	ms.At(2).Histogram().DataPoints().At(0).SetStartTimestamp(start)
	ms.At(3).ExponentialHistogram().DataPoints().At(0).SetStartTimestamp(start)
	ms.At(4).Summary().DataPoints().At(0).SetStartTimestamp(start)
	ms.At(2).Histogram().DataPoints().At(0).Exemplars().At(0).SetDoubleValue(99) // in the last bucket
	require.NoError(t, e.consume(t.Context(), md))
	got := decodeProtobuf(t, page(t, e, protobuf), protobuf)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	want, err := parser.TextToMetricFamilies(strings.NewReader(page(t, e, text)))
	require.NoError(t, err)
	require.Len(t, got, len(want))
	for name, w := range want {
		g := got[name]
		require.NotNil(t, g, name)
		require.Equal(t, w.GetType(), g.GetType(), name)
		require.Equal(t, w.GetHelp(), g.GetHelp(), name)
		require.Len(t, g.GetMetric(), len(w.GetMetric()), name)
		for i, m := range w.GetMetric() {
			o := g.GetMetric()[i]
			require.Equal(t, labelSet(m), labelSet(o), name)
			require.Equal(t, m.GetGauge().GetValue(), o.GetGauge().GetValue())
			require.Equal(t, m.GetCounter().GetValue(), o.GetCounter().GetValue())
			require.Equal(t, m.GetSummary().GetSampleSum(), o.GetSummary().GetSampleSum())
			require.Len(t, o.GetSummary().GetQuantile(), len(m.GetSummary().GetQuantile()))
			require.Equal(t, m.GetHistogram().GetSampleCount(), o.GetHistogram().GetSampleCount())
			require.Equal(t, m.GetHistogram().GetSampleSum(), o.GetHistogram().GetSampleSum())
		}
	}
	began := t0.Add(-90_500e6)
	require.Equal(t, began, got["requests_total"].GetMetric()[0].GetCounter().GetCreatedTimestamp().AsTime())
	require.Equal(t, began, got["request_duration_seconds"].GetMetric()[0].GetHistogram().GetCreatedTimestamp().AsTime())
	require.Equal(t, began, got["payload_bytes"].GetMetric()[0].GetHistogram().GetCreatedTimestamp().AsTime())
	require.Equal(t, began, got["gc_pause_seconds"].GetMetric()[0].GetSummary().GetCreatedTimestamp().AsTime())
	require.Equal(t, "seconds", got["gc_pause_seconds"].GetUnit())
	buckets := got["request_duration_seconds"].GetMetric()[0].GetHistogram().GetBucket()
	require.Len(t, buckets, 4)
	require.EqualValues(t, 99, buckets[3].GetExemplar().GetValue())
	require.Equal(t, t0, buckets[3].GetExemplar().GetTimestamp().AsTime())
}

func labelSet(m *dto.Metric) model.LabelSet {
	out := model.LabelSet{}
	for _, l := range m.GetLabel() {
		out[model.LabelName(l.GetName())] = model.LabelValue(l.GetValue())
	}
	return out
}

// An empty native histogram is told from a classic one.
func TestEmptyNativeHistogram(t *testing.T) {
	e := exporterWith(t, nil)
	md := pmetric.NewMetrics()
	m := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("n")
	m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	m.ExponentialHistogram().DataPoints().AppendEmpty()
	require.NoError(t, e.consume(t.Context(), md))
	h := decodeProtobuf(t, page(t, e, protobuf), protobuf)["n"].GetMetric()[0].GetHistogram()
	require.Len(t, h.GetPositiveSpan(), 1)
	require.Zero(t, h.GetPositiveSpan()[0].GetLength())
}

func utf8Names() pmetric.Metrics {
	md := pmetric.NewMetrics()
	ms := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	c := ms.AppendEmpty()
	c.SetName("http.größe")
	c.SetUnit("By")
	c.SetEmptySum().SetIsMonotonic(true)
	c.Sum().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	dp := c.Sum().DataPoints().AppendEmpty()
	dp.Attributes().PutStr("url.path", "/")
	dp.Attributes().PutStr("k", "v")
	for _, name := range []string{"x.y", "x_y", "x y"} {
		g := ms.AppendEmpty()
		g.SetName(name)
		g.SetEmptyGauge().DataPoints().AppendEmpty()
	}
	h := ms.AppendEmpty()
	h.SetName(`a"b`)
	h.SetEmptyHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	h.Histogram().DataPoints().AppendEmpty().BucketCounts().FromRaw([]uint64{1})
	return md
}

func TestNamesOfAnyUTF8(t *testing.T) {
	e := exporterWith(t, func(c *Config) { c.UTF8Names = true })
	require.NoError(t, e.consume(t.Context(), utf8Names()))
	for scheme, want := range map[model.EscapingScheme]string{
		model.NoEscaping: `# TYPE "a\"b" histogram
{"a\"b_bucket",le="+Inf"} 1
{"a\"b_count"} 1
# TYPE "http.größe_bytes_total" counter
{"http.größe_bytes_total",k="v","url.path"="/"} 0
# TYPE "x y" gauge
{"x y"} 0
# TYPE "x.y" gauge
{"x.y"} 0
# TYPE x_y gauge
x_y 0
`,
		model.UnderscoreEscaping: `# TYPE a_b histogram
a_b_bucket{le="+Inf"} 1
a_b_count 1
# TYPE http_gr__e_bytes_total counter
http_gr__e_bytes_total{k="v",url_path="/"} 0
# TYPE x_y gauge
x_y 0
`,
		model.ValueEncodingEscaping: `# TYPE U__a_22_b histogram
U__a_22_b_bucket{le="+Inf"} 1
U__a_22_b_count 1
# TYPE U__http_2e_gr_f6__df_e__bytes__total counter
U__http_2e_gr_f6__df_e__bytes__total{k="v",U__url_2e_path="/"} 0
# TYPE U__x_20_y gauge
U__x_20_y 0
# TYPE U__x_2e_y gauge
U__x_2e_y 0
# TYPE x_y gauge
x_y 0
`,
	} {
		got := page(t, e, text.WithEscapingScheme(scheme))
		require.Equal(t, want, got, scheme)
		parser := expfmt.NewTextParser(model.UTF8Validation)
		_, err := parser.TextToMetricFamilies(bytes.NewReader([]byte(got)))
		require.NoError(t, err)
		asProtobuf := protobuf.WithEscapingScheme(scheme)
		require.Len(t, decodeProtobuf(t, page(t, e, asProtobuf), asProtobuf), strings.Count(got, "# TYPE"))
	}
	require.Contains(t, page(t, e, openMetrics.WithEscapingScheme(model.NoEscaping)), `# TYPE "http.größe_bytes" counter
# UNIT "http.größe_bytes" bytes
{"http.größe_bytes_total",k="v","url.path"="/"} 0
`)
}

func TestNegotiation(t *testing.T) {
	for accept, want := range map[string]string{
		"":              "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"*/*":           "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"text/plain":    "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"image/png":     "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"text/html;q=1": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.4":                              "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
		"text/plain;version=0.0.4;escaping=allow-utf-8":                                                                   "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"text/plain;version=0.0.4;escaping=dots":                                                                          "text/plain; version=0.0.4; charset=utf-8; escaping=dots",
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8":                                                 "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
		"application/openmetrics-text;version=0.0.1;escaping=values":                                                      "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=values",
		"application/openmetrics-text;version=0.0.1;escaping=allow-utf-8":                                                 "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8",
	} {
		require.Equal(t, want, string(negotiate(http.Header{"Accept": {accept}})), accept)
	}
}
