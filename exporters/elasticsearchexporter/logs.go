package elasticsearchexporter

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
	"github.com/tidewatch/tidewatch/signals"
)

// appendLogs appends every record, in the order of iteration.
func (b *body) appendLogs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		taken := b.setResource(rl.Resource(), rl.SchemaUrl())
		byResource := b.base.refine(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			b.setScope("log.logger", sl.Scope())
			byScope := byResource.refine(sl.Scope().Attributes())
			set := routed{}
			for _, r := range sl.LogRecords().All() {
				to, positioned := scanLog(r.Attributes(), byScope)
				withID := b.ids == idAlways || b.ids == idAuto && positioned
				if now := (routed{to, withID, true}); now != set {
					b.setRoute("logs", to, withID)
					set = now
				}
				b.appendLog(r, taken, withID)
			}
		}
	}
}

// routed is what the prepared action line says.
type routed struct {
	route
	withID, prepared bool
}

// scanLog looks for what must be known before a document starts: where it goes
// and whether it has a position in a file.
func scanLog(attrs pcommon.Map, to route) (route, bool) {
	positioned, routes := false, false
	for k, v := range attrs.All() {
		switch {
		case k == signals.AttrLogFileOffset:
			positioned = v.Type() == pcommon.ValueTypeInt
		case isDataStream(k):
			routes = true
		}
	}
	if routes {
		to = to.refine(attrs)
	}
	return to, positioned
}

func (b *body) appendLog(r plog.LogRecord, taken uint64, withID bool) {
	raw := b.raw && b.readRaw(r)
	var at pcommon.Timestamp
	if raw {
		at = firstValid(r.Timestamp(), b.line.time, r.ObservedTimestamp())
	} else {
		at = firstValid(r.Timestamp(), r.ObservedTimestamp())
	}
	it := b.open(at)
	switch {
	case b.otel:
		b.appendLogOTel(r, raw)
	case raw:
		b.appendRawFields(r)
	default:
		b.buf = appendBody(b.buf, r.Body())
		b.buf = appendSeverity(b.buf, r.SeverityNumber(), r.SeverityText())
		b.appendIDs("trace.id", r.TraceID(), "span.id", r.SpanID())
	}
	if name := r.EventName(); name != "" && !b.otel {
		b.buf = appendField(b.buf, "event.name", name)
		taken |= fieldBits["event.name"]
	}
	b.appendLogAttributes(r.Attributes(), taken, raw)
	if valid(r.Timestamp()) && valid(r.ObservedTimestamp()) {
		if b.otel {
			b.tail = append(b.tail, `,"observed_timestamp":`...)
		} else {
			b.tail = append(b.tail, `,"event.created":`...)
		}
		b.tail = b.observed.append(b.tail, r.ObservedTimestamp())
	}
	b.close(it, at, withID, b.tail)
}

// readRaw reports whether the record's body is a JSON object that the document
// takes as it is, and leaves in b.line what was found in it.
func (b *body) readRaw(r plog.LogRecord) bool {
	if r.Body().Type() != pcommon.ValueTypeStr || !b.line.read(r.Body().Str(), r) {
		return false
	}
	for k := range r.Attributes().All() {
		if k == "" || b.line.has(k) {
			return false
		}
	}
	return true
}

// appendRawFields appends what stands at the top of a document whose body is
// taken as it is.
func (b *body) appendRawFields(r plog.LogRecord) {
	l := &b.line
	if l.message != "" {
		b.buf = append(append(b.buf, `,"message":`...), l.message...)
	}
	b.buf = appendSeverity(b.buf, cmp.Or(r.SeverityNumber(), plog.SeverityNumber(l.level)), r.SeverityText())
	b.appendIDs("trace.id", r.TraceID(), "span.id", r.SpanID())
	b.appendRawIDs("trace.id", "span.id")
}

// appendRawIDs appends the ids that the body has, under their names.
func (b *body) appendRawIDs(traceName, spanName string) {
	for _, f := range [...][2]string{{traceName, b.line.trace}, {spanName, b.line.span}} {
		if f[1] != "" {
			b.buf = append(append(append(b.buf, `,"`...), f[0]...), `":`...)
			b.buf = append(b.buf, f[1]...)
		}
	}
}

