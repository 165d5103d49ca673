package kubelet

import "time"

const (
	// maxUnknown bounds the names that are remembered as unknown; a full memory starts over.
	maxUnknown = 4096
	// forgetUnknown is when a name that is still unknown may ask for a list again, at most.
	forgetUnknown = time.Minute
)

// pace says when to list the pods next.
type pace struct {
	least, most time.Duration
	wait        time.Duration // least time to the next list that is asked for
	failures    int
}

func newPace(least, most time.Duration) pace { return pace{least: least, most: most, wait: least} }

// listed takes note of a list that was read; fruitful says that it was asked for and
// brought something new.
func (p *pace) listed(asked, fruitful bool) {
	p.failures = 0
	switch {
	case fruitful:
		p.wait = p.least
	case asked:
		p.wait = min(2*p.wait, p.most)
	}
}

// failed takes note of a list that could not be read.
func (p *pace) failed() { p.failures = min(p.failures+1, 16) }

// next is how long to wait for the next list, and how long at least when it is asked for.
func (p *pace) next() (ordinary, asked time.Duration) {
	if p.failures == 0 {
		return p.most, p.wait
	}
	d := min(p.least<<(p.failures-1), p.most)
	return d, d
}

// unknown remembers what was asked for in vain.
type unknown struct{ names map[string]patience }

type patience struct {
	until time.Time
	wait  time.Duration
}

// ask is true when a name may ask for a list now; it then waits twice as long as before.
func (u *unknown) ask(name string, now time.Time, least time.Duration) (again, first bool) {
	old, known := u.names[name]
	if known && now.Before(old.until) {
		return false, false
	}
	if u.names == nil || len(u.names) >= maxUnknown && !known {
		u.names = map[string]patience{}
	}
	wait := min(max(2*old.wait, least), forgetUnknown)
	u.names[name] = patience{now.Add(wait), wait}
	return true, !known
}
