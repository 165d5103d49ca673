package rootcauseconnector

import (
	"github.com/tidewatch/tidewatch/internal/tracewindow"
	"github.com/tidewatch/tidewatch/rootcause"
)

// Trace tells the story of a trace.
func (c *causes) Trace(id string) (rootcause.Story, bool) {
	t, ok := c.Held(id)
	if !ok {
		return rootcause.Story{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watcher.Story(t), true
}

// Held returns a trace of the window.
func (c *causes) Held(id string) (*rootcause.Trace, bool) {
	key, ok := tracewindow.ParseTraceID(id)
	if !ok {
		return nil, false
	}
	t, ok := c.window.Trace(key)
	if !ok {
		return nil, false
	}
	return c.trace(t, nil), true
}

// Now ranks the suspects of the last minute.
func (c *causes) Now() ([]rootcause.Trouble, []rootcause.Suspect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watcher.Explain(c.now())
}
