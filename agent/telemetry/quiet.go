package telemetry

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"
)

// Lines of the runtime that a person on call has no use for: chatter is said at level
// debug only, of repeating lines the first one and then one in repeatAfter, for each
// component, with the number of those between.
var (
	chatter = map[string]bool{
		"New queue metadata key not found, attempting to load legacy format.": true,
		"Initializing new persistent queue":                                   true,
		"Successfully migrated to consolidated metadata format":               true,
		"Loaded queue metadata":                                               true,
		"Extension is starting...":                                            true,
		"Extension started.":                                                  true,
		"Starting extensions...":                                              true,
		"Stopping extensions...":                                              true,
	}
	repeating = map[string]bool{
		"Exporting failed. Will retry the request after interval.":                                    true,
		"Exporting failed. Rejecting data. Try enabling sending_queue to survive temporary failures.": true,
		"Error scraping metrics":                           true,
		"Memory usage is above soft limit. Refusing data.": true,
		"Memory usage is above hard limit. Forcing a GC.":  true,
		"Memory usage after GC.":                           true,
	}
)

const (
	// repeatAfter is long enough for a log to stay readable through a night's outage, and
	// short enough to see that it goes on.
	repeatAfter = 5 * time.Minute
	// maxRepeating bounds what is remembered; lines of further components are all said.
	maxRepeating = 1000
)

// dropping is also what the runtime says of batches that a shutdown interrupts, though
// they stay in a queue on disk.
const (
	dropping    = "Exporting failed. Dropping data."
	interrupted = "interrupted due to shutdown"
	stays       = "Exporting was interrupted by the shutdown. What was not sent stays in the queue if that is on disk (sending_queue::storage), else it is lost."
)

// quiet leaves out what says nothing new.
type quiet struct {
	zapcore.Core
	component string
	said      *repetitions
}

type repetitions struct {
	mu    sync.Mutex // guards lines
	lines map[string]*repetition
}

type repetition struct {
	since time.Time
	more  int
}

func newQuiet(core zapcore.Core) zapcore.Core {
	return &quiet{Core: core, said: &repetitions{lines: map[string]*repetition{}}}
}

// With keeps which component the lines are of.
func (q *quiet) With(fields []zapcore.Field) zapcore.Core {
	next := &quiet{Core: q.Core.With(fields), component: q.component, said: q.said}
	for _, f := range fields {
		if f.Type == zapcore.StringType {
			next.component += "\x00" + f.String
		}
	}
	return next
}

// Check decides whether a line is said.
func (q *quiet) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	switch {
	case chatter[e.Message] && !q.Enabled(zapcore.DebugLevel):
		return to
	case repeating[e.Message]:
		more, say := q.said.pass(q.component+"\x00"+e.Message, e.Time)
		if !say {
			return to
		}
		if more > 0 {
			e.Message += fmt.Sprintf(" (%d more such lines since the last one)", more)
		}
	}
	if e.Message == dropping && q.Enabled(e.Level) {
		return to.AddCore(e, q)
	}
	return q.Core.Check(e, to)
}

// Write is for the one message whose meaning is in its error.
func (q *quiet) Write(e zapcore.Entry, fields []zapcore.Field) error {
	for _, f := range fields {
		if err, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType && strings.Contains(err.Error(), interrupted) {
			e.Level, e.Message = zapcore.InfoLevel, stays
		}
	}
	return q.Core.Write(e, fields)
}

// pass tells whether a line is due, and how many were left out since the last one.
func (r *repetitions) pass(line string, now time.Time) (more int, say bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.lines[line]
	switch {
	case !ok && len(r.lines) >= maxRepeating:
		return 0, true
	case !ok:
		r.lines[line] = &repetition{since: now}
		return 0, true
	case now.Sub(last.since) < repeatAfter:
		last.more++
		return 0, false
	}
	more = last.more
	*last = repetition{since: now}
	return more, true
}