// appendIDs appends the ids that are there, under their names.
func (b *body) appendIDs(traceName string, traceID pcommon.TraceID, spanName string, spanID pcommon.SpanID) {
	if !traceID.IsEmpty() {
		b.buf = appendHexField(b.buf, traceName, traceID[:])
	}
	if !spanID.IsEmpty() {
		b.buf = appendHexField(b.buf, spanName, spanID[:])
	}
}

// appendLogAttributes appends the attributes, with the members of the body where
// that is taken as it is, and leaves in b.tail those fields that are left out of
// the document's id.
func (b *body) appendLogAttributes(attrs pcommon.Map, taken uint64, raw bool) {
	b.tail = b.tail[:0]
	top := b.raised[:0]
	open := len(b.buf)
	b.buf = append(b.buf, `,"attributes":{`...)
	first := len(b.buf)
	var members pdatajson.Members
	for k, v := range attrs.All() {
		if v.Type() == pcommon.ValueTypeEmpty || !members.Add(attrs, k) || isDataStream(k) {
			continue
		}
		if b.otel {
			if isDerived(k) {
				b.tail = append(b.tail, `,"attributes.`...)
				b.tail = append(append(b.tail, k...), `":`...)
				b.tail = appendText(b.tail, v)
				continue
			}
		} else if isFinding(k) {
			top = b.appendFinding(top, k, v)
			continue
		} else if f, ok := logFields.find(k); ok && taken&f.bit == 0 {
			to := &top
			if f.kind == derived {
				to = &b.tail
			}
			if *to, ok = appendRaised(*to, f, v); ok {
				taken |= f.bit
				continue
			}
		}
		if len(b.buf) > first {
			b.buf = append(b.buf, ',')
		}
		b.buf = pdatajson.AppendKey(b.buf, k)
		b.buf = pdatajson.AppendValue(b.buf, v)
	}
	if raw {
		for _, members := range b.line.kept {
			if len(b.buf) > first {
				b.buf = append(b.buf, ',')
			}
			b.buf = append(b.buf, members...)
		}
	}
	if len(b.buf) == first {
		b.buf = b.buf[:open]
	} else {
		b.buf = append(b.buf, '}')
	}
	b.buf = append(b.buf, top...)
	b.raised = top
}

// appendFinding appends a field of a finding, its start as a date.
func (b *body) appendFinding(dst []byte, k string, v pcommon.Value) []byte {
	if k == signals.AttrFindingStart && v.Type() == pcommon.ValueTypeInt && v.Int() > 0 {
		dst = append(dst, `,"`+signals.AttrFindingStart+`":`...)
		return b.clock.append(dst, pcommon.Timestamp(v.Int()))
	}
	return appendMember(dst, k, v)
}

// appendBody appends the body as `message`; a structured body as its JSON text.
func appendBody(dst []byte, v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return dst
	case pcommon.ValueTypeStr:
		return appendField(dst, "message", v.Str())
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		dst = append(dst, `,"message":`...)
		// Encoded behind the document, then quoted into place.
		start := len(dst)
		dst = pdatajson.AppendValue(dst, v)
		text := slices.Clone(dst[start:])
		return pdatajson.AppendString(dst[:start], string(text))
	default:
		return appendField(dst, "message", v.AsString())
	}
}

// levels are the names of the severity numbers' ranges, four numbers each.
var levels = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

// appendSeverity appends `log.level`, by the number where there is one, and the
// number as `event.severity`.
func appendSeverity(dst []byte, n plog.SeverityNumber, text string) []byte {
	if n < plog.SeverityNumberTrace || n > plog.SeverityNumberFatal4 {
		if text != "" {
			dst = appendField(dst, "log.level", strings.ToLower(text))
		}
		return dst
	}
	dst = append(dst, `,"log.level":"`...)
	dst = append(dst, levels[(n-1)/4]...)
	dst = append(dst, `","event.severity":`...)
	return strconv.AppendInt(dst, int64(n), 10)
}
