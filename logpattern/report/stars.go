package report

import (
	"strings"

	"github.com/tidewatch/tidewatch/logpattern"
)

const star = "<*>"

// Stars writes a template in the notation of published benchmarks: every
// variable is <*>, and so are several that only a sign joins ("<ip>:<num>") and
// lists.
func Stars(template string) string {
	b := make([]byte, 0, len(template))
	joined := -1 // where a variable ended that the next may belong to
	for {
		i := strings.IndexByte(template, '<')
		if i < 0 {
			return string(append(b, template...))
		}
		b = append(b, template[:i]...)
		template = template[i:]
		j := strings.IndexByte(template, '>')
		if j < 0 {
			return string(append(b, template...))
		}
		if _, ok := logpattern.KindOf(template[:j+1]); !ok { // text of the log
			b = append(b, '<')
			template = template[1:]
			continue
		}
		template = strings.TrimPrefix(template[j+1:], "…")
		if joined >= 0 && joins(string(b[joined:])) {
			b = b[:joined]
			continue
		}
		b = append(b, star...)
		joined = len(b)
	}
}

// joins reports whether the text between two variables makes them one.
func joins(between string) bool {
	switch between {
	case "", ":", ".", "/", "#", "@":
		return true
	}
	return false
}
