package lokiexporter

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// refusal is what a 400 says of a push: how many lines were left out and why.
type refusal struct {
	reasons []refused
	// said are the limits that the server names; -1 where it names none.
	said limit
	// Lines from before oldest, or from newest on, were refused for their time, Unix
	// nanoseconds.
	oldest, newest int64
	// whole is true if the storage, which tells of one stream, got all its lines.
	whole bool
}

type refused struct {
	reason string
	lines  int
}

// words are the patterns of Loki's texts. They are made at the first refusal: most agents
// never meet one.
var words = sync.OnceValue(func() *patterns {
	return &patterns{
		ignored:       regexp.MustCompile(`total ignored: (\d+) out of (\d+) for stream: (<#\d+>)?`),
		grouped:       regexp.MustCompile(`(?:^|; )(\d+) errors like: `),
		marked:        regexp.MustCompile(`<#(\d+)>`),
		lineLimit:     regexp.MustCompile(`max entry size '(\d+)' bytes exceeded`),
		metadataLimit: regexp.MustCompile(`structured metadata too large: '\d+' bytes, limit: '(\d+)'`),
		pairsLimit:    regexp.MustCompile(`too many structured metadata labels: '\d+', limit: '(\d+)'`),
		labelsLimit:   regexp.MustCompile(`has \d+ label names; limit (\d+)`),
		oldestTime:    regexp.MustCompile(`oldest acceptable timestamp is: (\d[0-9T:.Z+-]*)`),
		tooNewTime:    regexp.MustCompile(`has timestamp too new: (\d[0-9T:.Z+-]*)`),
	}
})

type patterns struct {
	ignored, grouped, marked                          *regexp.Regexp
	lineLimit, metadataLimit, pairsLimit, labelsLimit *regexp.Regexp
	oldestTime, tooNewTime                            *regexp.Regexp
}

// kinds are the reasons by the words of Loki's pkg/validation, most telling first. Those
// of whole are said once for all lines of a stream.
var kinds = []struct {
	words, reason string
	whole         bool
}{
	{"timestamp too old", "too_old", false},
	{"timestamp too new", "too_new", false},
	{"too far behind", reasonLate, false},
	{"out of order", "out_of_order", false},
	{"max entry size", reasonLine, false},
	{"structured metadata", reasonMetadata, false},
	{"label names; limit", reasonLabels, true},
	{"label name", reasonLabels, true},
	{"label value", reasonLabels, true},
	{"label pair", reasonLabels, true},
	{"parsing labels", reasonLabels, true},
	{"missing required labels", reasonLabels, true},
	{"maximum active stream limit", reasonStreams, true},
}

// Reasons that the exporter acts on.
const (
	reasonLine     = "line_too_long"
	reasonMetadata = "structured_metadata"
	reasonLabels   = "labels"
	reasonStreams  = "stream_limit"
	reasonLate     = "too_far_behind"
	reasonUnknown  = "refused"
)

// another reports whether an entry was refused for a limit that the server names, so that
// it can be cut to it.
func (r *refusal) another(e *entry, labels int) bool {
	return e.at >= r.oldest && e.at < r.newest && r.said.below(e, labels)
}

// late returns how many lines came too late, where the storage says so of a push of one
// stream all of whose lines got there: they are the first ones then.
func (r *refusal) late(parts []part) int {
	if len(parts) != 1 || len(r.reasons) != 1 || r.reasons[0].reason != reasonLate || !r.whole {
		return 0
	}
	return min(r.reasons[0].lines, parts[0].lines())
}

// take takes lines off a reason.
func (r *refusal) take(reason string, lines int) {
	for i := range r.reasons {
		if r.reasons[i].reason == reason {
			r.reasons[i].lines -= lines
		}
	}
}

// lastly returns the reasons without the lines that get another chance. Each of those was
// refused, for its length or its pairs first of all.
func (r *refusal) lastly(again int) []refused {
	out := slices.Clone(r.reasons)
	for _, ofLimit := range []bool{true, false} {
		for i := range out {
			reason := out[i].reason
			if ofLimit == (reason == reasonLine || reason == reasonMetadata || reason == reasonLabels) {
				n := min(again, out[i].lines)
				out[i].lines -= n
				again -= n
			}
		}
	}
	return out
}

// sent is what a refusal is about: the streams of a push and how many lines of each.
type sent struct {
	labels []string
	lines  []int
}

