package pressure

import (
	"time"

	"go.opentelemetry.io/collector/component"
)

// Source says how far up the ladder the agent is. It is asked for every batch, so that
// it is no more than a read of an atomic.
type Source interface{ Level() Level }

// Of returns the source among the host's extensions; without one the level is always
// Normal. It is called from a component's Start.
func Of(host component.Host) Source {
	for _, e := range host.GetExtensions() {
		if s, ok := e.(Source); ok {
			return s
		}
	}
	return none{}
}

// None is always Normal.
func None() Source { return none{} }

type none struct{}

func (none) Level() Level { return Normal }

// look is how often a paused receiver looks whether it may go on: soon for what waits,
// and next to nothing for the processor.
const look = 250 * time.Millisecond

// Wait returns when reading is not paused, or done is closed; it is false then. Where
// nothing is paused it costs a read.
func Wait(s Source, done <-chan struct{}) bool {
	if s.Level() < PauseReceivers {
		return true
	}
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for s.Level() >= PauseReceivers {
		select {
		case <-done:
			return false
		case <-ticker.C:
		}
	}
	return true
}

// Paused is true while what can wait is not to be read.
func Paused(s Source) bool { return s.Level() >= PauseReceivers }
