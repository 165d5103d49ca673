package change

import "strings"

// maxExample is how many bytes of a line a change carries.
const maxExample = 1024

// comeback is how many lines a pattern needs to count again after another took
// its place: one instance of the old version says little.
const comeback = 20

// pattern is what is known of one pattern.
type pattern struct {
	id       string
	template string
	example  string
	number   uint64   // of the newest line
	severity Severity // the worst
	first    int64    // Unix ns
	arrived  int64    // when the first line was read
	last     int64
	total    uint64
	levels   severities
	fresh    bool  // not reported yet, and not learned either
	isNew    bool  // was fresh once
	retired  bool  // another pattern took its place
	pause    int64 // the longest silence after which it came back
	history  history
	shifts   *shifts
	open     [kinds]*report

	// The pattern that a fresh one may replace.
	before   *pattern
	likeness float64
	heir     int64  // since when it has the history of another; zero after an hour
	waited   bool   // for others that replaced a pattern
	since    uint64 // lines since the last deploy
	back     int64  // lines since it was retired

	// When it was last judged: the bucket, the lines of the last minute, and how
	// many there were then.
	looked         int64
	told           int64 // number of the last bucket that was part of a change of rate
	recent, judged float64
}

// unordinary are the times of p that teach less.
func (p *pattern) unordinary(watching int64) unordinary {
	return unordinary{since: watching, told: p.told, rate: p.open[Flood] != nil || p.open[Spike] != nil, silent: p.open[Silence] != nil}
}

func (p *pattern) keep(text string) {
	p.example = strings.Clone(text[:min(len(text), maxExample)])
}

// busy reports whether a change of the pattern is open.
func (p *pattern) busy() bool { return p.open != [kinds]*report{} }

// reports is the number of open reports.
func (p *pattern) reports() (n int) {
	for _, r := range p.open {
		if r != nil {
			n++
		}
	}
	return n
}

// report is an open change.
type report struct {
	start, sent int64
	above       int64 // last time at which the condition held
	observed    float64
	expected    float64
	upper       float64
	dirty       bool
	updated     bool
	muted       bool // too many at once: a Storm tells of it
	position    int
	value       string
}
