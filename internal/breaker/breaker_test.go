package breaker_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tidewatch/tidewatch/internal/breaker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	start   = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("connection refused")
)

// fail sends one request that fails and reports whether it was let through.
func fail(b *breaker.Breaker, now time.Time) bool {
	p, wait := b.Enter(now)
	if wait > 0 {
		return false
	}
	p.Failure(now, "connection", errDown)
	return true
}

func opened(t *testing.T) *breaker.Breaker {
	t.Helper()
	b := breaker.New(breaker.Config{Failures: 3, MinWait: time.Second, MaxWait: 8 * time.Second})
	for range 3 {
		require.Equal(t, breaker.Closed, b.Status().State)
		require.True(t, fail(b, start))
	}
	require.Equal(t, breaker.Open, b.Status().State)
	return b
}

func TestFailuresInARowOpen(t *testing.T) {
	b := opened(t)
	s := b.Status()
	require.Equal(t, start, s.Since)
	require.Equal(t, 3, s.Failures)
	require.Equal(t, "connection", s.Reason)
	require.Equal(t, errDown, s.Error)
	_, wait := b.Enter(start)
	require.Greater(t, wait, time.Duration(0))
}

func TestASuccessBetweenKeepsItClosed(t *testing.T) {
	b := breaker.New(breaker.Config{Failures: 2, MinWait: time.Second, MaxWait: time.Second})
	for range 10 {
		require.True(t, fail(b, start))
		p, wait := b.Enter(start)
		require.Zero(t, wait)
		require.False(t, p.Success(start), "nothing changed")
	}
	require.Equal(t, breaker.Status{}, b.Status())
}

func TestOneRequestFindsOut(t *testing.T) {
	b := opened(t)
	now := b.Status().Next
	_, wait := b.Enter(now.Add(-1))
	require.Equal(t, time.Duration(1), wait)
	p, wait := b.Enter(now)
	require.Zero(t, wait)
	require.Equal(t, breaker.HalfOpen, b.Status().State)
	_, wait = b.Enter(now)
	require.Equal(t, time.Second, wait, "the others wait for it")
	require.True(t, p.Success(now.Add(time.Second)))
	require.Equal(t, breaker.Status{State: breaker.Closed, Since: now.Add(time.Second)}, b.Status())
	for range 3 {
		_, wait = b.Enter(now)
		require.Zero(t, wait)
	}
}

func TestWaitsDoubleToABoundAndDiffer(t *testing.T) {
	b := opened(t)
	from, waits := start, map[time.Duration]bool{}
	for _, most := range []time.Duration{1, 2, 4, 8, 8, 8, 8, 8} {
		s := b.Status()
		wait := s.Next.Sub(from)
		require.LessOrEqual(t, wait, most*time.Second)
		require.GreaterOrEqual(t, wait, most*time.Second/2)
		require.Equal(t, start, s.Since, "since it opened first")
		waits[wait] = true
		from = s.Next
		require.True(t, fail(b, from))
		require.Equal(t, breaker.Open, b.Status().State)
	}
	require.Greater(t, len(waits), 4)
	p, _ := b.Enter(b.Status().Next)
	p.Success(from)
	for range 3 {
		require.True(t, fail(b, from))
	}
	require.LessOrEqual(t, b.Status().Next.Sub(from), time.Second, "a success forgets the waits")
}

func TestRequestsThatBeganBeforeItOpened(t *testing.T) {
	b := breaker.New(breaker.Config{Failures: 1, MinWait: time.Second, MaxWait: time.Minute})
	var early [3]breaker.Permit
	for i := range early {
		early[i], _ = b.Enter(start)
	}
	require.True(t, early[0].Failure(start, "connection", errDown))
	next := b.Status().Next
	require.False(t, early[1].Failure(start.Add(time.Millisecond), "timeout", errDown), "it is open already")
	require.Equal(t, next, b.Status().Next, "and waits no longer for it")
	require.True(t, early[2].Success(start.Add(time.Millisecond)), "it works after all")
	require.Equal(t, breaker.Closed, b.Status().State)
}

func TestAProbeWithoutVerdictIsReplaced(t *testing.T) {
	b := opened(t)
	now := b.Status().Next
	p, _ := b.Enter(now)
	p.Cancel()
	forgotten, wait := b.Enter(now)
	require.Zero(t, wait, "the next one tries")
	_, wait = b.Enter(now.Add(8*time.Second - 1))
	require.Equal(t, time.Duration(1), wait)
	second, wait := b.Enter(now.Add(8 * time.Second))
	require.Zero(t, wait)
	forgotten.Failure(now.Add(9*time.Second), "timeout", errDown)
	require.Equal(t, breaker.HalfOpen, b.Status().State, "the second is still on its way")
	second.Failure(now.Add(9*time.Second), "timeout", errDown)
	require.Equal(t, breaker.Open, b.Status().State)
}

func TestOffNeverOpens(t *testing.T) {
	b := breaker.New(breaker.Config{MinWait: time.Second, MaxWait: time.Second})
	for range 1000 {
		require.True(t, fail(b, start))
	}
	require.Equal(t, breaker.Closed, b.Status().State)
}

func TestStatesHaveNames(t *testing.T) {
	require.Equal(t, "closed half-open open", breaker.Closed.String()+" "+breaker.HalfOpen.String()+" "+breaker.Open.String())
}
