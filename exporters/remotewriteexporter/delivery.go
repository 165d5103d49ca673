package remotewriteexporter

import (
	"cmp"
	"slices"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// delivery is one batch of the queue in its form for the wire. It is kept until
// all of it is written or given up: a retry sends the same bytes, so that deltas
// are added up once only, and sends only what is left.
type delivery struct {
	md     pmetric.Metrics
	shards [][]request // what is left, in order within each shard
}

// request is one body and what it holds.
type request struct {
	body    []byte // snappy
	samples int
}

// cut divides the series among shards by their hash and the series of a shard
// into requests. A batch that fits one request uses one shard.
func (b *batch) cut(shards, maxSamples int) [][]request {
	b.tidy()
	total := 0
	for i := range b.series {
		total += size(&b.series[i])
	}
	shards = max(1, min(shards, (total+maxSamples-1)/maxSamples))
	parts := make([][]prompb.TimeSeries, shards)
	for i := range b.series {
		to := b.hashes[i] % uint64(shards) //nolint:gosec // positive
		parts[to] = append(parts[to], b.series[i])
	}
	out := make([][]request, 0, shards)
	for _, part := range parts {
		if len(part) > 0 {
			out = append(out, requests(part, maxSamples))
		}
	}
	return out
}

func size(ts *prompb.TimeSeries) int { return len(ts.Samples) + len(ts.Histograms) }

func requests(part []prompb.TimeSeries, maxSamples int) []request {
	var out []request
	for len(part) > 0 {
		n, samples := 0, 0
		for n < len(part) && (n == 0 || samples+size(&part[n]) <= maxSamples) {
			samples += size(&part[n])
			n++
		}
		out = append(out, encode(&prompb.WriteRequest{Timeseries: part[:n]}, samples))
		part = part[n:]
	}
	return out
}

func encode(w *prompb.WriteRequest, samples int) request {
	raw, _ := w.Marshal() // the generated code has no error to return
	return request{body: snappy.Encode(nil, raw), samples: samples}
}

// describe is the metadata of the batch's families that are new, or nil.
func (b *batch) describe(known map[string]struct{}) *request {
	var w prompb.WriteRequest
	for name, f := range b.families {
		if _, ok := known[name]; !ok {
			w.Metadata = append(w.Metadata, metadata(f))
			known[name] = struct{}{}
		}
	}
	if len(w.Metadata) == 0 {
		return nil
	}
	slices.SortFunc(w.Metadata, func(a, b prompb.MetricMetadata) int { return cmp.Compare(a.MetricFamilyName, b.MetricFamilyName) })
	r := encode(&w, 0)
	return &r
}
