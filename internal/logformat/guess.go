package logformat

import "strings"

// guessTime looks for the time of an object that has none under a usual name:
// {"eventCreationTime":"2026-..."}. A member counts if its name says that it is the
// time of what happened and its value is a whole date. It stays a field.
func (r *Record) guessTime() {
	if r.guessTimeAmong(0, len(r.Fields)) {
		return
	}
	for i := 0; i < len(r.Fields); i += 1 + r.Fields[i].Len { // one level deeper
		if f := &r.Fields[i]; f.Kind == KindMap && r.guessTimeAmong(i+1, i+1+f.Len) {
			return
		}
	}
}

func (r *Record) guessTimeAmong(from, to int) bool {
	for i := from; i < to; i += 1 + r.Fields[i].Len {
		f := &r.Fields[i]
		if f.Kind == KindMap && f.Key == "instant" && r.log4jInstant(i) {
			return true
		}
		if f.Kind != KindString && f.Kind != KindInt && f.Kind != KindFloat || !namesTime(f.Key) {
			continue
		}
		if st, ok := stampOfField(f); ok && !st.Yearless {
			r.Time = st
			return true
		}
	}
	return false
}

// namesTime reports whether the last word of a name is that of a point in time
// and the others do not say that it is another than that of the event.
func namesTime(key string) bool {
	if len(key) > 40 {
		return false
	}
	low := strings.ToLower(key)
	for _, other := range []string{"expir", "end", "updat", "modif", "last", "boot", "next", "valid", "until", "due", "up"} {
		if strings.Contains(low, other) {
			return false
		}
	}
	switch low {
	case "published", "ts", "when", "occurred", "eventdate":
		return true
	}
	for _, word := range []string{"time", "timestamp", "_ts", "datetime", "created_at", "createdat", "_date"} {
		if strings.HasSuffix(low, word) {
			return true
		}
	}
	return false
}

// log4jInstant reads {"epochSecond":1773094498,"nanoOfSecond":123456000}.
func (r *Record) log4jInstant(at int) bool {
	var sec, nanos int64
	for _, f := range r.Fields[at+1 : at+1+r.Fields[at].Len] {
		switch {
		case f.Kind != KindInt:
		case f.Key == "epochSecond":
			sec = f.Int
		case f.Key == "nanoOfSecond":
			nanos = f.Int
		}
	}
	if sec < 1_000_000_000 || sec > 4_102_444_800 || nanos < 0 || nanos >= 1e9 {
		return false
	}
	r.Time = Stamp{Wall: sec, Nanos: int32(nanos), OK: true, Zoned: true}
	return true
}

// guessLevel reads what is a level only together with other members: the status of
// Datadog, and the short names of zap, "L" with "M" and "T".
func (r *Record) guessLevel(ranks *[roleCount]uint8) {
	status, level, message, when := -1, -1, -1, -1
	for i := 0; i < len(r.Fields); i += 1 + r.Fields[i].Len {
		f := &r.Fields[i]
		if f.Kind != KindString {
			continue
		}
		switch f.Key {
		case "status":
			status = i
		case "L":
			level = i
		case "M":
			message = i
		case "T":
			when = i
		}
	}
	if level >= 0 && message >= 0 && ranks[roleMessage] == 0 {
		if sev, ok := ParseSeverity(r.Fields[level].Str); ok {
			r.Severity, r.SeverityText, r.Body = sev, r.Fields[level].Str, r.Fields[message].Str
			ranks[roleMessage] = 1
			if when >= 0 && ranks[roleTime] == 0 {
				if st, ok := stampOfField(&r.Fields[when]); ok {
					r.Time = st
				}
			}
		}
		return
	}
	if status >= 0 && ranks[roleMessage] != 0 {
		switch word := r.Fields[status].Str; strings.ToLower(word) {
		case "emergency", "alert", "critical", "error", "warn", "warning", "notice", "info", "debug":
			r.Severity, _ = ParseSeverity(word)
			r.SeverityText = word
		}
	}
}
