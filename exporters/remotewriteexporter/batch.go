package remotewriteexporter

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// batch is what the queue holds: samples, without anything that all samples of a
// series have in common. It knows no version of the protocol.
type batch struct {
	points    int // data points that it stands for, those too that have no samples
	samples   [][]sample
	natives   []native
	exemplars []exemplar
	left      [][]request // what is to be sent, from the first attempt on
	planned   bool
}

// sample is one value. start is 0 where it is unknown or means nothing.
type sample struct {
	series      *series
	time, start int64 // Unix milliseconds
	value       float64
}

// native is one native histogram; body is its message without the start.
type native struct {
	series      *series
	time, start int64
	body        []byte
}

type exemplar struct {
	series *series
	labels []promseries.Label
	value  float64
	time   int64
}

// What the parts of a batch take in memory, in bytes.
const (
	sampleSize   = 32
	nativeSize   = 56
	exemplarSize = 160
)

// ItemsCount is the number of data points.
func (b *batch) ItemsCount() int { return b.points }

// BytesSize is what the batch takes in memory.
func (b *batch) BytesSize() int {
	size := sampleSize*b.count() + exemplarSize*len(b.exemplars)
	for i := range b.natives {
		size += nativeSize + len(b.natives[i].body)
	}
	return size
}

// count is the number of samples, native histograms aside.
func (b *batch) count() int {
	n := 0
	for _, s := range b.samples {
		n += len(s)
	}
	return n
}

// MergeSplit appends next and cuts the whole into batches of at most maxSize, in
// order. A single sample or histogram is never cut.
func (b *batch) MergeSplit(_ context.Context, maxSize int, sizer exporterhelper.RequestSizerType, next xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	if next != nil {
		other, ok := next.(*batch)
		if !ok {
			return nil, errors.New("merge requests: not of this exporter")
		}
		b.points += other.points
		b.samples = append(b.samples, other.samples...)
		b.natives = append(b.natives, other.natives...)
		b.exemplars = append(b.exemplars, other.exemplars...)
	}
	size := b.BytesSize()
	if sizer == exporterhelper.RequestSizerTypeItems {
		size = b.points
	}
	if maxSize <= 0 || size <= maxSize {
		return []xexporterhelper.Request{b}, nil
	}
	all := b.split((size + maxSize - 1) / maxSize)
	out := make([]xexporterhelper.Request, len(all))
	for i := range all {
		out[i] = all[i]
	}
	return out, nil
}

// split divides b into n batches of about equal size, at least one sample each.
func (b *batch) split(n int) []*batch {
	total := b.count() + len(b.natives)
	n = max(1, min(n, total))
	out := make([]*batch, n)
	home := map[*series]*batch{} // where a series was last, for its exemplars
	at := 0
	next := func(s *series) *batch {
		to := out[at*n/total]
		at++
		if len(b.exemplars) > 0 {
			home[s] = to
		}
		return to
	}
	for i := range out {
		out[i] = &batch{points: b.points*(i+1)/n - b.points*i/n, samples: make([][]sample, 1)}
	}
	for _, chunk := range b.samples {
		for _, s := range chunk {
			to := next(s.series)
			to.samples[0] = append(to.samples[0], s)
		}
	}
	for _, h := range b.natives {
		to := next(h.series)
		to.natives = append(to.natives, h)
	}
	for _, e := range b.exemplars {
		if to := home[e.series]; to != nil {
			to.exemplars = append(to.exemplars, e)
		}
	}
	return out
}
