// Package breaker spares an endpoint that does not work, and the agent the work for
// it: a circuit breaker per endpoint and a rate limit per exporter.
//
// An exporter makes one Gate, sends through Gate.Transport, calls Gate.Wait before
// each request and passes errors through Gate.Retryable. What the circuits do is seen in
// the agent's own metrics (see Gate), from which the page, the ledger and readiness
// take it.
package breaker

import (
	"math/rand/v2"
	"sync"
	"time"
)

// State is where a circuit is.
type State int

// The states, in the order of how bad they are: the values of the metric.
const (
	// Closed lets everything pass.
	Closed State = iota
	// HalfOpen lets one request pass to find out.
	HalfOpen
	// Open lets nothing pass until the wait is over.
	Open
)

// String returns closed, half-open or open.
func (s State) String() string {
	return [...]string{"closed", "half-open", "open"}[s]
}

// Status is what is known of an endpoint.
type Status struct {
	State State
	// Since is when the circuit last left or returned to Closed; zero if it never
	// did. Trying and failing again does not change it.
	Since time.Time
	// Failures is how many in a row there were.
	Failures int
	// Next is when the next request may pass, where State is Open.
	Next time.Time
	// Reason is the kind of the last failure, one of a few words, and Error the
	// last failure itself. Both are empty again when the circuit closes.
	Reason string
	Error  error
}

// Breaker is the circuit of one endpoint. It has no clock and no goroutines; it is
// safe for concurrent use.
type Breaker struct {
	cfg Config

	mu     sync.Mutex // guards all below
	status Status
	wait   time.Duration // the last wait before jitter
	probe  uint64        // number of the request that finds out, 0 for none
	probed time.Time     // when it began
	last   uint64        // number of the last probe
}

// New returns a closed circuit.
func New(cfg Config) *Breaker { return &Breaker{cfg: cfg} }

// Status returns what is known now.
func (b *Breaker) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

// Permit is the right to send one request. Exactly one of its methods should be
// called; a probe that is forgotten is replaced after Config.MaxWait.
type Permit struct {
	b     *Breaker
	probe uint64
}

// Enter asks to send a request. If it may not be sent, wait is positive: to ask again
// earlier is of no use.
func (b *Breaker) Enter(now time.Time) (p Permit, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.status.State {
	case Closed:
		return Permit{b: b}, 0
	case Open:
		if left := b.status.Next.Sub(now); left > 0 {
			return Permit{}, left
		}
	case HalfOpen:
		if left := b.cfg.MaxWait - now.Sub(b.probed); b.probe != 0 && left > 0 {
			return Permit{}, min(left, b.cfg.MinWait)
		}
	}
	b.last++
	b.probe, b.probed = b.last, now
	b.status.State = HalfOpen
	return Permit{b: b, probe: b.probe}, 0
}

// Success says that the endpoint answered. Whatever the state is, that closes the
// circuit. It reports whether it was not closed before.
func (p Permit) Success(now time.Time) bool {
	b := p.b
	b.mu.Lock()
	defer b.mu.Unlock()
	changed := b.status.State != Closed
	since := b.status.Since
	if changed {
		since = now
	}
	b.status = Status{Since: since}
	b.wait, b.probe = 0, 0
	return changed
}

// Failure says that the endpoint did not answer, or that it has failed. It reports
// whether that opened the circuit that was closed.
func (p Permit) Failure(now time.Time, reason string, err error) bool {
	b := p.b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Failures++
	b.status.Reason, b.status.Error = reason, err
	switch {
	case b.status.State == Closed && b.cfg.Failures > 0 && b.status.Failures >= b.cfg.Failures:
		b.status.Since = now
		b.open(now)
		return true
	case p.probe != 0 && p.probe == b.probe:
		b.open(now)
	}
	return false // one that began before the circuit opened says nothing new
}

// Cancel says that the request ended without a verdict, as when the agent stops.
func (p Permit) Cancel() {
	b := p.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.probe != 0 && p.probe == b.probe {
		b.probe = 0 // the next may try
	}
}

// open must be called with mu held. Waits double from MinWait to MaxWait, and a random
// half of each keeps agents that lost the same server from coming back together.
func (b *Breaker) open(now time.Time) {
	b.wait = min(max(2*b.wait, b.cfg.MinWait), b.cfg.MaxWait)
	jittered := b.wait - time.Duration(rand.Float64()*float64(b.wait/2))
	b.status.State, b.status.Next, b.probe = Open, now.Add(jittered), 0
}
