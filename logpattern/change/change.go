package change

import "time"

// Kind is what changed.
type Kind uint8

// Kinds of changes. Snapshots hold their numbers.
const (
	// New is a pattern that was never seen before.
	New Kind = iota
	// Flood is a rare pattern that pours in.
	Flood
	// Spike is a common pattern far above its own history.
	Spike
	// Silence is a steady pattern that stopped while others go on, or, without an
	// ID, a whole service that stopped.
	Silence
	// SeverityFlip is a pattern that became an error.
	SeverityFlip
	// Deploy is a number of patterns that were replaced by similar ones at once.
	Deploy
	// ParameterShift is a pattern of which one value took over a position.
	ParameterShift
	// Storm is more changes at once than are reported one by one; it names what was
	// left out.
	Storm
	kinds
)

// String is the name of the kind: "new", "flood", "spike", "silence", "severity_flip",
// "deploy", "parameter_shift", "storm".
func (k Kind) String() string { return kindNames[k].name }

// Unit is the unit of what was observed and expected, as UCUM has it.
func (k Kind) Unit() string { return kindNames[k].unit }

var kindNames = [kinds]struct{ name, unit string }{
	New: {"new", "{record}"}, Flood: {"flood", "{record}/min"}, Spike: {"spike", "{record}/min"}, Silence: {"silence", "{record}"},
	SeverityFlip: {"severity_flip", "{record}"}, Deploy: {"deploy", "{pattern}"}, ParameterShift: {"parameter_shift", "1"},
	Storm: {"storm", "{change}"},
}

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

// Weight is how much a change asks of a person.
type Weight uint8

// Weights: a Notice is for those who look, a Warning is to be looked at, and
// Critical comes first.
const (
	Notice Weight = iota
	Warning
	Critical
)

// Line is one log line of a known pattern. Strings are copied if kept.
type Line struct {
	ID, Template, Text string
	Severity           Severity
	// Time is when it was written.
	Time time.Time
	// Number is the caller's name for the line; a Change has that of the pattern's
	// newest line.
	Number uint64
}

// Change is one report about one pattern.
type Change struct {
	Kind  Kind
	State State
	// ID and Template are the pattern's, Example is one of its lines. A Deploy has
	// no ID, and the template of one of the new patterns; a Silence of the whole
	// service and a Storm have neither.
	ID, Template, Example string
	// Number is that of the pattern's newest line.
	Number   uint64
	Severity Severity
	// Start is when it began, Time when this was known.
	Start, Time time.Time
	// Observed is lines per minute, the highest so far (Flood, Spike), lines since
	// Start (New, Silence), errors (SeverityFlip), replaced patterns (Deploy), the
	// share of Value (ParameterShift) or changes left out (Storm). Expected is in
	// the same unit; so is Upper, except that of a New and a Silence, which have
	// none.
	Observed, Expected, Upper float64
	// Position of the variable that shifted, counted from 1, and the Value that
	// took it over (ParameterShift).
	Position int
	Value    string
	// LeftOut says how many changes of which kind were not reported (Storm).
	LeftOut string
	// History is how long the pattern (New, Deploy: the service) is known.
	History time.Duration
	// Score is 0 (ordinary) to 1 (never seen).
	Score float64
}

// Weight of the change. A new line that came once or twice is a Notice, and so is
// one that is informational until it came ten times; an error that pours in is
// Critical.
func (c *Change) Weight() Weight {
	switch {
	case c.Kind == New:
		return newWeight(c.Severity, c.Observed)
	case c.Severity == Error && (c.Kind == Flood || c.Kind == Spike):
		return Critical
	}
	return Warning
}

// busyLines is how many lines of a new informational pattern are more than a
// Notice: a program says harmless things for the first time every day.
const busyLines = 10

func newWeight(s Severity, lines float64) Weight {
	if lines < newLines || s == Info && lines < busyLines {
		return Notice
	}
	return Warning
}
