package prometheusexporter

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// messages appends a page of delimited io.prometheus.client.MetricFamily, the
// one format that carries native histograms. Nested messages are written by the
// numbers of their fields; message puts the length in front of what is written.
type messages struct {
	b     []byte
	names names
}

func (w *messages) page(families []*family) {
	for _, f := range families {
		name, ok := w.names.family(f.Name)
		if !ok {
			continue
		}
		at := len(w.b)
		w.b = append(w.b, 0, 0, 0, 0) // room for the length
		w.string(1, name)
		if f.Help != "" {
			w.string(2, f.Help)
		}
		w.varint(3, messageTypes[f.Kind])
		for _, r := range f.rows {
			w.message(4, func() { w.row(f.Kind, r) })
		}
		if f.unit != "" {
			w.string(5, f.unit)
		}
		w.closeAt(at, 4)
	}
}

// messageTypes are the numbers of MetricType.
var messageTypes = [...]uint64{
	promseries.KindCounter: 0, promseries.KindGauge: 1, promseries.KindInfo: 1, promseries.KindSummary: 2,
	promseries.KindHistogram: 4, promseries.KindNative: 4,
}

func (w *messages) row(kind promseries.Kind, r *row) {
	w.labels(r.series.Labels)
	switch kind {
	case promseries.KindGauge, promseries.KindInfo:
		w.message(2, func() { w.double(1, r.value) })
	case promseries.KindCounter:
		w.message(3, func() {
			w.double(1, r.value)
			if len(r.exemplars) > 0 {
				w.exemplar(2, &r.exemplars[0])
			}
			w.time(3, r.start)
		})
	case promseries.KindSummary:
		w.message(4, func() { w.summary(r) })
	case promseries.KindHistogram:
		w.message(7, func() { w.classic(r) })
	case promseries.KindNative:
		w.message(7, func() { w.native(r) })
	}
}

func (w *messages) summary(r *row) {
	s := r.summary
	w.varint(1, s.Count)
	w.double(2, s.Sum)
	for i, q := range s.Quantiles {
		w.message(3, func() {
			w.double(1, q)
			w.double(2, s.Values[i])
		})
	}
	w.time(4, r.start)
}

func (w *messages) classic(r *row) {
	h := r.histogram
	w.varint(1, h.Count)
	w.double(2, h.Sum)
	bucket := func(bound float64, count uint64, e *promseries.Exemplar) {
		w.message(3, func() {
			w.varint(1, count)
			w.double(2, bound)
			if e != nil && len(e.Labels) > 0 {
				w.exemplar(3, e)
			}
		})
	}
	of := func(i int) *promseries.Exemplar {
		if i < len(r.exemplars) {
			return &r.exemplars[i]
		}
		return nil
	}
	for i, b := range h.Bounds {
		bucket(b, h.Cumulative[i], of(i))
	}
	if last := of(len(h.Bounds)); last != nil && len(last.Labels) > 0 { // else the scraper makes the bucket by itself
		bucket(math.Inf(1), h.Count, last)
	}
	w.time(15, r.start)
}

func (w *messages) native(r *row) {
	n := r.native
	w.varint(1, n.Count)
	w.double(2, n.Sum)
	w.varint(5, protowire.EncodeZigZag(int64(n.Schema)))
	w.double(6, n.ZeroThreshold)
	w.varint(7, n.ZeroCount)
	negative := w.buckets(9, 10, &n.Negative)
	positive := w.buckets(12, 13, &n.Positive)
	if negative+positive == 0 && n.ZeroCount == 0 {
		// An empty span tells an empty native histogram from a classic one.
		w.message(12, func() {
			w.varint(1, 0)
			w.varint(2, 0)
		})
	}
	w.time(15, r.start)
	for i := range r.exemplars {
		if r.exemplars[i].Time > 0 { // a native histogram's must have a time
			w.exemplar(16, &r.exemplars[i])
		}
	}
}

// buckets returns the number of spans.
func (w *messages) buckets(spanField, deltaField protowire.Number, b *promseries.Buckets) int {
	spans, deltas := b.Sparse()
	for _, s := range spans {
		w.message(spanField, func() {
			w.varint(1, protowire.EncodeZigZag(int64(s.Offset)))
			w.varint(2, uint64(s.Length))
		})
	}
	for _, d := range deltas {
		w.varint(deltaField, protowire.EncodeZigZag(d))
	}
	return len(spans)
}

func (w *messages) exemplar(field protowire.Number, e *promseries.Exemplar) {
	w.message(field, func() {
		w.labels(e.Labels)
		w.double(2, e.Value)
		if e.Time > 0 {
			w.time(3, e.Time)
		}
	})
}

func (w *messages) labels(labels []promseries.Label) {
	for i := range labels {
		name, value := w.names.label(labels[i].Name), labels[i].Value
		size := 2 + protowire.SizeBytes(len(name)) + protowire.SizeBytes(len(value))
		w.b = protowire.AppendVarint(append(w.b, 1<<3|2), uint64(size)) //nolint:gosec // not negative
		w.string(1, name)
		w.string(2, value)
	}
}

// time is a google.protobuf.Timestamp; 0 is none.
func (w *messages) time(field protowire.Number, ms int64) {
	if ms <= 0 {
		return
	}
	w.message(field, func() {
		w.varint(1, uint64(ms/1000))     //nolint:gosec // positive
		w.varint(2, uint64(ms%1000)*1e6) //nolint:gosec // positive
	})
}

func (w *messages) string(field protowire.Number, s string) {
	w.b = protowire.AppendString(protowire.AppendTag(w.b, field, protowire.BytesType), s)
}

func (w *messages) varint(field protowire.Number, v uint64) {
	w.b = protowire.AppendVarint(protowire.AppendTag(w.b, field, protowire.VarintType), v)
}

func (w *messages) double(field protowire.Number, v float64) {
	w.b = protowire.AppendFixed64(protowire.AppendTag(w.b, field, protowire.Fixed64Type), math.Float64bits(v))
}

// message writes a nested message whose content fn writes.
func (w *messages) message(field protowire.Number, fn func()) {
	w.b = append(protowire.AppendTag(w.b, field, protowire.BytesType), 0)
	at := len(w.b) - 1
	fn()
	w.closeAt(at, 1)
}

// closeAt writes the length of what follows the room at a position, and moves it
// where the room is not what the length takes.
func (w *messages) closeAt(at, room int) {
	body := len(w.b) - at - room
	size := protowire.SizeVarint(uint64(body)) //nolint:gosec // not negative
	switch {
	case size > room:
		w.b = append(w.b, make([]byte, size-room)...)
		copy(w.b[at+size:], w.b[at+room:at+room+body])
	case size < room:
		copy(w.b[at+size:], w.b[at+room:])
		w.b = w.b[:at+size+body]
	}
	protowire.AppendVarint(w.b[:at], uint64(body)) //nolint:gosec // as above
}
