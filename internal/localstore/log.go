package localstore

import (
	"strings"
	"sync"
	"time"
)

// SeverityWarn is OpenTelemetry's first severity number of WARN.
const SeverityWarn = 13

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
	Body     string
}

// LogView is one recent line.
type LogView struct {
	// Time is in Unix milliseconds.
	Time     int64  `json:"time"`
	Severity int    `json:"severity"`
	Service  string `json:"service,omitempty"`
	Source   string `json:"source,omitempty"`
	Pattern  string `json:"pattern,omitempty"`
	TraceID  string `json:"trace_id,omitempty"`
	Body     string `json:"body"`

	seq uint64
}

// LogQuery selects recent lines; empty fields select all.
type LogQuery struct {
	MinSeverity int
	Pattern     string
	Service     string
	TraceID     string
	// Text must occur in the line, letter case ignored.
	Text  string
	Limit int
}

type logRings struct {
	mu     sync.Mutex // guards all below
	seq    uint64
	all    logRing
	severe logRing
}

// logRing reuses the buffers of its slots: a steady stream allocates nothing.
type logRing struct {
	slots []logSlot
	next  int
}

type logSlot struct {
	view    LogView
	pattern []byte
	trace   []byte
	body    []byte
}

func (r *logRings) init(n int) {
	r.all.slots = make([]logSlot, n)
	r.severe.slots = make([]logSlot, n)
}

func (r *logRings) total(out *Totals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out.Logs = r.seq
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
	if l.Severity >= SeverityWarn {
		r.severe.put(r.seq, &l)
	}
	r.all.put(r.seq, &l)
}

func (r *logRing) put(seq uint64, l *LogLine) {
	s := &r.slots[r.next]
	r.next = (r.next + 1) % len(r.slots)
	v := &s.view
	v.seq, v.Time, v.Severity = seq, l.Time.UnixMilli(), l.Severity
	keep(&v.Service, l.Service)
	keep(&v.Source, l.Source)
	s.pattern = append(s.pattern[:0], cut(l.Pattern, maxName)...)
	s.trace = append(s.trace[:0], cut(l.TraceID, maxName)...)
	s.body = append(s.body[:0], cut(l.Body, maxLine)...)
}

// keep copies v unless the slot holds the same text already, as it mostly does.
func keep(dst *string, v string) {
	if v = cut(v, maxName); *dst != v {
		*dst = strings.Clone(v)
	}
}

// Logs returns recent lines, the newest arrival first. With MinSeverity of WARN
// or above it looks further back than without.
func (s *Store) Logs(q LogQuery) []LogView {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	text := strings.ToLower(q.Text)
	r := &s.logs
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []LogView{}
	if q.MinSeverity >= SeverityWarn {
		return r.severe.find(out, q, text, nil)
	}
	// Severe lines that the ring of all has lost already are still found when a
	// pattern, trace or text asks for them.
	out = r.all.find(out, q, text, nil)
	if q.Pattern != "" || q.TraceID != "" || text != "" {
		oldest := r.all.oldest()
		out = r.severe.find(out, q, text, func(v *LogView) bool { return v.seq < oldest })
	}
	return out
}

func (r *logRing) oldest() uint64 {
	if s := r.slots[r.next].view.seq; s != 0 {
		return s
	}
	return 1
}

func (r *logRing) find(out []LogView, q LogQuery, text string, also func(*LogView) bool) []LogView {
	n := len(r.slots)
	for i := range n {
		s := &r.slots[(r.next-1-i+2*n)%n]
		v := &s.view
		if v.seq == 0 || len(out) >= q.Limit {
			break
		}
		if v.Severity < q.MinSeverity || q.Service != "" && v.Service != q.Service ||
			q.Pattern != "" && string(s.pattern) != q.Pattern || q.TraceID != "" && string(s.trace) != q.TraceID {
			continue
		}
		if text != "" && !strings.Contains(strings.ToLower(string(s.body)), text) || also != nil && !also(v) {
			continue
		}
		c := *v
		c.Pattern, c.TraceID, c.Body = string(s.pattern), string(s.trace), string(s.body)
		out = append(out, c)
	}
	return out
}
