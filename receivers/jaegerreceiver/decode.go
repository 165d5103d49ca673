package jaegerreceiver

import (
	"errors"
	"fmt"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tidewatch/tidewatch/internal/legacytags"
	"github.com/tidewatch/tidewatch/signals"
)

// The messages of jaeger.api_v2 are read by their field numbers (model.proto and collector.proto of
// jaegertracing/jaeger-idl), straight into pdata.

var errWire = errors.New("not a message of jaeger.api_v2")

// field is one field of a message; number is of varints and fixed values, bytes of the others.
type field struct {
	id     protowire.Number
	kind   protowire.Type
	number uint64
	bytes  []byte
}

// each calls do for every field of a message.
func each(b []byte, do func(field) error) error {
	for len(b) > 0 {
		id, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errWire
		}
		b = b[n:]
		f := field{id: id, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(id, kind, b)
		}
		if n < 0 {
			return errWire
		}
		b = b[n:]
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a PostSpansRequest. Spans without valid ids are left out and counted.
func decode(b []byte) (td ptrace.Traces, rejected int, err error) {
	td = ptrace.NewTraces()
	err = each(b, func(f field) error {
		if f.id == 1 && f.kind == protowire.BytesType {
			n, err := decodeBatch(f.bytes, td)
			rejected += n
			return err
		}
		return nil
	})
	if err != nil {
		return td, 0, fmt.Errorf("read spans: %w", err)
	}
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool { return rs.ScopeSpans().At(0).Spans().Len() == 0 })
	return td, rejected, nil
}

// decodeBatch reads a Batch: spans, and the process of those that have none of their own.
func decodeBatch(b []byte, td ptrace.Traces) (rejected int, err error) {
	rs := td.ResourceSpans().AppendEmpty()
	spans := rs.ScopeSpans().AppendEmpty().Spans()
	err = each(b, func(f field) error {
		if f.kind != protowire.BytesType {
			return nil
		}
		switch f.id {
		case 1:
			taken, err := decodeSpan(f.bytes, td, spans)
			if !taken && err == nil {
				rejected++
			}
			return err
		case 2:
			return decodeProcess(f.bytes, rs.Resource().Attributes())
		default:
			return nil
		}
	})
	return rejected, err
}

// decodeSpan reads a Span into spans, or under a resource of its own if it has its own process. It is
// false for one without ids.
func decodeSpan(b []byte, td ptrace.Traces, spans ptrace.SpanSlice) (taken bool, err error) {
	s := ptrace.NewSpan()
	s.SetKind(ptrace.SpanKindInternal)
	var duration uint64
	var process []byte
	err = each(b, func(f field) error {
		switch {
		case f.kind != protowire.BytesType:
			return nil
		case f.id == 1:
			s.SetTraceID(traceID(f.bytes))
		case f.id == 2:
			s.SetSpanID(spanID(f.bytes))
		case f.id == 3:
			s.SetName(string(f.bytes))
		case f.id == 4:
			return decodeReference(f.bytes, s)
		case f.id == 6:
			at, err := decodeTime(f.bytes)
			s.SetStartTimestamp(pcommon.Timestamp(at))
			return err
		case f.id == 7:
			duration, err = decodeTime(f.bytes)
			return err
		case f.id == 8:
			return decodeTag(f.bytes, func(key string, v pcommon.Value) { legacytags.Put(s, key, v) })
		case f.id == 9:
			return decodeLog(f.bytes, s.Events().AppendEmpty())
		case f.id == 10:
			process = f.bytes
		case f.id == 12:
			warnings, _ := s.Attributes().GetOrPutEmpty("jaeger.warnings")
			if warnings.Type() != pcommon.ValueTypeSlice {
				warnings.SetEmptySlice()
			}
			warnings.Slice().AppendEmpty().SetStr(string(f.bytes))
		}
		return nil
	})
	if err != nil || s.TraceID().IsEmpty() || s.SpanID().IsEmpty() {
		return false, err
	}
	s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(min(duration, math.MaxInt64-uint64(s.StartTimestamp()))))
	s = settle(s)
	if len(process) == 0 {
		s.MoveTo(spans.AppendEmpty())
		return true, nil
	}
	rs := td.ResourceSpans().AppendEmpty()
	s.MoveTo(rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty())
	return true, decodeProcess(process, rs.Resource().Attributes())
}

// settle finds the parent among the references: it is the first of the same trace that the span is a
// child of, else the first one that it follows from; the others are links.
func settle(s ptrace.Span) ptrace.Span {
	parent := -1
	for i, l := range s.Links().All() {
		if l.TraceID() != s.TraceID() {
			continue
		}
		child := l.Attributes().Len() == 0
		if child || parent < 0 {
			parent = i
		}
		if child {
			break
		}
	}
	if parent >= 0 {
		s.SetParentSpanID(s.Links().At(parent).SpanID())
		i := -1
		s.Links().RemoveIf(func(ptrace.SpanLink) bool { i++; return i == parent })
	}
	return s
}

