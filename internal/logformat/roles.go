package logformat

import "strings"

// role is what a well-known key of a structured line means.
type role uint8

const (
	roleNone role = iota
	roleTime
	roleLevel
	roleMessage
	roleTrace
	roleSpan
	roleService
	roleCount
)

// roleOf recognises the keys that logging libraries use. Where one line has
// several keys of a role, the lowest rank wins and the others stay fields.
func roleOf(key string) (role, uint8) {
	if len(key) == 0 || len(key) > 20 {
		return roleNone, 0
	}
	switch key {
	case "@timestamp", "timestamp", "Timestamp", "@t":
		return roleTime, 1
	case "time", "ts", "Time", "timeStamp", "TimeStamp", "_ts":
		return roleTime, 2
	case "datetime", "date", "eventTime", "asctime", "t", "created_at", "timeMillis", "start_time", "__REALTIME_TIMESTAMP":
		return roleTime, 3
	case "level", "severity", "log.level", "Level", "@l", "severity_text", "severityText", "SeverityText":
		return roleLevel, 1
	case "lvl", "levelname", "loglevel", "logLevel", "log_level", "LogLevel", "Severity", "LEVEL", "SEVERITY", "level_name", "levelName":
		return roleLevel, 2
	case "s", "PRIORITY", "priority":
		return roleLevel, 3
	case "message", "msg", "Message", "MESSAGE", "@m":
		return roleMessage, 1
	case "body", "short_message", "RenderedMessage", "textPayload", "@mt":
		return roleMessage, 2
	case "event", "log", "text":
		return roleMessage, 3
	case "trace_id", "traceId", "traceID", "TraceId", "trace.id", "traceid", "otelTraceID", "@tr":
		return roleTrace, 1
	case "dd.trace_id":
		return roleTrace, 2
	case "span_id", "spanId", "spanID", "SpanId", "span.id", "spanid", "otelSpanID", "@sp":
		return roleSpan, 1
	case "service.name", "service_name", "serviceName", "otelServiceName":
		return roleService, 1
	case "service":
		return roleService, 2
	}
	return roleNone, 0
}

// deepen looks for what the top level of an object does not state one level deeper:
// {"fields":{"message":...}}, {"log":{"level":...}}, {"data":{"timestamp":...}}.
func (r *Record) deepen(ranks *[roleCount]uint8) {
	for i := 0; i < len(r.Fields); i += 1 + r.Fields[i].Len {
		parent := &r.Fields[i]
		if parent.Kind != KindMap || !mayHoldRoles(parent.Key) {
			continue
		}
		for k := i + 1; k <= i+parent.Len; k += 1 + r.Fields[k].Len {
			f := &r.Fields[k]
			ro, _ := roleOf(parent.Key + "." + f.Key)
			if up, _ := roleOf(parent.Key); up == roleTime && (f.Key == "$date" || f.Key == "seconds" || f.Key == "iso") {
				ro = roleTime
			}
			if ro == roleNone && holdsRecord(parent.Key) {
				ro, _ = roleOf(f.Key)
			}
			if ro != roleNone && ranks[ro] == 0 && f.Kind != KindMap && r.take(ro, f) {
				ranks[ro] = 1
			}
		}
	}
}

// mayHoldRoles is false for the parents under which deepen would find nothing.
func mayHoldRoles(key string) bool {
	switch key {
	case "log", "trace", "span", "service", "dd": // as in log.level and trace.id
		return true
	}
	ro, _ := roleOf(key)
	return ro == roleTime || holdsRecord(key)
}

// holdsRecord reports whether a member usually holds what the program logged.
func holdsRecord(key string) bool {
	switch key {
	case "fields", "data", "log", "record", "payload", "entry", "event", "jsonPayload", "details":
		return true
	}
	return false
}

