package remotewriteexporter

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/prometheus/prompb"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// staleNaN is the value by which Prometheus knows that a series has ended
// (model/value.StaleNaN).
var staleNaN = math.Float64frombits(0x7ff0000000000002)

// batch collects the series of one translation, ready for the wire.
type batch struct {
	series   []prompb.TimeSeries
	hashes   []uint64 // of series, for sharding
	index    map[key]int
	families map[string]*promseries.Family
	last     *promseries.Family
	chunk    []prompb.Sample // where the first sample of each series lives
}

// chunkSize is how many first samples are allocated at once.
const chunkSize = 512

// key is one series on the wire: of a classic histogram there are many.
type key struct {
	hash   uint64 // of the series in the model
	suffix string
	extra  string // value of le or quantile
}

func newBatch() *batch {
	return &batch{index: map[key]int{}, families: map[string]*promseries.Family{}}
}

func (b *batch) add(p *promseries.Point) {
	f := p.Series.Family
	if f != b.last { // points of a family come together
		b.families[f.Name] = f
		b.last = f
	}
	switch f.Kind {
	case promseries.KindHistogram:
		b.histogram(p)
	case promseries.KindNative:
		b.native(p)
	case promseries.KindSummary:
		b.summary(p)
	case promseries.KindGauge, promseries.KindCounter, promseries.KindInfo:
		b.sample(p, "", "", "", p.Value)
		if f.Kind == promseries.KindCounter {
			b.exemplars(b.find(p.Series, "", "", ""), p.Exemplars, math.Inf(-1), math.Inf(1))
		}
	}
}

// sample adds one sample; stale points get the stale marker whatever the value.
func (b *batch) sample(p *promseries.Point, suffix, label, extra string, v float64) *prompb.TimeSeries {
	if p.Stale {
		v = staleNaN
	}
	ts := b.find(p.Series, suffix, label, extra)
	ts.Samples = append(ts.Samples, prompb.Sample{Value: v, Timestamp: p.Time})
	return ts
}

func (b *batch) find(s *promseries.Series, suffix, label, extra string) *prompb.TimeSeries {
	k := key{s.Hash, suffix, extra}
	i, ok := b.index[k]
	if !ok {
		i = len(b.series)
		b.index[k] = i
		b.hashes = append(b.hashes, s.Hash)
		if len(b.chunk) == 0 {
			b.chunk = make([]prompb.Sample, chunkSize)
		}
		b.series = append(b.series, prompb.TimeSeries{Labels: knownLabels(s, suffix, label, extra), Samples: b.chunk[:0:1]})
		b.chunk = b.chunk[1:]
	}
	return &b.series[i]
}

// knownLabels keeps the labels of plain series between batches. They are shared
// and must not be changed.
func knownLabels(s *promseries.Series, suffix, label, extra string) []prompb.Label {
	if suffix != "" || label != "" {
		return wireLabels(s, suffix, label, extra)
	}
	labels, ok := s.Attachment.([]prompb.Label)
	if !ok {
		labels = wireLabels(s, "", "", "")
		s.Attachment = labels
	}
	return labels
}

func wireLabels(s *promseries.Series, suffix, label, extra string) []prompb.Label {
	labels := make([]prompb.Label, 0, len(s.Labels)+2)
	labels = append(labels, prompb.Label{Name: "__name__", Value: s.Family.Name + suffix})
	for _, l := range s.Labels {
		labels = append(labels, prompb.Label{Name: l.Name, Value: l.Value})
	}
	if label != "" {
		labels = append(labels, prompb.Label{Name: label, Value: extra})
	}
	slices.SortFunc(labels, func(a, b prompb.Label) int { return cmp.Compare(a.Name, b.Name) })
	return labels
}

func (b *batch) histogram(p *promseries.Point) {
	h := &p.Histogram
	bounds := p.Series.Bounds // the last known ones; a stale point has none
	lower := math.Inf(-1)
	for i, upper := range bounds {
		var v float64
		if !p.Stale {
			v = float64(h.Cumulative[i])
		}
		ts := b.sample(p, "_bucket", "le", formatBound(upper), v)
		b.exemplars(ts, p.Exemplars, lower, upper)
		lower = upper
	}
	ts := b.sample(p, "_bucket", "le", "+Inf", float64(h.Count))
	b.exemplars(ts, p.Exemplars, lower, math.Inf(1))
	if h.HasSum || p.Stale {
		b.sample(p, "_sum", "", "", h.Sum)
	}
	b.sample(p, "_count", "", "", float64(h.Count))
}

