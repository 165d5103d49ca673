package redconnector

import (
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/attrhash"
	"github.com/tidewatch/tidewatch/signals"
)

const (
	// other is the name of what exceeds a limit.
	other = "<other>"
	// unknownService is that of spans without a service.name, as SDKs have it.
	unknownService = "unknown_service"
	attrSpanName   = "span.name"
	attrSpanKind   = "span.kind"
	attrStatusCode = "status.code"
)

// service is what is counted of one service.
type service struct {
	name       string
	attributes pcommon.Map // of the resource
	series     map[uint64]*series
	operations map[uint64]*operation // by hash of the span's name
	whole      target                // all that it was asked for
	start      time.Time
	seen       time.Time
}

// operation is a span's name.
type operation struct {
	name   string
	gauges bool
	target target
	series int // that have this name
}

// series counts spans of one service, name, kind, status and further dimensions.
type series struct {
	operation  *operation
	kind       ptrace.SpanKind
	status     ptrace.StatusCode
	dimensions pcommon.Map
	start      time.Time
	seen       time.Time
	fresh      bool // something came since the last sending
	duration   distribution
	slowest    exemplar
	latest     exemplar
}

// exemplar is a span as an example of a duration.
type exemplar struct {
	trace pcommon.TraceID
	span  pcommon.SpanID
	at    pcommon.Timestamp
	value float64
}

// table holds all services.
type table struct {
	cfg      *Config
	bounds   []float64 // of explicit histograms, in their unit
	perUnit  float64   // nanoseconds
	services map[uint64]*service
	series   int
	gauges   int // operations with gauges
	overflow overflow
	expired  int64
}

// overflow counts spans that were counted as <other>, by what there was too much of.
type overflow struct{ services, operations, series, edges int64 }

func newTable(cfg *Config) *table {
	t := &table{cfg: cfg, perUnit: 1e6, services: map[uint64]*service{}}
	if cfg.Histogram.Unit == unitSeconds {
		t.perUnit = 1e9
	}
	if cfg.Histogram.Type == typeExplicit {
		for _, b := range cfg.Histogram.Buckets {
			t.bounds = append(t.bounds, float64(b)/t.perUnit)
		}
	}
	return t
}

// service returns that of a resource; spans is how many are to be counted.
func (t *table) service(resource pcommon.Map, spans int, now time.Time) *service {
	key := uint64(0)
	for _, name := range t.cfg.ResourceAttributes {
		key = attrhash.Combine(key, hashOf(resource, name))
	}
	if s := t.services[key]; s != nil {
		s.seen = now
		return s
	}
	if len(t.services) >= t.cfg.MaxServices {
		t.overflow.services += int64(spans)
		key = 0
		if s := t.services[key]; s != nil {
			s.seen = now
			return s
		}
		resource = pcommon.NewMap()
		resource.PutStr(signals.AttrServiceName, other)
	}
	s := &service{
		name: unknownService, attributes: pcommon.NewMap(), series: map[uint64]*series{}, operations: map[uint64]*operation{},
		start: now, seen: now,
	}
	for _, name := range t.cfg.ResourceAttributes {
		if v, ok := resource.Get(name); ok {
			v.CopyTo(s.attributes.PutEmpty(name))
		}
	}
	if v, ok := s.attributes.Get(signals.AttrServiceName); ok && v.AsString() != "" {
		s.name = v.AsString()
	} else {
		s.attributes.PutStr(signals.AttrServiceName, unknownService)
	}
	t.services[key] = s
	return s
}

// hashOf is 0 for an attribute that is not there.
func hashOf(m pcommon.Map, key string) uint64 {
	v, ok := m.Get(key)
	if !ok {
		return 0
	}
	if v.Type() == pcommon.ValueTypeStr {
		return xxhash.Sum64String(v.Str())
	}
	return xxhash.Sum64String(v.AsString())
}

