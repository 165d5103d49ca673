package tracewindow

import (
	"encoding/hex"
	"time"
)

// TraceID identifies a trace.
type TraceID [16]byte

// String is the id as 32 hexadecimal digits.
func (id TraceID) String() string { return hex.EncodeToString(id[:]) }

// ParseTraceID reads up to 32 hexadecimal digits; shorter ids are filled with zeros on
// the left, as Zipkin and Jaeger do.
func ParseTraceID(s string) (id TraceID, ok bool) {
	if len(s) == 0 || len(s) > 32 {
		return id, false
	}
	if len(s)%2 == 1 {
		s = "0" + s
	}
	_, err := hex.Decode(id[len(id)-len(s)/2:], []byte(s))
	return id, err == nil && id != TraceID{}
}

// SpanID is a span's id as a big-endian number; 0 is none.
type SpanID uint64

// Kind of a span, numbered as in OTLP.
type Kind uint8

// Kinds of spans.
const (
	Unspecified Kind = iota
	Internal
	Server
	Client
	Producer
	Consumer
)

// Attribute is one attribute, its value as text.
type Attribute struct{ Key, Value string }

// Resource is what sent a span.
type Resource struct {
	Service, Host, Version string
	// Attributes are others that tell instances apart.
	Attributes []Attribute
}

// clock names the clock that a resource's times are by: its host's, or, where the host is not
// known, the service's own.
func (r *Resource) clock() string {
	if r.Host != "" {
		return r.Host
	}
	return r.Service
}

// Span is one span.
type Span struct {
	Trace    TraceID
	ID       SpanID
	ParentID SpanID
	Name     string
	Kind     Kind
	// Failed says that its status is an error, Message what the status or the exception says.
	Failed  bool
	Message string
	// Start is in Unix nanoseconds, Duration in nanoseconds and not negative. In a Trace, Start
	// is by the clock of the root's host.
	Start, Duration int64
	Attributes      []Attribute
	// Resource is shared by spans and must not be changed.
	Resource *Resource

	// Parent is the index of the parent in the trace, -1 for roots; set by Assemble.
	Parent int
	// Orphan says that the span names a parent that is not there; set by Assemble.
	Orphan bool
}

// End is Start and Duration.
func (s *Span) End() int64 { return s.Start + s.Duration }

// Attribute returns the value of an attribute of the span or, failing that, of its resource.
func (s *Span) Attribute(key string) (string, bool) {
	for _, list := range [...][]Attribute{s.Attributes, s.Resource.Attributes} {
		for i := range list {
			if list[i].Key == key {
				return list[i].Value, true
			}
		}
	}
	return "", false
}

// Trace is a trace put in order.
type Trace struct {
	ID    TraceID
	Spans []Span
	// Revision counts how often the trace was handed out by Ripe, from 1; 0 before.
	Revision int
	// Weight is how many traces this one stands for: 1 unless the window was overloaded.
	Weight float64
	// First and Last are when its first and last span arrived.
	First, Last time.Time
	// Dropped spans were more than Settings.MaxSpans or room allowed; Duplicates came twice;
	// Loops were cut.
	Dropped, Duplicates, Loops int
	// Offsets are what was added to the times of a host, or of a service whose host is not known,
	// in nanoseconds. Others are as they came.
	Offsets map[string]int64
}

// Root is the index of the span that the trace begins with: the earliest root that is no orphan,
// else the earliest orphan. Orphan says whether its true root is missing. A trace has at least
// one span.
func (t *Trace) Root() int {
	best := -1
	for i := range t.Spans {
		s := &t.Spans[i]
		if s.Parent >= 0 {
			continue
		}
		if best < 0 || better(s, &t.Spans[best]) {
			best = i
		}
	}
	return max(best, 0)
}

func better(a, b *Span) bool {
	if a.Orphan != b.Orphan {
		return !a.Orphan
	}
	return a.Start < b.Start
}

// Bounds returns the earliest start and the latest end of the spans, Unix nanoseconds.
func (t *Trace) Bounds() (start, end int64) {
	for i := range t.Spans {
		s := &t.Spans[i]
		if i == 0 || s.Start < start {
			start = s.Start
		}
		if i == 0 || s.End() > end {
			end = s.End()
		}
	}
	return start, end
}
