package rootcause_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/rootcause"
)

// reborn is a watcher that goes on where another one was.
func reborn(t *testing.T, w *rootcause.Watcher, saved, now time.Time) *rootcause.Watcher {
	t.Helper()
	b, err := w.Snapshot(saved)
	require.NoError(t, err)
	next := rootcause.NewWatcher(rootcause.WatcherOptions{})
	require.NoError(t, next.Restore(b, now))
	return next
}

func TestARestartForgetsNothingThatIsUsual(t *testing.T) {
	s, w, now := newSystem(4), rootcause.NewWatcher(rootcause.WatcherOptions{}), time.Unix(1_800_000_000, 0)
	require.Empty(t, s.watch(w, &now, 10*time.Minute, change{}))
	slow := change{own: map[string]time.Duration{"stock": 60 * ms}}

	w = reborn(t, w, now, now.Add(time.Minute))
	now = now.Add(time.Minute)
	out := s.watch(w, &now, time.Minute, slow)
	require.Equal(t, rootcause.Open, out[0].State, "it needs no new history")
	require.Equal(t, "stock", out[0].Suspects[0].Service)

	w = reborn(t, w, now, now)
	require.Empty(t, s.watch(w, &now, 50*time.Second, slow), "it is open still, and not opened again")
	out = s.watch(w, &now, 2*time.Minute, slow)
	require.Equal(t, rootcause.Updated, out[0].State)
	w = reborn(t, w, now, now)
	out = s.watch(w, &now, 5*time.Minute, change{})
	require.Len(t, out, 1)
	require.Equal(t, rootcause.Resolved, out[0].State)
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	s, w, now := newSystem(4), rootcause.NewWatcher(rootcause.WatcherOptions{}), time.Unix(1_800_000_000, 0)
	s.watch(w, &now, 10*time.Minute, change{})
	slow := change{own: map[string]time.Duration{"stock": 60 * ms}}
	require.NotEmpty(t, s.watch(w, &now, time.Minute, slow))
	saved := now
	now = now.Add(7 * time.Hour)
	w = reborn(t, w, saved, now)
	out := s.watch(w, &now, 10*time.Minute, slow)
	require.Len(t, out, 1, "what was open ends, and how it is now is learned")
	require.Equal(t, rootcause.Resolved, out[0].State)
}

func TestRestoreRefusesWhatIsNoSnapshot(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, b := range []string{"garbage", `{"version":7}`} {
		require.ErrorIs(t, rootcause.NewWatcher(rootcause.WatcherOptions{}).Restore([]byte(b), now), rootcause.ErrSnapshot)
	}
	require.NoError(t, rootcause.NewWatcher(rootcause.WatcherOptions{}).Restore(nil, now))
}

func FuzzRestore(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	s, w := newSystem(4), rootcause.NewWatcher(rootcause.WatcherOptions{})
	s.watch(w, &now, 4*time.Minute, change{})
	b, err := w.Snapshot(now)
	require.NoError(f, err)
	f.Add(b[:2000])
	f.Add([]byte(`{"version":1,"recent":[{"times":[{"place":{"Service":"a"},"log":[1,2,3]}]}]}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		w := rootcause.NewWatcher(rootcause.WatcherOptions{})
		if w.Restore(b, now) == nil {
			at := now
			newSystem(4).watch(w, &at, 40*time.Second, change{})
		}
	})
}
