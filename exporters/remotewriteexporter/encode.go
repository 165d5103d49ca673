package remotewriteexporter

import (
	"cmp"
	"math"
	"slices"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tidewatch/tidewatch/internal/promseries"
)

// version of the protocol.
type version uint8

const (
	v1 version = 1
	v2 version = 2
)

// request is one body and what it holds.
type request struct {
	body       []byte // snappy
	version    version
	samples    int
	histograms int
	exemplars  int
	points     int // the share of the batch's data points
}

func (r *request) size() int { return r.samples + r.histograms }

// encoder writes messages of either version. Its memory is used again for each.
type encoder struct {
	number  uint64 // of the request that is written
	symbols []byte // the table of strings in its form for the wire
	count   uint32
	extra   map[string]uint32 // strings that are in no series: values of exemplars
	body    []byte            // the series
	packed  []byte
	known   *table
}

func (e *encoder) begin() {
	e.number++
	e.symbols, e.count, e.body = append(e.symbols[:0], 4<<3|2, 0), 1, e.body[:0] // the first symbol is ""
	clear(e.extra)
}

// finish returns the request in a body of its own.
func (e *encoder) finish(v version) []byte {
	raw := e.body
	if v == v2 {
		e.symbols = append(e.symbols, e.body...)
		raw = e.symbols
	}
	if most := snappy.MaxEncodedLen(len(raw)); cap(e.packed) < most {
		e.packed = make([]byte, most)
	}
	return slices.Clone(snappy.Encode(e.packed[:cap(e.packed)], raw))
}

// ref is the place of s in the table of the request.
func (e *encoder) ref(s *symbol) uint32 {
	if s.request == e.number {
		return s.ref
	}
	if s.text == "" {
		return 0
	}
	s.request, s.ref = e.number, e.add(s.text)
	return s.ref
}

func (e *encoder) add(text string) uint32 {
	e.symbols = append(e.symbols, 4<<3|2)
	e.symbols = protowire.AppendString(e.symbols, text)
	e.count++
	return e.count - 1
}

// refString is the place of a string that may be in no series.
func (e *encoder) refString(text string) uint32 {
	if s, ok := e.known.symbols[text]; ok {
		return e.ref(s)
	}
	if ref, ok := e.extra[text]; ok {
		return ref
	}
	if e.extra == nil {
		e.extra = map[string]uint32{}
	}
	ref := e.add(text)
	e.extra[text] = ref
	return ref
}

// series2 writes one series in the form of version 2.
func (e *encoder) series2(g *group, samples []sample, natives []native, exemplars []exemplar) {
	b, ts := open(e.body, 5)
	b, refs := open(b, 1)
	for _, s := range g.series.labels {
		b = appendRef(b, e.ref(s))
	}
	b = closeAt(b, refs)
	for i := range samples {
		b = appendSample(b, &samples[i], v2)
	}
	for i := range natives {
		var h int
		b, h = open(b, 3)
		b = append(b, natives[i].body...)
		b = appendVarint(b, fieldStart, uint64(natives[i].start)) //nolint:gosec // two's complement is the wire's form
		b = closeAt(b, h)
	}
	for i := range exemplars {
		x := &exemplars[i]
		var at, refs int
		b, at = open(b, 4)
		b, refs = open(b, 1)
		for _, l := range x.labels {
			b = appendRef(b, e.refString(l.Name))
			b = appendRef(b, e.refString(l.Value))
		}
		b = closeAt(b, refs)
		b = closeAt(appendExemplarEnd(b, x), at)
	}
	f := g.series.family
	b, m := open(b, 5)
	b = append(b, 1<<3, metadataTypes[f.kind])
	b = appendVarint(b, 3, uint64(e.ref(f.help)))
	b = appendVarint(b, 4, uint64(e.ref(f.unit)))
	e.body = closeAt(closeAt(b, m), ts)
}

// appendRef is the varint of a reference, most of which take one or two bytes.
func appendRef(b []byte, ref uint32) []byte {
	switch {
	case ref < 1<<7:
		return append(b, byte(ref))
	case ref < 1<<14:
		return append(b, byte(ref)|1<<7, byte(ref>>7)) //nolint:gosec // cut on purpose
	}
	return protowire.AppendVarint(b, uint64(ref))
}

// appendExemplarEnd writes the fields that are the same in both versions.
func appendExemplarEnd(b []byte, x *exemplar) []byte {
	b = appendDouble(b, 2, x.value)
	return appendVarint(b, 3, uint64(x.time)) //nolint:gosec // two's complement is the wire's form
}

// open begins a nested message and returns where; closeAt ends it. Most are
// shorter than 128 bytes: the others are moved by a byte or two. The field must
// be below 16.
func open(b []byte, field byte) ([]byte, int) {
	b = append(b, field<<3|byte(protowire.BytesType), 0)
	return b, len(b)
}

