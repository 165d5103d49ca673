package lokiexporter

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/grafana/loki/pkg/push"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/pdatajson"
	"github.com/tidewatch/tidewatch/signals"
)

// unknownService is the label of records whose resource names no service: Loki
// wants one, and its own pages group by it.
const unknownService = "unknown_service"

// maxLabelValue cuts values of labels; Loki refuses more than 2048 bytes.
const maxLabelValue = 1024

// line is one record in Loki's form.
type line struct {
	entry  push.Entry
	stream int32 // index in batch.streams
	size   int32 // about what it takes in a request
}

// batch is a request's records in Loki's form. It is pooled: newBatch, release.
type batch struct {
	lines   []line
	streams []string // the label sets
	index   map[string]int32
	meta    []push.LabelAdapter // the memory of all structured metadata
	shared  []push.LabelAdapter // of one resource and scope
	group   []push.Stream
}

var batches = sync.Pool{New: func() any { return &batch{index: map[string]int32{}} }}

func newBatch() *batch { return batches.Get().(*batch) }

// maxPooledLines bounds what an idle exporter keeps, about 15 MB.
const maxPooledLines = 32 << 10

// release lets go of all strings of the records and keeps the memory.
func (b *batch) release() {
	if cap(b.lines) > maxPooledLines {
		return
	}
	clear(b.lines)
	clear(b.meta)
	clear(b.shared)
	clear(b.index)
	clear(b.streams)
	for i := range b.group[:cap(b.group)] {
		g := &b.group[:cap(b.group)][i]
		clear(g.Entries[:cap(g.Entries)])
		g.Labels, g.Entries = "", g.Entries[:0]
	}
	b.lines, b.meta, b.shared, b.streams, b.group = b.lines[:0], b.meta[:0], b.shared[:0], b.streams[:0], b.group[:0]
	batches.Put(b)
}

// encoder turns records into lines. It is safe for concurrent use.
type encoder struct {
	labels      map[string]string // resource attribute to label
	maxLine     int
	maxMetadata int
	names       *names
}

func newEncoder(cfg *Config) *encoder {
	e := &encoder{labels: map[string]string{}, maxLine: cfg.MaxLineSize, maxMetadata: cfg.MaxMetadataSize, names: &names{known: map[string]string{}}}
	for _, key := range cfg.Labels {
		e.labels[key] = labelName(key)
	}
	return e
}

// appendLogs appends every record, in the order of iteration.
func (e *encoder) appendLogs(b *batch, ld plog.Logs) {
	now := time.Now()
	for _, rl := range ld.ResourceLogs().All() {
		stream := b.stream(e.streamLabels(rl.Resource().Attributes()))
		for _, sl := range rl.ScopeLogs().All() {
			e.setShared(b, rl.Resource().Attributes(), sl.Scope())
			for _, r := range sl.LogRecords().All() {
				e.appendRecord(b, r, stream, now)
			}
		}
	}
}

// stream returns the number of a label set.
func (b *batch) stream(labels string) int32 {
	n, ok := b.index[labels]
	if !ok {
		n = int32(len(b.streams))
		b.streams = append(b.streams, labels)
		b.index[labels] = n
	}
	return n
}

// streamLabels is the label set of a resource, sorted by name as Loki has it.
func (e *encoder) streamLabels(attrs pcommon.Map) string {
	var pairs []push.LabelAdapter
	service := false
	for key, name := range e.labels {
		if v, ok := attrs.Get(key); ok {
			if value := strings.ToValidUTF8(cut(v.AsString(), maxLabelValue), "\ufffd"); value != "" {
				pairs = append(pairs, push.LabelAdapter{Name: name, Value: value})
				service = service || key == signals.AttrServiceName
			}
		}
	}
	if !service {
		pairs = append(pairs, push.LabelAdapter{Name: "service_name", Value: unknownService})
	}
	slices.SortFunc(pairs, func(a, b push.LabelAdapter) int { return strings.Compare(a.Name, b.Name) })
	text := []byte{'{'}
	for i, p := range pairs {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = append(text, p.Name...)
		text = append(text, '=')
		text = strconv.AppendQuote(text, p.Value)
	}
	return string(append(text, '}'))
}