// count counts a span.
func (t *table) count(s *service, resource pcommon.Map, span ptrace.Span, nanoseconds float64, now time.Time) {
	o := t.operation(s, span.Name())
	x := t.find(s, o, resource, span, now)
	v := nanoseconds / t.perUnit
	x.seen, x.fresh = now, true
	x.duration.add(v, t.cfg.Histogram.MaxSize)
	if t.cfg.Exemplars && !span.TraceID().IsEmpty() {
		e := exemplar{span.TraceID(), span.SpanID(), span.EndTimestamp(), v}
		x.latest = e
		if x.slowest.at == 0 || v >= x.slowest.value {
			x.slowest = e
		}
	}
	if t.cfg.Gauges.Enabled && asked(span) {
		failed := span.Status().Code() == ptrace.StatusCodeError
		s.whole.add(nanoseconds/1e9, failed)
		if x.operation.gauges {
			x.operation.target.add(nanoseconds/1e9, failed)
		}
	}
}

// asked says whether a span is something that the service was asked for, and not a part of it:
// requests, messages, and what it began by itself.
func asked(span ptrace.Span) bool {
	switch span.Kind() {
	case ptrace.SpanKindServer, ptrace.SpanKindConsumer:
		return true
	case ptrace.SpanKindClient, ptrace.SpanKindProducer:
		return false
	default:
		return span.ParentSpanID().IsEmpty()
	}
}

func (t *table) operation(s *service, name string) *operation {
	key := xxhash.Sum64String(name)
	if o := s.operations[key]; o != nil {
		return o
	}
	if len(s.operations) >= t.cfg.MaxOperations {
		t.overflow.operations++
		return t.otherOperation(s)
	}
	o := &operation{name: strings.Clone(cut(name))}
	s.operations[key] = o
	return o
}

// otherOperation is the one for names beyond the limits, which it does not count towards.
func (t *table) otherOperation(s *service) *operation {
	if s.operations[0] == nil {
		s.operations[0] = &operation{name: other}
	}
	return s.operations[0]
}

// find returns the series of a span. Beyond the limit it is that of the name <other>, of which there are
// only as many as kinds and statuses.
func (t *table) find(s *service, o *operation, resource pcommon.Map, span ptrace.Span, now time.Time) *series {
	base := attrhash.Combine(uint64(span.Kind()), uint64(span.Status().Code())) //nolint:gosec // small numbers
	key := attrhash.Combine(base, xxhash.Sum64String(o.name))
	for _, name := range t.cfg.Dimensions {
		h := hashOf(span.Attributes(), name)
		if h == 0 {
			h = hashOf(resource, name)
		}
		key = attrhash.Combine(key, h)
	}
	if x := s.series[key]; x != nil {
		return x
	}
	dimensions := pcommon.NewMap()
	if t.series >= t.cfg.MaxSeries || o.name == other {
		if o.name != other {
			t.overflow.series++
			o = t.otherOperation(s)
		}
		key = base
		if x := s.series[key]; x != nil {
			return x
		}
	} else {
		t.series++
		for _, name := range t.cfg.Dimensions {
			v, ok := span.Attributes().Get(name)
			if !ok {
				v, ok = resource.Get(name)
			}
			if ok {
				dimensions.PutStr(name, cut(v.AsString()))
			}
		}
		if asked(span) && !o.gauges && t.gauges < t.cfg.Gauges.MaxOperations {
			o.gauges = true
			t.gauges++
		}
	}
	x := &series{operation: o, kind: span.Kind(), status: span.Status().Code(), dimensions: dimensions, start: now}
	x.duration.bounds = t.bounds
	o.series++
	s.series[key] = x
	return x
}

// expire ends what has had no spans for a while.
func (t *table) expire(now time.Time) {
	for key, s := range t.services {
		for k, x := range s.series {
			if now.Sub(x.seen) < t.cfg.Expiry {
				continue
			}
			delete(s.series, k)
			t.expired++
			if x.operation.name != other {
				t.series--
			}
			x.operation.series--
		}
		for k, o := range s.operations {
			if o.series > 0 {
				continue
			}
			delete(s.operations, k)
			if o.gauges {
				t.gauges--
			}
		}
		if len(s.series) == 0 && now.Sub(s.seen) >= t.cfg.Expiry {
			delete(t.services, key)
		}
	}
}

// maxName is how many bytes of a name are kept.
const maxName = 200

// cut returns the first maxName bytes of s, or a little less so that no character is cut in two.
func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	n := maxName
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
