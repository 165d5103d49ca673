package breaker

import (
	"math"
	"sync"
	"time"
)

// Limiter is a pair of token buckets, one for bytes and one for requests. A request
// may begin while there is a token of each, and then takes all that it needs: one that
// is larger than the burst is not stuck, the next waits the longer. Over time the rate
// is kept exactly. It has no clock; it is safe for concurrent use.
type Limiter struct {
	mu              sync.Mutex // guards the buckets
	bytes, requests bucket
}

// bucket has no limit where rate is 0.
type bucket struct {
	rate, burst float64 // per second, most tokens
	tokens      float64
	at          time.Time // of tokens; zero before the first use
}

// NewLimiter returns a limiter with full buckets.
func NewLimiter(cfg LimitConfig) *Limiter {
	l := &Limiter{
		bytes:    bucket{rate: float64(cfg.BytesPerSecond), burst: float64(cfg.BurstBytes)},
		requests: bucket{rate: cfg.RequestsPerSecond, burst: float64(cfg.BurstRequests)},
	}
	for _, b := range []*bucket{&l.bytes, &l.requests} {
		if b.burst == 0 {
			b.burst = max(b.rate, 1)
		}
		b.tokens = b.burst
	}
	return l
}

// Take takes the tokens of a request of n bytes and returns 0, or takes nothing and
// returns how long to wait before asking again.
func (l *Limiter) Take(now time.Time, n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait := max(l.bytes.wait(now), l.requests.wait(now)); wait > 0 {
		return wait
	}
	l.bytes.tokens -= float64(n)
	l.requests.tokens--
	return 0
}

// wait fills the bucket up to now and returns how long it has no token yet. One byte
// or one request must be there: a fraction would let pass a little more than the rate.
func (b *bucket) wait(now time.Time) time.Duration {
	if b.rate == 0 {
		b.tokens = b.burst
		return 0
	}
	if !b.at.IsZero() {
		b.tokens = min(b.burst, b.tokens+b.rate*max(now.Sub(b.at).Seconds(), 0))
	}
	b.at = now
	if b.tokens >= 1-1e-9 { // what rounding takes
		return 0
	}
	return time.Duration(math.Ceil((1 - b.tokens) / b.rate * float64(time.Second)))
}