// setShared collects the metadata that all records of a scope have.
func (e *encoder) setShared(b *batch, attrs pcommon.Map, scope pcommon.InstrumentationScope) {
	m := metadata{dst: b.shared[:0], names: e.names, left: e.maxMetadata}
	for k, v := range attrs.All() {
		if _, ok := e.labels[k]; !ok {
			m.value(k, v, 0)
		}
	}
	m.text("scope_name", scope.Name())
	m.text("scope_version", scope.Version())
	b.shared = m.dst
}

// levels are the names of the severity numbers' ranges, four numbers each.
var levels = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

func (e *encoder) appendRecord(b *batch, r plog.LogRecord, stream int32, now time.Time) {
	text := lineOf(r.Body())
	whole := len(text)
	text = cut(text, e.maxLine)

	m := metadata{dst: b.meta, start: len(b.meta), names: e.names, left: e.maxMetadata}
	if n := r.SeverityNumber(); n >= plog.SeverityNumberTrace && n <= plog.SeverityNumberFatal4 {
		m.text("level", levels[(n-1)/4])
	} else if r.SeverityText() != "" {
		m.text("level", strings.ToLower(r.SeverityText()))
	}
	if id := r.TraceID(); !id.IsEmpty() {
		m.text("trace_id", id.String())
	}
	if id := r.SpanID(); !id.IsEmpty() {
		m.text("span_id", id.String())
	}
	m.text("event_name", r.EventName())
	if len(text) < whole {
		m.text("tidewatch_line_cut_bytes", strconv.Itoa(whole-len(text)))
	}
	for k, v := range r.Attributes().All() {
		// The words of a pattern change as it is learned, and Loki tells lines that are
		// sent again, after a crash, only by equal metadata. The id says the same.
		if r.EventName() == "" && (k == signals.AttrTemplate || k == signals.AttrPatternAliases) {
			continue
		}
		m.value(k, v, 0)
	}
	for _, l := range b.shared {
		m.label(l.Name, l.Value)
	}
	if m.dropped > 0 {
		m.dst = append(m.dst, push.LabelAdapter{Name: "tidewatch_metadata_left_out", Value: strconv.Itoa(m.dropped)})
	}
	b.meta = m.dst
	b.lines = append(b.lines, line{
		entry: push.Entry{
			Timestamp:          timeOf(r, now),
			Line:               text,
			StructuredMetadata: push.LabelsAdapter(m.dst[m.start:len(m.dst):len(m.dst)]),
		},
		stream: stream,
		size:   int32(len(text) + e.maxMetadata - m.left + 8*(len(m.dst)-m.start) + 24),
	})
}

// lineOf is the body as a line: a string as it is, anything structured as JSON.
func lineOf(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		return string(pdatajson.AppendValue(nil, v))
	default:
		return v.AsString()
	}
}

// timeOf is the record's time, else when it was observed, else now.
func timeOf(r plog.LogRecord, now time.Time) time.Time {
	for _, t := range [...]pcommon.Timestamp{r.Timestamp(), r.ObservedTimestamp()} {
		if t > 0 && t < 1<<63 {
			return t.AsTime()
		}
	}
	return now
}

// request groups lines [low, high) by stream, in the order of time. It is valid
// until the next call.
func (b *batch) request(low, high int) push.PushRequest {
	if n := len(b.streams); n > cap(b.group) {
		b.group = append(b.group[:cap(b.group)], make([]push.Stream, n-cap(b.group))...)
	}
	b.group = b.group[:len(b.streams)]
	for i := range b.group {
		b.group[i].Labels, b.group[i].Entries = b.streams[i], b.group[i].Entries[:0]
	}
	for i := range b.lines[low:high] {
		l := &b.lines[low+i]
		s := &b.group[l.stream]
		s.Entries = append(s.Entries, l.entry)
	}
	var out push.PushRequest
	for _, s := range b.group {
		if len(s.Entries) == 0 {
			continue
		}
		if !slices.IsSortedFunc(s.Entries, byTime) {
			slices.SortStableFunc(s.Entries, byTime)
		}
		out.Streams = append(out.Streams, s)
	}
	return out
}

func byTime(a, b push.Entry) int { return a.Timestamp.Compare(b.Timestamp) }

// fit returns the end of the longest range from low that takes at most
// maxBytes, of at least one line.
func (b *batch) fit(low, maxBytes int) int {
	size := int(b.lines[low].size)
	high := low + 1
	for high < len(b.lines) && size+int(b.lines[high].size) <= maxBytes {
		size += int(b.lines[high].size)
		high++
	}
	return high
}
