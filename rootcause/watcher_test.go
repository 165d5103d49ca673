package rootcause_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/rootcause"
)

// watch lets a watcher see twenty requests every ten seconds.
func (s *system) watch(w *rootcause.Watcher, now *time.Time, d time.Duration, c change) (out []rootcause.Verdict) {
	for range int(d / (10 * time.Second)) {
		*now = now.Add(10 * time.Second)
		for range 20 {
			w.Add(s.request(c))
		}
		out = append(out, w.Check(*now)...)
	}
	return out
}

func TestWatcherOpensUpdatesAndResolves(t *testing.T) {
	s, w, now := newSystem(4), rootcause.NewWatcher(rootcause.WatcherOptions{}), time.Unix(1_800_000_000, 0)
	require.Empty(t, s.watch(w, &now, 10*time.Minute, change{}))
	slow := change{own: map[string]time.Duration{"stock": 60 * ms}}
	began := now
	out := s.watch(w, &now, 2*time.Minute, slow)
	require.Equal(t, rootcause.Open, out[0].State)
	require.Equal(t, "stock", out[0].Suspects[0].Service)
	require.Equal(t, "web", out[0].Troubles[0].Service)
	require.LessOrEqual(t, out[0].At.Sub(began), 30*time.Second)
	require.WithinDuration(t, began, out[0].Start, 20*time.Second)
	require.Len(t, out, 2)
	require.Equal(t, rootcause.Updated, out[1].State)
	out = s.watch(w, &now, 5*time.Minute, change{})
	require.Equal(t, rootcause.Resolved, out[len(out)-1].State)
	require.Empty(t, s.watch(w, &now, 10*time.Minute, change{}))
}

func TestWhatLastsBecomesUsual(t *testing.T) {
	s, w, now := newSystem(5), rootcause.NewWatcher(rootcause.WatcherOptions{AcceptAfter: 10 * time.Minute}), time.Unix(1_800_000_000, 0)
	s.watch(w, &now, 10*time.Minute, change{})
	slow := change{own: map[string]time.Duration{"stock": 60 * ms}}
	out := s.watch(w, &now, 15*time.Minute, slow)
	require.Equal(t, rootcause.Open, out[0].State)
	require.Equal(t, rootcause.Resolved, out[len(out)-1].State)
	require.Empty(t, s.watch(w, &now, 20*time.Minute, slow))
}

func TestNoHistoryNoAnswer(t *testing.T) {
	s, w, now := newSystem(6), rootcause.NewWatcher(rootcause.WatcherOptions{}), time.Unix(1_800_000_000, 0)
	require.Empty(t, s.watch(w, &now, 2*time.Minute, change{own: map[string]time.Duration{"stock": 60 * ms}}))
	troubles, suspects := w.Explain(now)
	require.Empty(t, troubles)
	require.Empty(t, suspects)
}

func TestNotesAreBounded(t *testing.T) {
	w, now := rootcause.NewWatcher(rootcause.WatcherOptions{Notes: 2}), time.Unix(1_800_000_000, 0)
	for _, service := range []string{"a", "b", "c"} {
		w.Note(rootcause.Note{Service: service}, now, false)
		now = now.Add(time.Second)
	}
	w.Note(rootcause.Note{Service: "c"}, now, true)
	notes, _ := w.Lost()
	require.EqualValues(t, 1, notes)
}

func BenchmarkSummary(b *testing.B) {
	s := newSystem(8)
	traces := make([]*rootcause.Trace, 200)
	spans := 0
	for i := range traces {
		traces[i] = s.request(change{})
		spans += len(traces[i].Spans)
	}
	sum := rootcause.NewSummary(rootcause.Bounds{})
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		sum.Add(traces[i%len(traces)])
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(float64(spans)/200), "ns/span")
}