func (b *batch) summary(p *promseries.Point) {
	for i, q := range p.Series.Quantiles {
		var v float64
		if !p.Stale {
			v = p.Summary.Values[i]
		}
		b.sample(p, "", "quantile", formatBound(q), v)
	}
	b.sample(p, "_sum", "", "", p.Summary.Sum)
	b.sample(p, "_count", "", "", float64(p.Summary.Count))
}

func (b *batch) native(p *promseries.Point) {
	ts := b.find(p.Series, "", "", "")
	if p.Stale {
		ts.Histograms = append(ts.Histograms, prompb.Histogram{Sum: staleNaN, Timestamp: p.Time})
		return
	}
	n := &p.Native
	h := prompb.Histogram{
		Count: &prompb.Histogram_CountInt{CountInt: n.Count}, Sum: n.Sum, Schema: n.Schema,
		ZeroThreshold: n.ZeroThreshold, ZeroCount: &prompb.Histogram_ZeroCountInt{ZeroCountInt: n.ZeroCount},
		Timestamp: p.Time,
	}
	h.PositiveSpans, h.PositiveDeltas = spans(&n.Positive)
	h.NegativeSpans, h.NegativeDeltas = spans(&n.Negative)
	ts.Histograms = append(ts.Histograms, h)
	b.exemplars(ts, p.Exemplars, math.Inf(-1), math.Inf(1))
}

func spans(buckets *promseries.Buckets) ([]prompb.BucketSpan, []int64) {
	sparse, deltas := buckets.Sparse()
	all := make([]prompb.BucketSpan, len(sparse))
	for i, s := range sparse {
		all[i] = prompb.BucketSpan{Offset: s.Offset, Length: s.Length}
	}
	return all, deltas
}

// exemplars adds those with a value above lower and up to upper.
func (b *batch) exemplars(ts *prompb.TimeSeries, all []promseries.Exemplar, lower, upper float64) {
	for _, e := range all {
		if len(e.Labels) == 0 || e.Time == 0 || e.Value > upper || (e.Value <= lower && !math.IsInf(lower, -1)) {
			continue
		}
		x := prompb.Exemplar{Value: e.Value, Timestamp: e.Time}
		for _, l := range e.Labels {
			x.Labels = append(x.Labels, prompb.Label{Name: l.Name, Value: l.Value})
		}
		ts.Exemplars = append(ts.Exemplars, x)
	}
}

// formatBound writes le and quantile as Prometheus does when it scrapes: 1.0, not 1.
func formatBound(v float64) string {
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if v == math.Trunc(v) && !slices.Contains([]byte(s), 'e') && !math.IsInf(v, 0) {
		return s + ".0"
	}
	return s
}

// tidy puts the samples of each series in order of time and keeps the last of
// those with the same time, since a receiver refuses two values for one time.
func (b *batch) tidy() {
	for i := range b.series {
		ts := &b.series[i]
		if len(ts.Samples) > 1 {
			ts.Samples = inOrder(ts.Samples, func(s prompb.Sample) int64 { return s.Timestamp })
		}
		if len(ts.Histograms) > 1 {
			ts.Histograms = inOrder(ts.Histograms, func(h prompb.Histogram) int64 { return h.Timestamp })
		}
		if len(ts.Exemplars) > 1 {
			slices.SortStableFunc(ts.Exemplars, func(a, b prompb.Exemplar) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
		}
	}
}

func inOrder[T any](all []T, at func(T) int64) []T {
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(at(a), at(b)) })
	kept := all[:0]
	for i, s := range all {
		if i+1 < len(all) && at(all[i+1]) == at(s) {
			continue
		}
		kept = append(kept, s)
	}
	return kept
}

var metadataTypes = map[promseries.Kind]prompb.MetricMetadata_MetricType{
	promseries.KindGauge: prompb.MetricMetadata_GAUGE, promseries.KindCounter: prompb.MetricMetadata_COUNTER,
	promseries.KindHistogram: prompb.MetricMetadata_HISTOGRAM, promseries.KindNative: prompb.MetricMetadata_HISTOGRAM,
	promseries.KindSummary: prompb.MetricMetadata_SUMMARY, promseries.KindInfo: prompb.MetricMetadata_INFO,
}

func metadata(f *promseries.Family) prompb.MetricMetadata {
	return prompb.MetricMetadata{Type: metadataTypes[f.Kind], MetricFamilyName: f.Name, Help: f.Help, Unit: f.Unit}
}
