package prometheusexporter

import (
	"fmt"
	"io"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// writeProtobuf writes the page as delimited protobuf, the one format that
// carries native histograms.
func writeProtobuf(w io.Writer, format expfmt.Format, families []*family) error {
	enc := expfmt.NewEncoder(w, format)
	for _, f := range families {
		if err := enc.Encode(message(f)); err != nil {
			return fmt.Errorf("encode family %s: %w", f.Name, err)
		}
	}
	return nil
}

var messageTypes = map[promseries.Kind]dto.MetricType{
	promseries.KindGauge: dto.MetricType_GAUGE, promseries.KindInfo: dto.MetricType_GAUGE,
	promseries.KindCounter: dto.MetricType_COUNTER, promseries.KindSummary: dto.MetricType_SUMMARY,
	promseries.KindHistogram: dto.MetricType_HISTOGRAM, promseries.KindNative: dto.MetricType_HISTOGRAM,
}

func message(f *family) *dto.MetricFamily {
	m := &dto.MetricFamily{Name: &f.Name, Type: messageTypes[f.Kind].Enum()}
	if f.Help != "" {
		m.Help = &f.Help
	}
	for _, r := range f.rows {
		m.Metric = append(m.Metric, metricMessage(f.Kind, r))
	}
	return m
}

func metricMessage(kind promseries.Kind, r *row) *dto.Metric {
	m := &dto.Metric{Label: labelMessages(r.series.Labels)}
	switch kind {
	case promseries.KindGauge, promseries.KindInfo:
		m.Gauge = &dto.Gauge{Value: new(r.value)}
	case promseries.KindCounter:
		m.Counter = &dto.Counter{Value: new(r.value)}
		if len(r.exemplars) > 0 {
			m.Counter.Exemplar = exemplarMessage(&r.exemplars[0])
		}
	case promseries.KindSummary:
		m.Summary = &dto.Summary{SampleCount: &r.summary.Count, SampleSum: new(r.summary.Sum)}
		for i, q := range r.summary.Quantiles {
			m.Summary.Quantile = append(m.Summary.Quantile, &dto.Quantile{Quantile: new(q), Value: new(r.summary.Values[i])})
		}
	case promseries.KindHistogram:
		h := r.histogram
		m.Histogram = &dto.Histogram{SampleCount: new(h.Count), SampleSum: new(h.Sum)}
		for i, b := range h.Bounds {
			bucket := &dto.Bucket{UpperBound: new(b), CumulativeCount: new(h.Cumulative[i])}
			if i < len(r.exemplars) && len(r.exemplars[i].Labels) > 0 {
				bucket.Exemplar = exemplarMessage(&r.exemplars[i])
			}
			m.Histogram.Bucket = append(m.Histogram.Bucket, bucket)
		}
	case promseries.KindNative:
		m.Histogram = nativeMessage(r.native, r.exemplars)
	}
	return m
}

func nativeMessage(n *promseries.Native, exemplars []promseries.Exemplar) *dto.Histogram {
	h := &dto.Histogram{
		SampleCount: new(n.Count), SampleSum: new(n.Sum),
		Schema: new(n.Schema), ZeroThreshold: new(n.ZeroThreshold), ZeroCount: new(n.ZeroCount),
	}
	spans := func(b *promseries.Buckets) (all []*dto.BucketSpan, deltas []int64) {
		sparse, deltas := b.Sparse()
		for _, s := range sparse {
			all = append(all, &dto.BucketSpan{Offset: new(s.Offset), Length: new(s.Length)})
		}
		return all, deltas
	}
	h.PositiveSpan, h.PositiveDelta = spans(&n.Positive)
	h.NegativeSpan, h.NegativeDelta = spans(&n.Negative)
	if len(h.PositiveSpan)+len(h.NegativeSpan) == 0 && n.ZeroCount == 0 {
		// An empty span tells an empty native histogram from a classic one.
		h.PositiveSpan = []*dto.BucketSpan{{Offset: proto.Int32(0), Length: proto.Uint32(0)}}
	}
	for i := range exemplars {
		if exemplars[i].Time > 0 { // a native histogram's must have a time
			h.Exemplars = append(h.Exemplars, exemplarMessage(&exemplars[i]))
		}
	}
	return h
}

func labelMessages(labels []promseries.Label) []*dto.LabelPair {
	all := make([]*dto.LabelPair, len(labels))
	for i := range labels {
		all[i] = &dto.LabelPair{Name: new(labels[i].Name), Value: new(labels[i].Value)}
	}
	return all
}

func exemplarMessage(e *promseries.Exemplar) *dto.Exemplar {
	m := &dto.Exemplar{Label: labelMessages(e.Labels), Value: new(e.Value)}
	if e.Time > 0 {
		m.Timestamp = timestamppb.New(time.UnixMilli(e.Time))
	}
	return m
}
