package tailreceiver

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/signals"
)

// fill writes the parsed record.
func (b *builder) fill(lr plog.LogRecord, offset int64, now pcommon.Timestamp) {
	r := &b.record
	lr.SetObservedTimestamp(now)
	if ns := b.clock.Unix(r.Time); ns > 0 {
		lr.SetTimestamp(pcommon.Timestamp(ns))
	}
	lr.SetSeverityNumber(plog.SeverityNumber(r.Severity))
	lr.SetSeverityText(r.SeverityText)
	lr.Body().SetStr(r.Body)
	lr.SetTraceID(r.TraceID)
	lr.SetSpanID(r.SpanID)
	attrs := lr.Attributes()
	n := 1 + topLevel(r.Fields)
	if r.Service != "" {
		n++
	}
	attrs.EnsureCapacity(n)
	putFields(attrs, r.Fields)
	if r.Service != "" {
		attrs.PutStr(signals.AttrServiceName, r.Service)
	}
	attrs.PutInt(signals.AttrLogFileOffset, offset)
}

// topLevel counts the fields that are not inside of others.
func topLevel(fields []logformat.Field) (n int) {
	for i := 0; i < len(fields); i += 1 + fields[i].Len {
		n++
	}
	return n
}

func putFields(m pcommon.Map, fields []logformat.Field) {
	for i := 0; i < len(fields); i++ {
		f := &fields[i]
		switch f.Kind {
		case logformat.KindString:
			m.PutStr(f.Key, f.Str)
		case logformat.KindInt:
			m.PutInt(f.Key, f.Int)
		case logformat.KindFloat:
			m.PutDouble(f.Key, f.Float)
		case logformat.KindBool:
			m.PutBool(f.Key, f.Int != 0)
		case logformat.KindNull:
			m.PutEmpty(f.Key)
		case logformat.KindMap:
			inner, child := fields[i+1:i+1+f.Len], m.PutEmptyMap(f.Key)
			child.EnsureCapacity(topLevel(inner))
			putFields(child, inner)
			i += f.Len
		case logformat.KindSlice:
			inner, child := fields[i+1:i+1+f.Len], m.PutEmptySlice(f.Key)
			child.EnsureCapacity(topLevel(inner))
			putElements(child, inner)
			i += f.Len
		}
	}
}

func putElements(s pcommon.Slice, fields []logformat.Field) {
	for i := 0; i < len(fields); i++ {
		f := &fields[i]
		v := s.AppendEmpty()
		switch f.Kind {
		case logformat.KindString:
			v.SetStr(f.Str)
		case logformat.KindInt:
			v.SetInt(f.Int)
		case logformat.KindFloat:
			v.SetDouble(f.Float)
		case logformat.KindBool:
			v.SetBool(f.Int != 0)
		case logformat.KindMap:
			inner, child := fields[i+1:i+1+f.Len], v.SetEmptyMap()
			child.EnsureCapacity(topLevel(inner))
			putFields(child, inner)
			i += f.Len
		case logformat.KindSlice:
			inner, child := fields[i+1:i+1+f.Len], v.SetEmptySlice()
			child.EnsureCapacity(topLevel(inner))
			putElements(child, inner)
			i += f.Len
		}
	}
}
