package source

import "time"

// wander is how far the start that a server's uptime tells may move without being
// another: uptimes are rounded to seconds, and clocks are set.
const wander = 5 * time.Second

// Since remembers since when a server counts, so that the start of its sums does not
// wander from scrape to scrape.
type Since struct{ at time.Time }

// Uptime returns the start of a server that has run for as long.
func (s *Since) Uptime(now time.Time, uptime time.Duration) time.Time {
	if at := now.Add(-uptime); s.at.IsZero() || at.Sub(s.at).Abs() > wander {
		s.at = at
	}
	return s.at
}

// Resets tells since when a server counts that does not say so itself: since it was seen
// first, or since the reading before the one at which its counter had gone back.
type Resets struct {
	start, before time.Time
	last          int64
}

// Counter returns the start, given a counter that never goes back while the server runs.
func (r *Resets) Counter(now time.Time, value int64) time.Time {
	switch {
	case r.start.IsZero():
		r.start = now
	case value < r.last:
		r.start = r.before
	}
	r.before, r.last = now, value
	return r.start
}
