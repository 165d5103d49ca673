package elasticsearchexporter

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
)

// batch is what waits in the queue: documents as they will be sent. Their size is
// that of the requests, to the byte, and what waits in memory has no pointers
// for the garbage collector to follow.
type batch struct{ body *body }

// ItemsCount returns the records, spans or points.
func (b *batch) ItemsCount() int { return b.body.weight(0, len(b.body.items)) }

// BytesSize returns the bytes before compression.
func (b *batch) BytesSize() int { return len(b.body.buf) }

// enough is the size from which requests are worth sending by themselves: to
// merge them costs more than it saves.
const enough = 512 << 10

// MergeSplit adds other, which may be nil, and cuts what is then larger than
// most, where that is not 0; a single document that is larger stands alone.
func (b *batch) MergeSplit(_ context.Context, most int, sizer exporterhelper.RequestSizerType, other xexporterhelper.Request) ([]xexporterhelper.Request, error) {
	if other != nil {
		more, ok := other.(*batch)
		if !ok {
			return nil, fmt.Errorf("merge batches: %T is none", other)
		}
		if most <= 0 && min(b.BytesSize(), more.BytesSize()) >= enough {
			return []xexporterhelper.Request{b, more}, nil
		}
		b.body.addAll(more.body)
		more.body.release()
	}
	size := func(low, high int) int { return b.body.items[high-1].end - b.body.items[low].start }
	if sizer == exporterhelper.RequestSizerTypeItems {
		size = b.body.weight
	}
	n := len(b.body.items)
	if most <= 0 || n == 0 || size(0, n) <= most {
		return []xexporterhelper.Request{b}, nil
	}
	all := b.body.all()
	var parts []xexporterhelper.Request
	for low := 0; low < n; {
		high := low + 1
		for high < n && size(low, high+1) <= most {
			high++
		}
		part := newBody(b.body.encoding)
		part.add(b.body, all[low:high])
		parts = append(parts, &batch{part})
		low = high
	}
	b.body.release()
	return parts, nil
}

// addAll appends another body.
func (b *body) addAll(from *body) {
	b.likeWeights(from)
	shift := len(b.buf)
	b.buf = append(b.buf, from.buf...)
	for _, it := range from.items {
		b.items = append(b.items, item{start: it.start + shift, doc: it.doc + shift, end: it.end + shift})
	}
	b.weights = append(b.weights, from.weights...)
}

// likeWeights lets an empty body have weights where the one to be added has.
func (b *body) likeWeights(from *body) {
	if from.weights != nil && b.weights == nil && len(b.items) == 0 {
		b.weights = []int32{}
	}
}

// add appends items of another body.
func (b *body) add(from *body, items []int) {
	b.likeWeights(from)
	for _, i := range items {
		it := from.items[i]
		start := len(b.buf)
		b.buf = append(b.buf, from.buf[it.start:it.end]...)
		b.items = append(b.items, item{start: start, doc: start + it.doc - it.start, end: len(b.buf)})
		if b.weights != nil {
			b.weights = append(b.weights, int32(from.weight(i, i+1))) //nolint:gosec // points of one document
		}
	}
}

// keepOnly drops all items but those, which ascend. HTTP may still read the
// buffer of an attempt that was given up, so that is left as it is then.
func (b *body) keepOnly(items []int) {
	if len(items) == len(b.items) {
		return
	}
	left := newBody(b.encoding)
	left.add(b, items)
	b.buf, left.buf = left.buf, b.buf
	if b.lent {
		left.buf, b.lent = nil, false
	}
	b.items, left.items = left.items, b.items
	b.weights = left.weights
	left.release()
}
