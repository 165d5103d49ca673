// Package pressuretest lets tests of components say how far the agent sheds load.
package pressuretest

import (
	"maps"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"

	"github.com/tidewatch/tidewatch/internal/pressure"
)

// Ladder is an extension whose level is set by the test, at any time. The zero value is
// at Normal.
type Ladder struct {
	component.StartFunc
	component.ShutdownFunc
	level atomic.Int32
}

// Set sets the level.
func (l *Ladder) Set(to pressure.Level) { l.level.Store(int32(to)) }

// Level is what was set.
func (l *Ladder) Level() pressure.Level { return pressure.Level(l.level.Load()) }

// Host returns a host that has the ladder besides its other extensions.
func (l *Ladder) Host(h component.Host) component.Host { return host{h, l} }

type host struct {
	component.Host
	ladder *Ladder
}

func (h host) GetExtensions() map[component.ID]component.Component {
	all := map[component.ID]component.Component{component.MustNewID("load_shedding"): h.ladder}
	maps.Copy(all, h.Host.GetExtensions())
	return all
}
