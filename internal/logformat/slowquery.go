package logformat

import "strings"

// slowQuery reads an entry of MySQL's slow query log, of which the comments are
// pairs and the text is the body:
//
//	# Time: 2026-03-09T22:14:58.123456Z
//	# User@Host: app[app] @ web-1 [10.0.3.9]  Id:     7
//	# Query_time: 2.000123  Lock_time: 0.000012 Rows_sent: 1  Rows_examined: 100
//	SET timestamp=1773094496;
//	SELECT 1;
//
// An entry that states no time of its own has that of its SET statement.
func (r *Record) slowQuery(text string) {
	r.Body = text
	rest := text
	for strings.HasPrefix(rest, "# ") {
		line, after, _ := strings.Cut(rest, "\n")
		r.commentPairs(strings.TrimSuffix(line[2:], "\r"))
		rest = after
	}
	if r.Time.OK {
		return
	}
	if _, set, ok := strings.Cut(rest, "SET timestamp="); ok {
		if st, n := ScanTime(set); n > 0 {
			r.Time = st
		}
	}
}

// commentPairs reads "Key: value  Key: value"; a value ends where the next key begins.
func (r *Record) commentPairs(s string) {
	key, start := "", 0
	word := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != ' ' {
			continue
		}
		if w := s[word:i]; i == len(s) || len(w) > 1 && w[len(w)-1] == ':' && wordEnd(w) == len(w)-1 {
			end := word
			if i == len(s) {
				end = len(s)
			}
			if value := strings.TrimSpace(s[start:end]); key != "" && value != "" {
				if st, n := ScanTime(value); key == "Time" && n > 0 {
					r.Time = st
				} else {
					r.addString(key, value)
				}
			}
			if i < len(s) {
				key, start = w[:len(w)-1], i+1
			}
		}
		word = i + 1
	}
}