func (s sent) total() int {
	n := 0
	for _, l := range s.lines {
		n += l
	}
	return n
}

// parseRefusal reads the text of a 400. Loki stores the lines that it does not complain
// about; where its words give no number, all lines count as refused.
func parseRefusal(text string, of sent) refusal {
	// Labels are replaced by their number first: what they hold may read like anything.
	for i, l := range of.labels {
		text = strings.ReplaceAll(text, l, "<#"+strconv.Itoa(i)+">")
	}
	r := refusal{said: limit{
		line: number(words().lineLimit, text), metadata: number(words().metadataLimit, text), pairs: number(words().pairsLimit, text), labels: number(words().labelsLimit, text),
	}}
	r.oldest, r.newest = math.MinInt64, math.MaxInt64
	for _, m := range words().oldestTime.FindAllStringSubmatch(text, -1) {
		if at, err := time.Parse(time.RFC3339, m[1]); err == nil {
			r.oldest = max(r.oldest, at.UnixNano())
		}
	}
	for _, m := range words().tooNewTime.FindAllStringSubmatch(text, -1) {
		if at, err := time.Parse(time.RFC3339, m[1]); err == nil {
			r.newest = min(r.newest, at.UnixNano())
		}
	}
	if strings.Contains(text, "includes structured metadata, but this feature is disallowed") {
		r.said.pairs = 0
	}
	left := of.total()
	add := func(reason string, lines int) {
		if lines = min(lines, left); lines <= 0 {
			return
		}
		left -= lines
		for i := range r.reasons {
			if r.reasons[i].reason == reason {
				r.reasons[i].lines += lines
				return
			}
		}
		r.reasons = append(r.reasons, refused{reason, lines})
	}
	if m := words().ignored.FindStringSubmatch(text); m != nil {
		// Of the storage, which stands instead of what the check before it says. How many
		// lines came that far tells how many did not.
		n, _ := strconv.Atoi(m[1])
		reached, _ := strconv.Atoi(m[2])
		reason, _ := kindOf(text)
		add(reason, n)
		if m[3] != "" && len(of.lines) == 1 {
			add(reasonUnknown, of.lines[0]-reached)
			r.whole = reached == of.lines[0]
		}
		return r
	}
	for _, piece := range pieces(text) {
		reason, whole := kindOf(piece.text)
		lines := piece.times
		if m := words().marked.FindStringSubmatch(piece.text); whole && m != nil {
			if i, err := strconv.Atoi(m[1]); err == nil && i < len(of.lines) {
				lines = of.lines[i]
			}
		}
		add(reason, lines)
	}
	if len(r.reasons) == 0 {
		reason, _ := kindOf(text)
		add(reason, left)
	}
	return r
}

func kindOf(words string) (reason string, whole bool) {
	for _, k := range kinds {
		if strings.Contains(words, k.words) {
			return k.reason, k.whole
		}
	}
	return reasonUnknown, false
}

// number is the least that re finds in text, or -1.
func number(re *regexp.Regexp, text string) int {
	least := -1
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(m[1]); err == nil && (least < 0 || n < least) {
			least = n
		}
	}
	return least
}

// piece is one kind of error and how often it occurred.
type piece struct {
	text  string
	times int
}

// pieces parts the text where Loki joined it: "2 errors like: a; 3 errors like: b", or a
// single error without a number.
func pieces(text string) []piece {
	at := words().grouped.FindAllStringSubmatchIndex(text, -1)
	if len(at) == 0 {
		if oneError(text) {
			return []piece{{text, 1}}
		}
		return nil
	}
	out := make([]piece, 0, len(at))
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		times, err := strconv.Atoi(text[m[2]:m[3]])
		if err != nil {
			continue
		}
		out = append(out, piece{text[m[1]:end], times})
	}
	return out
}

// oneError reports whether text begins as an error about one line or stream does.
func oneError(text string) bool {
	for _, start := range []string{"entry for stream", "max entry size", "stream '", "error parsing labels", "missing required labels"} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

// foreign reports that an answer is not Loki's but of something in between,
// which says nothing about the lines.
func foreign(contentType string, answer []byte) bool {
	return strings.HasPrefix(contentType, "text/html") ||
		bytes.HasPrefix(bytes.TrimSpace(answer), []byte("<")) ||
		bytes.Contains(answer, []byte("HTTP request to an HTTPS server"))
}
