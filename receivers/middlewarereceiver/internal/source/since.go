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
