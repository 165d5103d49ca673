package elasticsearchexporter

import "sync/atomic"

// pace makes requests smaller while the server does not answer them in time, and
// larger again when it does. The zero value is ready; it is safe for concurrent use.
type pace struct{ halvings atomic.Int32 }

// maxHalvings makes of 5 MB 20 KB: some fifty log lines.
const maxHalvings = 8

// bytes returns how large a request may be where most is allowed.
func (p *pace) bytes(most int) int { return most >> p.halvings.Load() }

func (p *pace) slower() {
	if n := p.halvings.Load(); n < maxHalvings {
		p.halvings.CompareAndSwap(n, n+1)
	}
}

func (p *pace) faster() {
	if n := p.halvings.Load(); n > 0 {
		p.halvings.CompareAndSwap(n, n-1)
	}
}
