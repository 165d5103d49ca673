package elasticsearchexporter

import (
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
	"github.com/tidewatch/tidewatch/signals"
)

// appendLogs appends every record, in the order of iteration.
func (b *body) appendLogs(ld plog.Logs, base route, ids string) {
	for _, rl := range ld.ResourceLogs().All() {
		taken := b.setResource(rl.Resource().Attributes())
		byResource := base.refine(rl.Resource().Attributes())
		for _, sl := range rl.ScopeLogs().All() {
			b.setScope("log.logger", sl.Scope())
			byScope := byResource.refine(sl.Scope().Attributes())
			set := routed{}
			for _, r := range sl.LogRecords().All() {
				to, positioned := scanLog(r.Attributes(), byScope)
				withID := ids == idAlways || ids == idAuto && positioned
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
	at := firstValid(r.Timestamp(), r.ObservedTimestamp())
	it := b.open(at)
	b.buf = appendBody(b.buf, r.Body())
	b.buf = appendSeverity(b.buf, r)
	if id := r.TraceID(); !id.IsEmpty() {
		b.buf = appendHexField(b.buf, "trace.id", id[:])
	}
	if id := r.SpanID(); !id.IsEmpty() {
		b.buf = appendHexField(b.buf, "span.id", id[:])
	}
	if name := r.EventName(); name != "" {
		b.buf = appendField(b.buf, "event.name", name)
		taken |= fieldBits["event.name"]
	}
	b.appendLogAttributes(r.Attributes(), taken)
	if valid(r.Timestamp()) && valid(r.ObservedTimestamp()) {
		b.tail = append(b.tail, `,"event.created":`...)
		b.tail = b.observed.append(b.tail, r.ObservedTimestamp())
	}
	b.close(it, at, withID, b.tail)
}

// appendLogAttributes appends the attributes and leaves in b.tail those fields
// that are left out of the document's id.
func (b *body) appendLogAttributes(attrs pcommon.Map, taken uint64) {
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
		if isFinding(k) {
			top = b.appendFinding(top, k, v)
			continue
		}
		if f, ok := logFields.find(k); ok && taken&f.bit == 0 {
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
func appendSeverity(dst []byte, r plog.LogRecord) []byte {
	n := r.SeverityNumber()
	if n < plog.SeverityNumberTrace || n > plog.SeverityNumberFatal4 {
		if text := r.SeverityText(); text != "" {
			dst = appendField(dst, "log.level", strings.ToLower(text))
		}
		return dst
	}
	dst = append(dst, `,"log.level":"`...)
	dst = append(dst, levels[(n-1)/4]...)
	dst = append(dst, `","event.severity":`...)
	return strconv.AppendInt(dst, int64(n), 10)
}
