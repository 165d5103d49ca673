package localstore

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// First OpenTelemetry severity numbers of WARN and of ERROR.
const (
	SeverityWarn  = 13
	SeverityError = 17
)

// volumeMinutes is how far back lines are counted per minute.
const volumeMinutes = 60

// LogLine is one log record. The store copies the strings that it keeps.
type LogLine struct {
	Time time.Time
	// Severity is the OpenTelemetry severity number, 0 if unknown.
	Severity int
	Service  string
	// Source is the file or stream that the line came from.
	Source string
	// Pattern and Template are empty for lines that were not mined.
	Pattern  string
	Template string
	TraceID  string
	SpanID   string
	Body     string
	// Attrs are the attributes of the record; a few of them are kept.
	Attrs []Attr
}

// LogView is one recent line.
type LogView struct {
	// Seq numbers the lines in the order of their arrival, from 1.
	Seq uint64 `json:"seq"`
	// Time is in Unix milliseconds.
	Time     int64  `json:"time"`
	Severity int    `json:"severity"`
	Service  string `json:"service,omitempty"`
	Source   string `json:"source,omitempty"`
	Pattern  string `json:"pattern,omitempty"`
	TraceID  string `json:"trace_id,omitempty"`
	SpanID   string `json:"span_id,omitempty"`
	Attrs    []Attr `json:"attributes,omitempty"`
	Body     string `json:"body"`
}

// LogQuery selects recent lines; empty fields select all.
type LogQuery struct {
	MinSeverity int
	Pattern     string
	Service     string
	Source      string
	TraceID     string
	// Text must occur in the line, letter case ignored.
	Text string
	// From and To restrict the line's own time, in Unix milliseconds; To is excluded.
	From, To int64
	// Before asks for lines that arrived before the one of this number.
	Before uint64
	Limit  int
}

func (q *LogQuery) fits(c *logChunk, e *logEntry, text string) bool {
	return int(e.severity) >= q.MinSeverity && (q.From == 0 || e.time >= q.From) && (q.To == 0 || e.time < q.To) &&
		(q.Before == 0 || e.seq < q.Before) && c.is(e, partPattern, q.Pattern) && c.is(e, partService, q.Service) &&
		c.is(e, partSource, q.Source) && c.is(e, partTrace, q.TraceID) && holds(c.part(e, partBody), text)
}

func (c *logChunk) is(e *logEntry, part int, want string) bool {
	return want == "" || string(c.part(e, part)) == want
}

type logRings struct {
	mu     sync.Mutex // guards all below
	seq    uint64
	all    logRing
	severe logRing
	volume volumeRing
}

func (r *logRings) init(n int) {
	r.all.init(n)
	r.severe.init(n)
}

func (r *logRings) total(out *Totals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out.Logs, out.Lines = r.seq, r.all.held
}

// PutLog counts a line with its pattern and remembers it for a while. now is
// the time of arrival: counts go by it, because a line's own time may be of any
// year.
func (s *Store) PutLog(now time.Time, l LogLine) {
	if l.Pattern != "" {
		s.patterns.put(now, &l)
	}
	r := &s.logs
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	r.volume.count(now, l.Severity)
	if l.Severity >= SeverityWarn {
		r.severe.put(r.seq, &l)
	}
	r.all.put(r.seq, &l)
}

// Logs returns recent lines, the newest arrival first. Lines of severity WARN and
// above are found further back than others.
func (s *Store) Logs(q LogQuery) []LogView {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	text := strings.ToLower(q.Text)
	r := &s.logs
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []LogView{}
	if q.MinSeverity < SeverityWarn {
		out = r.all.find(out, q, text)
		if q.Pattern == "" && q.TraceID == "" && text == "" && q.Service == "" && q.From == 0 && q.Before == 0 {
			return out // what just came; severe lines of long ago are no part of it
		}
		// Those of the ring of all are found already.
		if before := r.all.lost + 1; q.Before == 0 || q.Before > before {
			q.Before = before
		}
	}
	return r.severe.find(out, q, text)
}

func (r *logRing) find(out []LogView, q LogQuery, text string) []LogView {
	r.backwards(func(c *logChunk, e *logEntry) bool {
		if len(out) >= q.Limit {
			return false
		}
		if q.fits(c, e, text) {
			out = append(out, c.view(e))
		}
		return true
	})
	return out
}

// LogTail is what came after a line.
type LogTail struct {
	// Lines are the newest that fit, the oldest of them first.
	Lines []LogView `json:"logs"`
	// Cursor is the number of the last line that arrived: ask for what comes after it.
	Cursor uint64 `json:"cursor"`
	// Missed lines arrived and had to leave before this look, whether they fit or not;
	// Skipped ones fit, but were more than the limit.
	Missed  uint64 `json:"missed"`
	Skipped int    `json:"skipped"`
}

// Tail returns what arrived after the line of that number. A number that was not
// given yet, as after a restart, counts as the start.
func (s *Store) Tail(after uint64, q LogQuery) LogTail {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	text := strings.ToLower(q.Text)
	r := &s.logs
	r.mu.Lock()
	defer r.mu.Unlock()
	t := LogTail{Lines: []LogView{}, Cursor: r.seq}
	if after > r.seq {
		after = 0
	}
	if r.all.lost > after && after > 0 {
		t.Missed = r.all.lost - after
	}
	r.all.backwards(func(c *logChunk, e *logEntry) bool {
		switch {
		case e.seq <= after:
			return false
		case !q.fits(c, e, text):
		case len(t.Lines) == q.Limit:
			t.Skipped++
		default:
			t.Lines = append(t.Lines, c.view(e))
		}
		return after > 0 || len(t.Lines) < q.Limit // at the start nothing is skipped
	})
	slices.Reverse(t.Lines)
	return t
}

// LogContext is a line with its neighbours from the same service and source.
type LogContext struct {
	Before []LogView `json:"before"`
	Line   LogView   `json:"line"`
	After  []LogView `json:"after"`
}

// Around returns up to n lines before and after the line of a number, the oldest
// first; false if it is not held any more.
func (s *Store) Around(seq uint64, n int) (LogContext, bool) {
	r := &s.logs
	r.mu.Lock()
	defer r.mu.Unlock()
	x := LogContext{Before: []LogView{}, After: []LogView{}}
	ring := &r.all
	if seq <= ring.lost {
		ring = &r.severe
	}
	var of *logChunk
	var line *logEntry
	ring.backwards(func(c *logChunk, e *logEntry) bool {
		if e.seq == seq {
			of, line = c, e
		}
		return e.seq > seq
	})
	if line == nil {
		return x, false
	}
	x.Line = of.view(line)
	q := LogQuery{Service: x.Line.Service, Source: x.Line.Source}
	ring.backwards(func(c *logChunk, e *logEntry) bool {
		switch {
		case e.seq == seq || !q.fits(c, e, ""):
		case e.seq > seq:
			x.After = append(x.After, c.view(e)) // those just after it are wanted: the last n of these
			x.After = x.After[max(0, len(x.After)-n):]
		default:
			x.Before = append(x.Before, c.view(e))
		}
		return len(x.Before) < n
	})
	slices.Reverse(x.Before)
	slices.Reverse(x.After)
	return x, true
}
