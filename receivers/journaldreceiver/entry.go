package journaldreceiver

import (
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/tidewatch/tidewatch/internal/logformat"
	"github.com/tidewatch/tidewatch/signals"
)

const scopeName = "github.com/tidewatch/tidewatch/receivers/journaldreceiver"

// source is what entries of one ResourceLogs have in common.
type source struct{ unit, identifier, host string }

// batch collects entries by source.
type batch struct {
	logs    plog.Logs
	groups  map[source]plog.LogRecordSlice
	parser  logformat.Parser
	record  logformat.Record
	clock   logformat.Clock
	records int
	invalid int
	cursor  cursor
}

func newBatch() *batch {
	return &batch{logs: plog.NewLogs(), groups: map[source]plog.LogRecordSlice{}}
}

// renamed are the journal's fields that have a name in the semantic conventions,
// or that say little beside the others ("").
var renamed = map[string]string{
	"_PID":       "process.pid",
	"_COMM":      "process.command",
	"_EXE":       "process.executable.path",
	"CODE_FILE":  "code.file.path",
	"CODE_LINE":  "code.line.number",
	"CODE_FUNC":  "code.function.name",
	"_TRANSPORT": "systemd.transport",
	"ERRNO":      "errno",
}

// add reads one line of journalctl's JSON. A line that is none is counted.
func (b *batch) add(line string, now pcommon.Timestamp) {
	b.parser.ParseText(line, logformat.FormatJSON, &b.record)
	r := &b.record
	if r.Format != logformat.FormatJSON {
		b.invalid++
		return
	}
	var src source
	body, pid := "", ""
	if r.Body != line {
		body = r.Body
	}
	for i := 0; i < len(r.Fields); i++ {
		f := &r.Fields[i]
		value := text(r.Fields[i:])
		switch f.Key {
		case "__CURSOR":
			b.cursor.Cursor = value
		case "_SYSTEMD_UNIT":
			src.unit = value
		case "SYSLOG_IDENTIFIER":
			src.identifier = value
		case "_HOSTNAME":
			src.host = value
		case "MESSAGE":
			body = value
		case "_PID":
			pid = value
		}
		i += f.Len
	}
	lr := b.group(src).AppendEmpty()
	lr.SetObservedTimestamp(now)
	if ns := b.clock.Unix(r.Time); ns > 0 {
		lr.SetTimestamp(pcommon.Timestamp(ns))
		b.cursor.Time = ns
	}
	lr.SetSeverityNumber(plog.SeverityNumber(r.Severity))
	lr.SetSeverityText(r.Severity.String())
	lr.Body().SetStr(strings.ToValidUTF8(body, "\uFFFD"))
	lr.SetTraceID(r.TraceID)
	lr.SetSpanID(r.SpanID)
	if n, err := strconv.ParseInt(pid, 10, 64); err == nil {
		lr.Attributes().PutInt("process.pid", n)
	}
	b.attributes(lr.Attributes())
	b.records++
}

// attributes keeps what a program said itself and what has a name in the
// conventions; the rest of the trusted fields repeats the unit.
func (b *batch) attributes(m pcommon.Map) {
	fields := b.record.Fields
	for i := 0; i < len(fields); i++ {
		f := &fields[i]
		at := i
		i += f.Len
		switch f.Key {
		case "MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "SYSLOG_FACILITY", "SYSLOG_TIMESTAMP", "SYSLOG_RAW", "_PID":
			continue
		}
		name, known := renamed[f.Key]
		if !known && strings.HasPrefix(f.Key, "_") || f.Kind == logformat.KindNull {
			continue
		}
		if !known {
			name = f.Key
		}
		m.PutStr(name, strings.ToValidUTF8(text(fields[at:]), "\uFFFD"))
	}
}

func (b *batch) group(src source) plog.LogRecordSlice {
	if records, ok := b.groups[src]; ok {
		return records
	}
	rl := b.logs.ResourceLogs().AppendEmpty()
	attrs := rl.Resource().Attributes()
	if name := src.service(); name != "" {
		attrs.PutStr(signals.AttrServiceName, name)
	}
	for key, value := range map[string]string{"systemd.unit": src.unit, "syslog.identifier": src.identifier, signals.AttrHostName: src.host} {
		if value != "" {
			attrs.PutStr(key, value)
		}
	}
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(scopeName)
	b.groups[src] = sl.LogRecords()
	return b.groups[src]
}

// service is the unit's name where the unit is a service, else the program's.
func (s source) service() string {
	if name, ok := strings.CutSuffix(s.unit, ".service"); ok && !strings.HasPrefix(name, "user@") {
		return name
	}
	if s.identifier != "" {
		return s.identifier
	}
	return s.unit
}

// text returns a field's value. journalctl writes bytes that are not UTF-8 as an
// array of numbers, and a field that occurs twice as an array of values.
func text(fields []logformat.Field) string {
	f := &fields[0]
	if f.Kind != logformat.KindSlice {
		return f.Str
	}
	var raw []byte
	var parts []string
	for i := 1; i <= f.Len; i++ {
		e := &fields[i]
		if e.Kind == logformat.KindInt && e.Int >= 0 && e.Int < 256 {
			raw = append(raw, byte(e.Int))
			continue
		}
		parts = append(parts, text(fields[i:]))
		i += e.Len
	}
	if len(raw) > 0 {
		parts = append(parts, string(raw))
	}
	return strings.Join(parts, "\n")
}
