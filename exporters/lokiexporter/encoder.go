package lokiexporter

import (
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
)

// encoder turns records into entries. It is safe for concurrent use.
type encoder struct {
	labels labels
	tenant string // attribute that names the tenant, or empty
	limits *limits
	marks  *marks
}

func newEncoder(cfg *Config, l *limits, m *marks) *encoder {
	return &encoder{labels: newLabels(cfg.Labels), tenant: cfg.TenantAttribute, limits: l, marks: m}
}

// run is the encoding of one batch.
type run struct {
	*encoder
	*batch
	limit limit
	now   time.Time
	// linesCut and linesLess are how many lines were cut or are without some pairs.
	linesCut, linesLess int

	// Names of pairs that are not attributes.
	level, traceID, spanID, eventName, lineCut, leftOut, scopeName, scopeVersion *name
}

// appendLogs appends every record, in the order of iteration, and arranges them.
func (e *encoder) appendLogs(b *batch, ld plog.Logs) {
	n := b.names
	w := run{
		encoder: e, batch: b, limit: e.limits.now(), now: time.Now(),
		level: n.label("level"), traceID: n.label("trace_id"), spanID: n.label("span_id"), eventName: n.label("event_name"),
		lineCut: n.label(lineCut), leftOut: n.label(leftOut), scopeName: n.label("scope_name"), scopeVersion: n.label("scope_version"),
	}
	for _, rl := range ld.ResourceLogs().All() {
		attrs := rl.Resource().Attributes()
		id := streamID{tenant: w.tenantOf(attrs)}
		var labels int
		id.labels, labels = e.labels.of(b, attrs, w.limit.labels)
		all := w.batch.stream(id, labels)
		for _, sl := range rl.ScopeLogs().All() {
			w.share(attrs, sl.Scope())
			for _, r := range sl.LogRecords().All() {
				to := all
				if id.tenant == "" && e.tenant != "" {
					if t := w.tenantOf(r.Attributes()); t != "" {
						to = w.batch.stream(streamID{t, id.labels}, labels)
					}
				}
				w.appendRecord(r, to)
			}
		}
	}
	b.arrange()
	e.marks.add(w.linesCut, w.linesLess)
}

// share writes the pairs that all records of a scope have.
func (w *run) share(attrs pcommon.Map, scope pcommon.InstrumentationScope) {
	b := w.batch
	b.record++
	b.shared, b.sharedWire = b.shared[:0], b.sharedWire[:0]
	m := metadata{b: b, record: b.record, bytes: w.limit.metadata, pairs: w.limit.pairs, passing: true, sharing: true}
	b.wire, b.sharedWire = b.sharedWire, b.wire
	var k *key
	for text, v := range attrs.All() {
		if !w.labels.has(b, text) {
			k = b.names.member(&b.names.root, k, text)
			m.value(k, v, 0)
		}
	}
	m.text(w.scopeName, scope.Name())
	m.text(w.scopeVersion, scope.Version())
	b.wire, b.sharedWire = b.sharedWire, b.wire
	b.left = m.dropped
}

func (w *run) appendRecord(r plog.LogRecord, stream int32) {
	b := w.batch
	start := len(b.wire)
	at := timeOf(r, w.now)
	b.wire = appendTime(append(b.wire, make([]byte, maxHead)...), at)
	line, whole := w.appendLine(r.Body())

	b.record++
	m := metadata{b: b, record: b.record, bytes: w.limit.metadata, pairs: w.limit.pairs, dropped: b.left, passing: r.EventName() != ""}
	m.text(w.level, level(r))
	if id := r.TraceID(); !id.IsEmpty() {
		m.id(w.traceID, id[:])
	}
	if id := r.SpanID(); !id.IsEmpty() {
		m.id(w.spanID, id[:])
	}
	m.text(w.eventName, r.EventName())
	if line < whole {
		w.linesCut++
		m.text(w.lineCut, strconv.Itoa(whole-line))
	}
	m.members(&b.names.root, r.Attributes(), 0)
	m.repeat()
	meta, pairs := w.limit.metadata-m.bytes, w.limit.pairs-m.pairs
	if m.dropped > 0 {
		w.linesLess++
		if w.limit.pairs > 0 { // the limits leave room for this one
			b.text = strconv.AppendInt(b.text[:0], int64(m.dropped), 10)
			b.wire = appendPair(b.wire, w.leftOut.field, b.text)
			meta, pairs = meta+len(leftOut)+len(b.text), pairs+1
		}
	}
	low := putHead(b.wire, start)
	b.entries = append(b.entries, entry{
		at: at, low: low, len: int32(len(b.wire) - low), stream: stream,
		line: int32(line), meta: int32(meta), pairs: int32(pairs),
	})
}

// appendLine appends the body as a line, a string as it is, anything structured as JSON,
// and returns its length and what it would be without the limit.
func (w *run) appendLine(v pcommon.Value) (line, whole int) {
	b := w.batch
	switch v.Type() {
	case pcommon.ValueTypeStr:
		text := v.Str()
		short := cut(text, w.limit.line)
		b.wire = appendBytes(b.wire, tagLine, short)
		return len(short), len(text)
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		b.text = pdatajson.AppendValue(b.text[:0], v)
	default:
		b.text = append(b.text[:0], v.AsString()...)
	}
	short := cut(b.text, w.limit.line)
	b.wire = appendBytes(b.wire, tagLine, short)
	return len(short), len(b.text)
}

// timeOf is the record's time, else when it was observed, else now, in Unix nanoseconds.
func timeOf(r plog.LogRecord, now time.Time) int64 {
	for _, t := range [...]pcommon.Timestamp{r.Timestamp(), r.ObservedTimestamp()} {
		if t > 0 && t < 1<<63 {
			return int64(t)
		}
	}
	return now.UnixNano()
}
