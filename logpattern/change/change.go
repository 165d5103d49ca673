package change

import "time"

// Kind is what changed.
type Kind uint8

// Kinds of changes.
const (
	// New is a pattern that was never seen before.
	New Kind = iota
	// Flood is a rare pattern that pours in.
	Flood
	// Spike is a common pattern far above its own history.
	Spike
	// Silence is a steady pattern that stopped while others go on.
	Silence
	// SeverityFlip is a pattern that became an error.
	SeverityFlip
	// Deploy is a number of patterns that were replaced by similar ones at once.
	Deploy
	kinds
)

// State of a change.
type State uint8

// States of a change: each is reported Open once, Updated at intervals, Resolved
// once.
const (
	Open State = iota
	Updated
	Resolved
)

// Severity of a line, as far as it is known.
type Severity uint8

// Severities; Unknown is judged by the words of the line.
const (
	Unknown Severity = iota
	Info
	Warn
	Error
)

// Line is one log line of a known pattern. Strings are copied if kept.
type Line struct {
	ID, Template, Text string
	Severity           Severity
	// Time is when it was written.
	Time time.Time
}

// Change is one report about one pattern.
type Change struct {
	Kind  Kind
	State State
	// ID and Template are the pattern's, Example is one of its lines. A Deploy has
	// no ID, and the template of one of the new patterns.
	ID, Template, Example string
	Severity              Severity
	// Start is when it began, Time when this was known.
	Start, Time time.Time
	// Observed is lines per minute, the highest so far (Flood, Spike), lines since
	// Start (New, Silence), errors (SeverityFlip) or replaced patterns (Deploy).
	// Expected is in the same unit; Upper is lines per minute.
	Observed, Expected, Upper float64
	// History is how long the pattern (New: the service) is known.
	History time.Duration
	// Score is 0 (ordinary) to 1 (never seen).
	Score float64
}

// Options of a Detector. Zero values mean the defaults.
type Options struct {
	// Learning is how long after the first line all patterns are new and none is
	// reported. Negative: no time at all. Default 10 minutes: longer than most
	// programs need to say each of their usual messages once.
	Learning time.Duration
	// MaxPatterns is how many patterns are known; the least recently seen goes
	// first. Default 2000.
	MaxPatterns int
	// FloodLines is how many lines within a minute are a flood of a pattern that
	// has less than an hour of history. Default 100: what a person would not read
	// line by line.
	FloodLines int
	// Ratio is how many times the most that is expected a flood or a spike must
	// reach, however unlikely less may be. Default 4: growth is not a spike.
	Ratio float64
	// UpdateEvery is the shortest time between updates of one change. Default 5
	// minutes.
	UpdateEvery time.Duration
	// ResolveAfter is how long a flood must be over, or a new pattern silent.
	// Default 5 minutes.
	ResolveAfter time.Duration
	// MaxNew is how many new patterns are reported within a minute; more are
	// counted. Default 10: a deploy is not a hundred findings.
	MaxNew int
}

func (o Options) withDefaults() Options {
	if o.Learning == 0 {
		o.Learning = 10 * time.Minute
	}
	if o.MaxPatterns <= 0 {
		o.MaxPatterns = 2000
	}
	if o.FloodLines <= 0 {
		o.FloodLines = 100
	}
	if o.Ratio <= 1 {
		o.Ratio = 4
	}
	if o.UpdateEvery <= 0 {
		o.UpdateEvery = 5 * time.Minute
	}
	if o.ResolveAfter <= 0 {
		o.ResolveAfter = 5 * time.Minute
	}
	if o.MaxNew <= 0 {
		o.MaxNew = 10
	}
	return o
}
