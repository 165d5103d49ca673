package lokiexporter

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// refused is how many lines a 400 left out, and why.
type refused struct {
	reason string
	lines  int
}

var (
	ignored = regexp.MustCompile(`total ignored: (\d+) out of \d+`)
	grouped = regexp.MustCompile(`^\s*(\d+) errors like: `)
)

// kinds are the reasons by the words of Loki's pkg/validation, most telling first.
var kinds = []struct{ words, reason string }{
	{"timestamp too old", "too_old"},
	{"timestamp too new", "too_new"},
	{"too far behind", "too_far_behind"},
	{"out of order", "out_of_order"},
	{"max entry size", "line_too_long"},
	{"structured metadata", "structured_metadata"},
	{"label name", "labels"},
	{"label value", "labels"},
	{"label pair", "labels"},
	{"parsing labels", "labels"},
	{"missing required labels", "labels"},
	{"maximum active stream limit", "stream_limit"},
}

// parseRefusal reads the text of a 400 for a push of n lines. Loki stores the
// lines that it does not complain about; where its words give no number, all
// lines count as refused.
func parseRefusal(text string, n int) []refused {
	var out []refused
	total := 0
	add := func(words string, lines int) {
		lines = min(lines, n-total)
		if lines <= 0 {
			return
		}
		total += lines
		reason := "refused"
		for _, k := range kinds {
			if strings.Contains(words, k.words) {
				reason = k.reason
				break
			}
		}
		for i := range out {
			if out[i].reason == reason {
				out[i].lines += lines
				return
			}
		}
		out = append(out, refused{reason, lines})
	}
	if m := ignored.FindStringSubmatch(text); m != nil {
		if lines, err := strconv.Atoi(m[1]); err == nil {
			add(text, lines)
		}
		return out
	}
	for piece := range strings.SplitSeq(text, "; ") {
		if m := grouped.FindStringSubmatch(piece); m != nil {
			if lines, err := strconv.Atoi(m[1]); err == nil {
				add(piece, lines)
			}
		} else if strings.HasPrefix(piece, "entry for stream") || strings.HasPrefix(piece, "max entry size") || strings.HasPrefix(piece, "stream '") {
			add(piece, 1)
		}
	}
	if total == 0 {
		add(text, n)
	}
	return out
}

// foreign reports that an answer is not Loki's but of something in between,
// which says nothing about the lines.
func foreign(contentType string, answer []byte) bool {
	return strings.HasPrefix(contentType, "text/html") ||
		bytes.HasPrefix(bytes.TrimSpace(answer), []byte("<")) ||
		bytes.Contains(answer, []byte("HTTP request to an HTTPS server"))
}
