package logformat

import "strings"

// csvColumns are those of PostgreSQL's csvlog that become fields, by position.
var csvColumns = [...]string{
	1: "user_name", 2: "database_name", 3: attrPID, 4: "connection_from", 5: "session_id", 6: "session_line_num", 7: "command_tag",
	8: "session_start_time", 9: "virtual_transaction_id", 10: "transaction_id", 12: "sql_state_code", 14: "detail", 15: "hint",
	16: "internal_query", 17: "internal_query_pos", 18: "context", 19: "query", 20: "query_pos", 21: "location", 22: "application_name",
	23: "backend_type", 24: "leader_pid", 25: "query_id",
}

const (
	csvSeverity = 11
	csvMessage  = 13
	csvLeast    = 22 // columns that every version of PostgreSQL writes
)

// parsePostgresCSV reads a line of PostgreSQL's csvlog. It returns false, and
// leaves the record alone, for anything else.
func parsePostgresCSV(text string, r *Record) bool {
	if text[0]-'0' > 9 {
		return false
	}
	comma := strings.IndexByte(text[:min(len(text), 40)], ',')
	if comma < 19 || comma+1 < len(text) && text[comma+1]-'0' <= 9 {
		return false
	}
	st, n := ScanTime(text)
	if n == 0 || n >= len(text) || text[n] != ',' {
		return false
	}
	var columns [26]string
	count := 0
	for rest := text; count < len(columns); count++ {
		value, next, ok := csvField(rest)
		if !ok {
			return false
		}
		columns[count] = value
		if next == "" {
			count++
			break
		}
		rest = next[1:]
	}
	sev, ok := ParseSeverity(strings.TrimRight(columns[csvSeverity], "12345"))
	if count < csvLeast || !ok || !inCapitals(columns[csvSeverity]) {
		return false
	}
	r.Time, r.Severity, r.SeverityText, r.Body = st, sev, columns[csvSeverity], columns[csvMessage]
	for i, key := range csvColumns {
		if key != "" && i < count && columns[i] != "" {
			r.addString(key, columns[i])
		}
	}
	return true
}

// csvField reads one field, quoted or not; rest begins with the comma behind it.
func csvField(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		end := strings.IndexByte(s, ',')
		if end < 0 {
			return strings.TrimRight(s, "\r\n"), "", true
		}
		return s[:end], s[end:], strings.IndexByte(s[:end], '\n') < 0
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		value = s[1:i]
		if strings.Contains(value, `""`) {
			value = strings.ReplaceAll(value, `""`, `"`)
		}
		rest = strings.TrimRight(s[i+1:], "\r\n")
		return value, rest, rest == "" || rest[0] == ','
	}
	return "", "", false
}
