package rootcause

import "time"

// Kind is the role of a span in a call.
type Kind uint8

// Kinds of spans. A consumer is a Server to whom nobody waits.
const (
	Internal Kind = iota
	Server
	Client
	Producer
	Consumer
)

// Span is one piece of work. ID is unique within its trace; Parent is empty for
// a root.
type Span struct {
	ID, Parent string
	// Service did the work, Operation is what it did: a name of low cardinality.
	Service, Operation string
	// Instance is the copy of the service (pod, container), Host the machine,
	// Version the build; empty if not known.
	Instance, Host, Version string
	Kind                    Kind
	// Start is in Unix nanoseconds.
	Start    int64
	Duration time.Duration
	Error    bool
	// Tags are further attributes that may tell good from bad spans.
	Tags []Tag
}

// Tag is an attribute of a span.
type Tag struct{ Key, Value string }

// Line is one log line whose pattern is known.
type Line struct {
	// Time is in Unix nanoseconds.
	Time              int64
	Service, Instance string
	// Pattern is the id of the pattern, Template its text.
	Pattern, Template string
	// Severe says that the line states an error.
	Severe bool
}

// Trace is the spans and lines of one request.
type Trace struct {
	ID    string
	Spans []Span
	Lines []Line
}
