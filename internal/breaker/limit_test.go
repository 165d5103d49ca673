package breaker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

// most sends requests of n bytes as soon as it may and returns how many have begun
// within the span.
func most(l *breaker.Limiter, n int, span time.Duration) int {
	for sent, now := 0, start; ; {
		wait := l.Take(now, n)
		if now = now.Add(wait); now.Sub(start) > span {
			return sent
		}
		if wait == 0 {
			sent++
		}
	}
}

func TestBytesPerSecond(t *testing.T) {
	l := breaker.NewLimiter(breaker.LimitConfig{BytesPerSecond: 1000})
	require.InDelta(t, 109, most(l, 100, 9*time.Second+900*time.Millisecond), 1, "a burst of one second, then 10 a second")
	l = breaker.NewLimiter(breaker.LimitConfig{BytesPerSecond: 1000, BurstBytes: 100})
	require.InDelta(t, 11, most(l, 1000, 10*time.Second), 1, "one larger than the burst passes, the next waits for it")
}

func TestRequestsPerSecond(t *testing.T) {
	l := breaker.NewLimiter(breaker.LimitConfig{RequestsPerSecond: 5, BurstRequests: 20})
	require.InDelta(t, 70, most(l, 1<<20, 10*time.Second), 1)
	l = breaker.NewLimiter(breaker.LimitConfig{RequestsPerSecond: 0.1})
	require.Equal(t, 4, most(l, 1, 30*time.Second))
}

func TestTheStricterOfTwoLimitsHolds(t *testing.T) {
	l := breaker.NewLimiter(breaker.LimitConfig{BytesPerSecond: 1e6, RequestsPerSecond: 2})
	require.InDelta(t, 22, most(l, 1, 10*time.Second), 1)
	l = breaker.NewLimiter(breaker.LimitConfig{BytesPerSecond: 10, RequestsPerSecond: 1e6})
	require.InDelta(t, 11, most(l, 10, 10*time.Second), 1)
}

func TestPausesFillTheBurstOnly(t *testing.T) {
	l := breaker.NewLimiter(breaker.LimitConfig{RequestsPerSecond: 1, BurstRequests: 3})
	later := start.Add(time.Hour)
	require.Zero(t, l.Take(start, 1))
	for range 3 {
		require.Zero(t, l.Take(later, 1))
	}
	require.Equal(t, time.Second, l.Take(later, 1))
	require.Equal(t, time.Second, l.Take(start, 1), "a clock that goes back takes nothing away")
}