func closeAt(b []byte, at int) []byte {
	size := len(b) - at
	if size < 1<<7 {
		b[at-1] = byte(size)
		return b
	}
	n := protowire.SizeVarint(uint64(size))
	b = append(b, make([]byte, n-1)...)
	copy(b[at-1+n:], b[at:at+size])
	protowire.AppendVarint(b[:at-1], uint64(size))
	return b
}

// series1 writes one series in the form of version 1.
func (e *encoder) series1(g *group, samples []sample, natives []native, exemplars []exemplar) {
	b, ts := open(e.body, 1)
	s := g.series
	if s.v1 == nil {
		from := len(b)
		for i := 0; i < len(s.labels); i += 2 {
			b = appendLabel(b, s.labels[i].text, s.labels[i+1].text)
		}
		s.v1 = slices.Clone(b[from:])
	} else {
		b = append(b, s.v1...)
	}
	for i := range samples {
		b = appendSample(b, &samples[i], v1)
	}
	for i := range exemplars {
		var at int
		b, at = open(b, 3)
		for _, l := range exemplars[i].labels {
			b = appendLabel(b, l.Name, l.Value)
		}
		b = closeAt(appendExemplarEnd(b, &exemplars[i]), at)
	}
	for i := range natives {
		b = appendBytes(b, 4, natives[i].body)
	}
	e.body = closeAt(b, ts)
}

func appendLabel(b []byte, name, value string) []byte {
	b, at := open(b, 1)
	b = protowire.AppendString(append(b, 1<<3|2), name)
	b = protowire.AppendString(append(b, 2<<3|2), value)
	return closeAt(b, at)
}

// appendSample writes field 2 of a series; only version 2 knows a start.
func appendSample(b []byte, s *sample, v version) []byte {
	b = append(b, 2<<3|2, 0)
	at := len(b)
	b = protowire.AppendFixed64(append(b, 1<<3|1), math.Float64bits(s.value))
	b = appendVarint(b, 2, uint64(s.time)) //nolint:gosec // as above
	if v == v2 {
		b = appendVarint(b, 3, uint64(s.start)) //nolint:gosec // as above
	}
	b[at-1] = byte(len(b) - at) // 9 + 11 + 11 at most
	return b
}

// metadataTypes are the numbers of both versions.
var metadataTypes = [...]byte{
	promseries.KindCounter: 1, promseries.KindGauge: 2, promseries.KindHistogram: 3, promseries.KindNative: 3,
	promseries.KindSummary: 5, promseries.KindInfo: 6,
}

// metadata1 is a request of version 1 with the families only.
func (e *encoder) metadata1(families []*family) request {
	slices.SortFunc(families, func(a, b *family) int { return cmp.Compare(a.name, b.name) })
	e.begin()
	for _, f := range families {
		b, at := open(e.body, 3)
		b = appendVarint(b, 1, uint64(metadataTypes[f.kind]))
		for i, text := range [...]string{2: f.name, 4: f.help.text, 5: f.unit.text} {
			if text != "" {
				b = protowire.AppendString(protowire.AppendTag(b, protowire.Number(i), protowire.BytesType), text) //nolint:gosec // at most 5
			}
		}
		e.body = closeAt(b, at)
	}
	return request{body: e.finish(v1), version: v1}
}

// requests writes groups of a layout into requests of at most maxSize samples.
func (e *encoder) requests(l *layout, groups []*group, maxSize int, v version) []request {
	var out []request
	for len(groups) > 0 {
		r := request{version: v}
		e.begin()
		n := 0
		for n < len(groups) && (n == 0 || r.size()+l.size(groups[n]) <= maxSize) {
			g := groups[n]
			n++
			samples, natives, exemplars := l.samples(g), g.natives(), g.exemplars()
			if len(samples) > 0 && len(natives) > 0 { // two series, as one may not have both
				e.series(v, g, samples, nil, exemplars)
				e.series(v, g, nil, natives, nil)
			} else if len(samples)+len(natives) > 0 { // exemplars alone are refused
				e.series(v, g, samples, natives, exemplars)
			} else {
				continue
			}
			r.samples += len(samples)
			r.histograms += len(natives)
			r.exemplars += len(exemplars)
		}
		groups = groups[n:]
		if r.size() > 0 {
			r.body = e.finish(v)
			out = append(out, r)
		}
	}
	return out
}

func (e *encoder) series(v version, g *group, samples []sample, natives []native, exemplars []exemplar) {
	if v == v2 {
		e.series2(g, samples, natives, exemplars)
	} else {
		e.series1(g, samples, natives, exemplars)
	}
}