// decodeReference reads a SpanRef as a link. The attribute of a reference that is not to a parent has
// the name that the conventions give it.
func decodeReference(b []byte, s ptrace.Span) error {
	l := s.Links().AppendEmpty()
	return each(b, func(f field) error {
		switch {
		case f.id == 1 && f.kind == protowire.BytesType:
			l.SetTraceID(traceID(f.bytes))
		case f.id == 2 && f.kind == protowire.BytesType:
			l.SetSpanID(spanID(f.bytes))
		case f.id == 3 && f.kind == protowire.VarintType && f.number == 1:
			l.Attributes().PutStr("opentracing.ref_type", "follows_from")
		}
		return nil
	})
}

// decodeTime reads a google.protobuf.Timestamp or Duration as nanoseconds; times before 1970 and
// negative durations are 0.
func decodeTime(b []byte) (nanoseconds uint64, err error) {
	var seconds, nanos int64
	err = each(b, func(f field) error {
		if f.kind == protowire.VarintType {
			switch f.id {
			case 1:
				seconds = int64(f.number) //nolint:gosec // negative ones are meant
			case 2:
				nanos = int64(f.number) //nolint:gosec // negative ones are meant
			}
		}
		return nil
	})
	const most = math.MaxInt64/1_000_000_000 - 1
	if seconds < 0 || seconds > most || nanos < 0 || nanos >= 1_000_000_000 {
		return 0, err
	}
	return uint64(seconds*1_000_000_000 + nanos), err
}

// decodeTag reads a KeyValue.
func decodeTag(b []byte, put func(string, pcommon.Value)) error {
	var fields [8]field // the last of each
	err := each(b, func(f field) error {
		if f.id > 0 && int(f.id) < len(fields) {
			fields[f.id] = f
		}
		return nil
	})
	if err != nil {
		return err
	}
	key, kind := string(fields[1].bytes), fields[2].number
	if kind > 4 {
		return nil // a type of later times
	}
	value := fields[3+kind]
	switch number := value.number; kind {
	case 0:
		put(key, pcommon.NewValueStr(string(value.bytes)))
	case 1:
		put(key, pcommon.NewValueBool(number != 0))
	case 2:
		put(key, pcommon.NewValueInt(int64(number))) //nolint:gosec // negative ones are meant
	case 3:
		put(key, pcommon.NewValueDouble(math.Float64frombits(number)))
	case 4:
		v := pcommon.NewValueBytes()
		v.Bytes().FromRaw(value.bytes)
		put(key, v)
	}
	return nil
}

// decodeLog reads a Log; its field event is the name.
func decodeLog(b []byte, e ptrace.SpanEvent) error {
	return each(b, func(f field) error {
		switch {
		case f.id == 1 && f.kind == protowire.BytesType:
			at, err := decodeTime(f.bytes)
			e.SetTimestamp(pcommon.Timestamp(at))
			return err
		case f.id == 2 && f.kind == protowire.BytesType:
			return decodeTag(f.bytes, func(key string, v pcommon.Value) {
				if key == "event" && e.Name() == "" {
					e.SetName(v.AsString())
					return
				}
				v.CopyTo(e.Attributes().PutEmpty(key))
			})
		}
		return nil
	})
}

// decodeProcess reads a Process: the service and where it runs.
func decodeProcess(b []byte, resource pcommon.Map) error {
	return each(b, func(f field) error {
		switch {
		case f.id == 1 && f.kind == protowire.BytesType:
			resource.PutStr(signals.AttrServiceName, string(f.bytes))
		case f.id == 2 && f.kind == protowire.BytesType:
			return decodeTag(f.bytes, func(key string, v pcommon.Value) { putProcessTag(resource, key, v) })
		}
		return nil
	})
}

func putProcessTag(resource pcommon.Map, key string, v pcommon.Value) {
	switch key {
	case "hostname":
		key = signals.AttrHostName
	case "client-uuid":
		key = "service.instance.id"
	case "ip":
		legacytags.Host(resource, v.AsString())
		return
	case "jaeger.version":
		key = "telemetry.sdk.version"
	}
	v.CopyTo(resource.PutEmpty(key))
}

// traceID takes the 16 bytes of an id, or the 8 that older senders have.
func traceID(b []byte) (id pcommon.TraceID) {
	if len(b) <= len(id) {
		copy(id[len(id)-len(b):], b)
	}
	return id
}

func spanID(b []byte) (id pcommon.SpanID) {
	if len(b) <= len(id) {
		copy(id[len(id)-len(b):], b)
	}
	return id
}
