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
	one     []byte            // one of them
	part    []byte
	refs    []byte
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
func (e *encoder) series2(g *group) {
	e.refs = e.refs[:0]
	for _, s := range g.series.labels {
		e.refs = protowire.AppendVarint(e.refs, uint64(e.ref(s)))
	}
	e.one = appendBytes(e.one[:0], 1, e.refs)
	for i := range g.samples {
		e.one = appendSample(e.one, &g.samples[i], v2)
	}
	for i := range g.natives {
		h := &g.natives[i]
		e.part = append(e.part[:0], h.body...)
		e.part = appendVarint(e.part, fieldStart, uint64(h.start)) //nolint:gosec // two's complement is the wire's form
		e.one = appendBytes(e.one, 3, e.part)
	}
	for i := range g.exemplars {
		x := &g.exemplars[i]
		e.refs = e.refs[:0]
		for _, l := range x.labels {
			e.refs = protowire.AppendVarint(e.refs, uint64(e.refString(l.Name)))
			e.refs = protowire.AppendVarint(e.refs, uint64(e.refString(l.Value)))
		}
		e.part = appendDouble(appendBytes(e.part[:0], 1, e.refs), 2, x.value)
		e.part = appendVarint(e.part, 3, uint64(x.time)) //nolint:gosec // as above
		e.one = appendBytes(e.one, 4, e.part)
	}
	f := g.series.family
	e.part = append(e.part[:0], 1<<3, metadataTypes[f.kind])
	e.part = appendVarint(e.part, 3, uint64(e.ref(f.help)))
	e.part = appendVarint(e.part, 4, uint64(e.ref(f.unit)))
	e.one = appendBytes(e.one, 5, e.part)
	e.body = appendBytes(e.body, 5, e.one)
}

// series1 writes one series in the form of version 1.
func (e *encoder) series1(g *group) {
	s := g.series
	if s.v1 == nil {
		for i := 0; i < len(s.labels); i += 2 {
			s.v1 = appendBytes(s.v1, 1, e.label(s.labels[i].text, s.labels[i+1].text))
		}
	}
	e.one = append(e.one[:0], s.v1...)
	for i := range g.samples {
		e.one = appendSample(e.one, &g.samples[i], v1)
	}
	for i := range g.exemplars {
		x := &g.exemplars[i]
		e.refs = e.refs[:0]
		for _, l := range x.labels {
			e.refs = appendBytes(e.refs, 1, e.label(l.Name, l.Value))
		}
		e.part = appendDouble(append(e.part[:0], e.refs...), 2, x.value)
		e.part = appendVarint(e.part, 3, uint64(x.time)) //nolint:gosec // as above
		e.one = appendBytes(e.one, 3, e.part)
	}
	for i := range g.natives {
		e.one = appendBytes(e.one, 4, g.natives[i].body)
	}
	e.body = appendBytes(e.body, 1, e.one)
}

func (e *encoder) label(name, value string) []byte {
	e.part = protowire.AppendString(append(e.part[:0], 1<<3|2), name)
	e.part = protowire.AppendString(append(e.part, 2<<3|2), value)
	return e.part
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
		e.one = appendVarint(e.one[:0], 1, uint64(metadataTypes[f.kind]))
		e.one = appendBytes(e.one, 2, []byte(f.name))
		e.one = appendBytes(e.one, 4, []byte(f.help.text))
		e.one = appendBytes(e.one, 5, []byte(f.unit.text))
		e.body = appendBytes(e.body, 3, e.one)
	}
	return request{body: e.finish(v1), version: v1}
}

// requests writes groups into requests of at most maxSize samples.
func (e *encoder) requests(groups []*group, maxSize int, v version) []request {
	var out []request
	for len(groups) > 0 {
		r := request{version: v}
		e.begin()
		n := 0
		for n < len(groups) && (n == 0 || r.size()+groups[n].size() <= maxSize) {
			g := groups[n]
			n++
			if g.size() == 0 {
				continue // exemplars alone are refused
			}
			if len(g.samples) > 0 && len(g.natives) > 0 {
				e.both(g, v)
			} else {
				e.series(g, v)
			}
			r.samples += len(g.samples)
			r.histograms += len(g.natives)
			r.exemplars += len(g.exemplars)
		}
		groups = groups[n:]
		if r.size() > 0 {
			r.body = e.finish(v)
			out = append(out, r)
		}
	}
	return out
}

func (e *encoder) series(g *group, v version) {
	if v == v2 {
		e.series2(g)
	} else {
		e.series1(g)
	}
}

// both writes a series that has samples and native histograms as two.
func (e *encoder) both(g *group, v version) {
	floats, natives := *g, *g
	floats.natives, natives.samples, natives.exemplars = nil, nil, nil
	e.series(&floats, v)
	e.series(&natives, v)
}
