package elasticsearchexporter

import (
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"github.com/zeebo/xxh3"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

// idBytes is the length of a document's id: 4 bytes of time, by which the
// server finds near ids quickly, and 12 of hash; in base64, which Elasticsearch
// stores as the bytes that it stands for.
const idBytes = 16

const idPlaceholder = "0123456789012345678901" // as long as idBytes in base64

// item is one document and its action in a body.
type item struct {
	start int // of the action
	doc   int // of the document
	end   int // behind the newline of the document
}

// encoding says how documents are written.
type encoding struct {
	base route
	ids  string // of Config.DocumentID
	otel bool   // names of OpenTelemetry, not of ECS
	raw  bool   // bodies that are JSON objects are taken as they are
}

// body is a bulk request's body. It is pooled: take it by newBody, give it back
// by release. What it appends stays valid until release.
type body struct {
	buf   []byte
	items []item
	lent  bool // HTTP may still read buf
	encoding

	// The parts of the document that records of one resource, scope and route share.
	resource, scope, action, stream []byte
	raised, tail                    []byte
	clock, observed                 clock // two, as a replayed file's times lie far apart
	line                            rawLine

	// weights are the points that each item holds, of metrics; nil for other signals,
	// where an item is one record.
	weights  []int32
	grouping grouping
	names    map[string]bool // of the metrics in the document at hand; true for those of several values
}

var bodies = sync.Pool{New: func() any { return new(body) }}

// maxPooled bounds what an idle exporter keeps.
const maxPooled = 8 << 20

func newBody(e encoding) *body {
	b := bodies.Get().(*body)
	b.encoding = e
	b.buf, b.items, b.weights, b.lent = b.buf[:0], b.items[:0], nil, false
	return b
}

func (b *body) release() {
	if cap(b.buf) <= maxPooled && !b.lent {
		bodies.Put(b)
	}
}

// forget lets go of the batch that was appended.
func (b *body) forget() {
	clear(b.line.kept[:cap(b.line.kept)])
	b.line = rawLine{names: b.line.names[:0], kept: b.line.kept[:0], known: b.line.known}
	b.grouping, b.names = grouping{}, nil
}

// all returns the numbers of all items.
func (b *body) all() []int {
	n := make([]int, len(b.items))
	for i := range n {
		n[i] = i
	}
	return n
}

// weight is how many records or points items [low, high) hold.
func (b *body) weight(low, high int) int {
	if b.weights == nil {
		return high - low
	}
	n := 0
	for _, w := range b.weights[low:high] {
		n += int(w)
	}
	return n
}

// setRoute prepares the action line and the data_stream fields.
func (b *body) setRoute(signal string, r route, withID bool) {
	if b.otel && signal != "metrics" { // its own template for those wants fewer kinds of documents
		r = r.otel()
	}
	a := append(b.action[:0], `{"create":{"_index":`...)
	a = pdatajson.AppendString(a, signal+"-"+r.dataset+"-"+r.namespace)
	if withID {
		a = append(a, `,"_id":"`+idPlaceholder+`"`...)
	}
	b.action = append(a, "}}\n"...)
	s := append(b.stream[:0], `,"data_stream.type":"`+signal+`","data_stream.dataset":`...)
	s = pdatajson.AppendString(s, r.dataset)
	s = append(s, `,"data_stream.namespace":`...)
	b.stream = pdatajson.AppendString(s, r.namespace)
}

// open starts a document with its action and time.
func (b *body) open(at pcommon.Timestamp) item {
	it := item{start: len(b.buf)}
	b.buf = append(b.buf, b.action...)
	it.doc = len(b.buf)
	b.buf = append(b.buf, `{"@timestamp":`...)
	b.buf = b.clock.append(b.buf, at)
	b.buf = append(b.buf, b.stream...)
	b.buf = append(b.buf, b.resource...)
	b.buf = append(b.buf, b.scope...)
	return it
}

// close ends the document. tail is left out of the id.
func (b *body) close(it item, at pcommon.Timestamp, withID bool, tail []byte) {
	if withID {
		sum := xxh3.Hash128(b.buf[it.doc:])
		var id [idBytes]byte
		binary.BigEndian.PutUint32(id[0:], uint32(uint64(at)/uint64(time.Second)))
		binary.BigEndian.PutUint64(id[4:], sum.Hi)
		binary.BigEndian.PutUint32(id[12:], uint32(sum.Lo))
		base64.RawURLEncoding.Encode(b.buf[it.doc-len(idPlaceholder)-len("\"}}\n"):], id[:])
	}
	b.buf = append(b.buf, tail...)
	b.buf = append(b.buf, '}', '\n')
	it.end = len(b.buf)
	b.items = append(b.items, it)
}

// setResource prepares what a resource adds to its documents and returns the
// bits of the fields that it took.
func (b *body) setResource(r pcommon.Resource, schemaURL string) (taken uint64) {
	attrs := r.Attributes()
	if b.otel {
		b.setResourceOTel(attrs, schemaURL)
		return 0
	}
	dst := b.resource[:0]
	rest := b.raised[:0]
	var members pdatajson.Members
	for k, v := range attrs.All() {
		if v.Type() == pcommon.ValueTypeEmpty || !members.Add(attrs, k) || isDataStream(k) {
			continue
		}
		if f, ok := resourceFields.find(k); ok && taken&f.bit == 0 {
			if dst, ok = appendRaised(dst, f, v); ok {
				taken |= f.bit
				continue
			}
		}
		rest = appendMember(rest, k, v)
	}
	b.resource = appendObject(dst, "resource.attributes", rest)
	b.raised = rest
	return taken
}

// setScope prepares what a scope adds to its documents; its name goes to field.
func (b *body) setScope(field string, s pcommon.InstrumentationScope) {
	b.scope = b.scope[:0]
	if b.otel {
		b.setScopeOTel(s)
		return
	}
	if s.Name() != "" {
		b.scope = appendField(b.scope, field, s.Name())
	}
	if s.Version() != "" {
		b.scope = appendField(b.scope, "scope.version", s.Version())
	}
}

// appendAttributes appends the attributes of m that are there as the field name.
func (b *body) appendAttributes(dst []byte, name string, m pcommon.Map) []byte {
	rest := b.raised[:0]
	var members pdatajson.Members
	for k, v := range m.All() {
		if v.Type() != pcommon.ValueTypeEmpty && members.Add(m, k) && !isDataStream(k) {
			rest = appendMember(rest, k, v)
		}
	}
	b.raised = rest
	return appendObject(dst, name, rest)
}

// appendField appends a string field with a comma before it. The name is one of
// ours and needs no escape.
func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return pdatajson.AppendString(dst, value)
}

// appendMember appends an attribute with a comma before it.
func appendMember(dst []byte, k string, v pcommon.Value) []byte {
	dst = append(dst, ',')
	dst = pdatajson.AppendKey(dst, k)
	return pdatajson.AppendValue(dst, v)
}

// appendObject appends members, which start with a comma, as the field name.
func appendObject(dst []byte, name string, members []byte) []byte {
	if len(members) == 0 {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':', '{')
	dst = append(dst, members[1:]...)
	return append(dst, '}')
}
