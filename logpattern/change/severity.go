package change

import (
	"math"

	"github.com/tidewatch/tidewatch/logpattern"
)

const (
	// calmLines is how many lines a pattern must have had to be called harmless.
	calmLines = 50
	// flipLines is after how many lines the recent ones count half.
	flipLines = 8
)

// SeverityOf returns the severity of a line that states a level.
func SeverityOf(level logpattern.Level) Severity {
	switch {
	case level >= logpattern.Error:
		return Error
	case level == logpattern.Warn:
		return Warn
	case level != logpattern.NoLevel:
		return Info
	default:
		return Unknown
	}
}

// severities counts how often the lines of a pattern were errors.
type severities struct {
	calm, bad             uint64  // lines of Info and Error before the recent ones
	recentCalm, recentBad float64 // halved as they come
}

// add counts a line of Info or Error.
func (s *severities) add(bad bool) {
	if bad {
		s.recentBad++
	} else {
		s.recentCalm++
	}
	if s.recentBad+s.recentCalm >= flipLines {
		s.settle(0.5)
	}
}

// settle makes a part of the recent lines history.
func (s *severities) settle(part float64) {
	s.bad += uint64(math.Round(s.recentBad * part))
	s.calm += uint64(math.Round(s.recentCalm * part))
	s.recentBad -= math.Round(s.recentBad * part)
	s.recentCalm -= math.Round(s.recentCalm * part)
}

// share of errors in history; unlikely as it may be, none is certain.
func (s *severities) share() float64 {
	return (float64(s.bad) + 0.5) / (float64(s.calm+s.bad) + 50)
}

// judgeSeverity reports a pattern that was harmless and is an error now.
func (d *Detector) judgeSeverity(p *pattern, l Line, now int64) {
	p.severity = max(p.severity, l.Severity)
	if l.Severity != Info && l.Severity != Error {
		return
	}
	s := &p.levels
	s.add(l.Severity == Error)
	r := p.open[SeverityFlip]
	if r != nil {
		if l.Severity == Error {
			r.above, r.observed, r.dirty = p.last, r.observed+1, true
		}
		return
	}
	if l.Severity != Error || s.recentBad < newLines || d.learning(now) || s.calm+uint64(s.recentCalm) < calmLines {
		return
	}
	q, n := s.share(), s.recentBad+s.recentCalm
	if q > 0.1 || unlike(s.recentBad/n, q, n) < flipped {
		return
	}
	p.keep(l.Text)
	d.open(p, SeverityFlip, &report{start: p.last, above: p.last, observed: s.recentBad}, now)
	s.settle(1)
}

// flipped is how surprising a flip must be, in nats.
const flipped = 10
