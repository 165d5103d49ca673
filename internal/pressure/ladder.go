// Package pressure decides what the agent does without while the machine gives it less
// than it needs, and tells its components.
package pressure

import (
	"fmt"
	"time"
)

// Level is a rung of the ladder. Each includes those below.
type Level int32

// The rungs, in the order in which they are taken. The first costs what is missed least.
const (
	// Normal does all.
	Normal Level = iota
	// SampleDebug hands on one in some of a pattern's lines of severity DEBUG and TRACE.
	SampleDebug
	// DropExemplars leaves examples of traces out of metrics.
	DropExemplars
	// CoarsePatterns gives lines of unknown form the pattern <other>, and does not look at
	// what changes within the known ones.
	CoarsePatterns
	// PauseReceivers reads nothing that can wait where it is.
	PauseReceivers
)

var levels = [...]string{"normal", "sample_debug", "drop_exemplars", "coarse_patterns", "pause_receivers"}

// Levels is the number of rungs.
const Levels = Level(len(levels))

// String is the level as configurations and logs name it.
func (l Level) String() string {
	if l < 0 || l >= Levels {
		return fmt.Sprintf("level(%d)", int32(l))
	}
	return levels[l]
}

// ParseLevel is the inverse of String.
func ParseLevel(s string) (Level, bool) {
	for i, name := range levels {
		if s == name {
			return Level(i), true
		}
	}
	return Normal, false
}

// Limits say when a resource is short.
type Limits struct {
	// High is the reading from which on a step is taken, Low that up to which one is
	// taken back; between them all stays as it is. Low < High.
	High, Low float64
	// Up is how long the reading must be high for each step, Down how long it must be low.
	Up, Down time.Duration
	// Most is the last rung that this resource leads to.
	Most Level
}

// maxPatience bounds by how much Down grows.
const maxPatience = 16

// Ladder climbs and descends by the readings of one resource. Whatever these are, a step up
// comes Up after the last step at the earliest, and a step down Down after it. When a
// step had to be taken again soon after it was taken back, Down doubles, up to sixteenfold,
// so that what is short for hours does not go up and down all the time. A Ladder is not safe
// for concurrent use.
type Ladder struct {
	limits   Limits
	level    Level
	side     int       // 1 while readings are high, -1 while they are low, else 0
	since    time.Time // when that began, or the last step was
	descent  time.Time // the last step down
	patience int       // by what Down is multiplied
}

// NewLadder returns a ladder at Normal.
func NewLadder(l Limits) *Ladder { return &Ladder{limits: l, patience: 1} }

// Observe takes a reading and returns the level from then on. The time must not go
// backwards; a reading that is not a number is between the limits.
func (l *Ladder) Observe(now time.Time, reading float64) Level {
	side := 0
	switch {
	case reading >= l.limits.High:
		side = 1
	case reading <= l.limits.Low:
		side = -1
	}
	if side != l.side || l.since.IsZero() {
		l.side, l.since = side, now
		return l.level
	}
	switch passed := now.Sub(l.since); {
	case side > 0 && passed >= l.limits.Up && l.level < l.limits.Most:
		if !l.descent.IsZero() && now.Sub(l.descent) < l.down() {
			l.patience = min(2*l.patience, maxPatience)
		}
		l.level++
		l.since = now
	case side < 0 && passed >= l.down() && l.level > Normal:
		l.level--
		l.since, l.descent = now, now
	case side < 0 && l.level == Normal && passed >= maxPatience*l.limits.Down:
		l.patience = 1
	}
	return l.level
}

func (l *Ladder) down() time.Duration { return time.Duration(l.patience) * l.limits.Down }