// levelOfMessage reads the level of a message that has a header of its own.
func (r *Record) levelOfMessage() {
	var inner Record
	h := headerReader{s: r.Body, r: &inner}
	if end := strings.IndexByte(h.s, '\n'); end >= 0 {
		h.s = h.s[:end]
	}
	if h.s == "" {
		return
	}
	h.read()
	if inner.Time.OK && inner.Severity != 0 {
		r.Severity, r.SeverityText = inner.Severity, inner.SeverityText
		if inner.Time.Zoned {
			r.Time = inner.Time
		}
	}
}

// take gives a field's value to the record if it fits the role, and says whether
// the field is thereby consumed.
func (r *Record) take(ro role, f *Field) bool {
	switch ro {
	case roleTime:
		if f.Kind == KindMap {
			return false
		}
		st, ok := stampOfField(f)
		if ok {
			r.Time = st
		}
		return ok
	case roleLevel:
		sev, ok := severityOfField(f)
		if ok {
			r.Severity, r.SeverityText = sev, f.Str
		}
		return ok
	case roleMessage:
		if f.Kind != KindString {
			return false
		}
		r.Body = f.Str
		return true
	case roleTrace:
		return f.Kind == KindString && parseHexID(r.TraceID[:], f.Str)
	case roleSpan:
		return f.Kind == KindString && parseHexID(r.SpanID[:], f.Str)
	case roleService:
		if f.Kind == KindString {
			r.Service = f.Str
		}
	}
	return false
}

// stampOfField reads the time of a string or a number; a number is an epoch in
// the unit that makes it a date of this century.
func stampOfField(f *Field) (Stamp, bool) {
	switch f.Kind {
	case KindString, KindInt:
		st, n := ScanTime(f.Str)
		return st, n > 0 && n == len(f.Str)
	case KindFloat:
		if st, n := ScanTime(f.Str); n > 0 && n == len(f.Str) {
			return st, true
		}
		return epochOfFloat(f.Float)
	}
	return Stamp{}, false
}

// epochOfFloat reads exponents ("1.7e9") and fractions of milliseconds.
func epochOfFloat(x float64) (Stamp, bool) {
	for _, unit := range []float64{1, 1e3, 1e6, 1e9} {
		if s := x / unit; s >= 1e9 && s <= 4.1e9 {
			sec := int64(s)
			return Stamp{Wall: sec, Nanos: int32((s - float64(sec)) * 1e9), OK: true, Zoned: true}, true
		}
	}
	return Stamp{}, false
}

func severityOfField(f *Field) (Severity, bool) {
	switch f.Kind {
	case KindString:
		if sev, ok := ParseSeverity(f.Str); ok {
			return sev, true
		}
		if len(f.Str) == 1 && f.Str[0] >= 'A' || len(f.Str) == 2 && f.Str[0] == 'D' && f.Str[1]-'0' <= 9 {
			return severityLetter(f.Str[0])
		}
		if len(f.Str) > 0 && len(f.Str) <= 2 && f.Str[0]-'0' <= 9 {
			n := int64(f.Str[0] - '0')
			if len(f.Str) == 2 {
				n = int64(two(f.Str, 0))
			}
			return severityNumber(n)
		}
	case KindInt:
		return severityNumber(f.Int)
	}
	return 0, false
}

// parseHexID fills dst from exactly twice as many hex digits that are not all
// zero; dashes as in a UUID are ignored.
func parseHexID(dst []byte, s string) bool {
	if len(s) < 2*len(dst) || len(s) > 2*len(dst)+4 {
		return false
	}
	var id [16]byte
	n, bits := 0, byte(0)
	for i := 0; i < len(s); i++ {
		h := hexValues[s[i]]
		if h > 15 {
			if s[i] == '-' {
				continue
			}
			return false
		}
		if n >= 2*len(dst) {
			return false
		}
		id[n/2&15] = id[n/2&15]<<4 | h
		bits |= h
		n++
	}
	if n != 2*len(dst) || bits == 0 {
		return false
	}
	copy(dst, id[:])
	return true
}

// hexValues are the values of hex digits, 255 for other bytes.
var hexValues = func() (v [256]byte) {
	for c := range v {
		v[c] = unhex(byte(c))
	}
	return v
}()
