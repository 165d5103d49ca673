package change_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/logpattern/change"
)

var start = time.Unix(1772359200, 0)

// stream drives a Detector with one clock.
type stream struct {
	*change.Detector
	now time.Time
	got []change.Change
}

func newStream(opt change.Options) *stream {
	return &stream{Detector: change.NewDetector(opt), now: start}
}

// line observes n lines evenly spread over d, with Advance every 5 s.
func (s *stream) lines(id string, sev change.Severity, text string, n int, d time.Duration) {
	next := s.now.Add(5 * time.Second)
	from := s.now
	for i := range n {
		s.now = from.Add(time.Duration(i+1) * d / time.Duration(n))
		for !next.After(s.now) {
			s.got = append(s.got, s.Advance(next)...)
			next = next.Add(5 * time.Second)
		}
		s.Observe(change.Line{ID: id, Template: "t of " + id, Text: text, Severity: sev, Time: s.now}, s.now)
	}
	s.got = append(s.got, s.Advance(s.now)...)
}

func (s *stream) wait(d time.Duration) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(5 * time.Second)
		s.got = append(s.got, s.Advance(s.now)...)
	}
}

func (s *stream) take() string {
	var b strings.Builder
	for _, c := range s.got {
		fmt.Fprintf(&b, "%s %s %s; ", [...]string{"new", "flood"}[c.Kind], [...]string{"open", "updated", "resolved"}[c.State], c.ID)
	}
	s.got = nil
	return strings.TrimSuffix(b.String(), "; ")
}

func TestLearningReportsNothing(t *testing.T) {
	s := newStream(change.Options{Learning: time.Minute})
	s.lines("a", change.Error, "it failed", 5000, 50*time.Second)
	require.Empty(t, s.take())
	s.wait(time.Minute)
	s.lines("b", change.Error, "it failed again", 1, time.Second)
	require.Equal(t, "new open b", s.take())
}

func TestNewPattern(t *testing.T) {
	s := newStream(change.Options{Learning: -1})
	s.lines("err", change.Error, "x", 1, time.Second)
	require.Equal(t, "new open err", s.take(), "an error counts at its first line")
	s.lines("odd", change.Unknown, "disk refused to spin", 1, time.Second)
	require.Equal(t, "new open odd", s.take(), "so do alarming words")
	s.lines("once", change.Info, "x", 1, time.Second)
	s.lines("plain", change.Unknown, "x", 2, time.Second)
	require.Empty(t, s.take(), "anything else must come again")
	s.lines("plain", change.Unknown, "x", 1, time.Second)
	require.Equal(t, "new open plain", s.take())
	s.wait(6 * time.Minute)
	require.Equal(t, "new resolved err; new resolved odd; new resolved plain", s.take())
	s.lines("err", change.Error, "x", 5, time.Second)
	require.Empty(t, s.take(), "what is known is not new")
}

func TestNewPatternsAreLimited(t *testing.T) {
	s := newStream(change.Options{Learning: -1, MaxNew: 3})
	for i := range 20 {
		s.lines(fmt.Sprint("p", i), change.Error, "x", 1, 10*time.Millisecond)
	}
	require.Len(t, s.got, 3)
	require.EqualValues(t, 17, s.Stats().Suppressed)
}

func TestFloodOfNewPattern(t *testing.T) {
	s := newStream(change.Options{Learning: -1})
	s.lines("refused", change.Error, "Connection refused", 5000, 10*time.Second)
	require.Equal(t, "new open refused; flood open refused", s.take())
	s.wait(time.Hour)
	require.Len(t, s.got, 4)
	require.Equal(t, "flood", [...]string{"new", "flood"}[s.got[0].Kind])
	require.InDelta(t, 5000, s.got[0].Observed, 1, "its height follows soon")
	require.Equal(t, "flood updated refused; new updated refused; new resolved refused; flood resolved refused", s.take())
	require.Zero(t, s.Stats().Open)
}

func TestFloodAgainstHistory(t *testing.T) {
	s := newStream(change.Options{Learning: time.Minute})
	s.lines("rare", change.Info, "x", 1, time.Second)
	s.lines("busy", change.Info, "x", 60*120, time.Hour) // 120 a minute
	s.lines("rare", change.Info, "x", 60, time.Hour)
	s.lines("busy", change.Info, "x", 200, time.Minute)
	require.Empty(t, s.take(), "its ordinary rate is no flood")
	s.lines("rare", change.Info, "x", 150, time.Minute)
	require.Equal(t, "flood open rare; flood updated rare", s.take())
	s.lines("busy", change.Info, "x", 3000, time.Minute)
	require.Equal(t, "flood open busy; flood updated busy", s.take())
}

func TestFloodReceipt(t *testing.T) {
	s := newStream(change.Options{Learning: time.Minute})
	s.lines("rare", change.Info, "x", 60, time.Hour)
	s.lines("rare", change.Error, "peer 10.0.0.1 refused", 6000, time.Minute)
	c := s.got[0]
	require.Equal(t, "peer 10.0.0.1 refused", c.Example)
	require.InDelta(t, 1, c.Expected, 0.2)
	require.InDelta(t, 100, c.Upper, 1)
	require.GreaterOrEqual(t, c.Observed, c.Upper)
	require.InDelta(t, float64(time.Hour), float64(c.History), float64(5*time.Minute))
	require.WithinDuration(t, start.Add(time.Hour), c.Start, 20*time.Second)
	s.got = nil
	s.lines("rare", change.Error, "x", 36_000, 6*time.Minute)
	require.Equal(t, "flood updated rare", s.take(), "updates are rare")
}

func TestLateLinesAreNoFlood(t *testing.T) {
	s := newStream(change.Options{Learning: -1})
	for i := range 10_000 { // one line in ten seconds, all read at once
		at := start.Add(time.Duration(i-10_000) * 10 * time.Second)
		s.Observe(change.Line{ID: "old", Severity: change.Info, Time: at}, start)
	}
	s.wait(10 * time.Second)
	require.Equal(t, "new open old; new resolved old", s.take(), "it was new then, and is not now")
}

func TestRestart(t *testing.T) {
	s := newStream(change.Options{Learning: time.Minute})
	s.lines("rare", change.Info, "x", 60, time.Hour)
	s.lines("rare", change.Info, "x", 200, time.Minute)
	require.Equal(t, "flood open rare; flood updated rare", s.take())
	after := newStream(change.Options{Learning: time.Minute})
	require.NoError(t, after.Restore(s.Snapshot()))
	after.now = s.now
	after.lines("rare", change.Info, "x", 3, time.Second)
	require.Empty(t, after.take(), "it is known and its flood is open")
	after.wait(10 * time.Minute)
	require.Equal(t, "flood resolved rare", after.take())
	after.lines("fresh", change.Error, "x", 1, time.Second)
	require.Equal(t, "new open fresh", after.take(), "learning is over")
}

func TestBounds(t *testing.T) {
	s := newStream(change.Options{Learning: -1, MaxPatterns: 50})
	for i := range 1000 {
		s.lines(fmt.Sprint("p", i), change.Info, "x", 1, time.Millisecond)
		require.LessOrEqual(t, s.Stats().Patterns, 50)
	}
	require.Positive(t, s.Stats().Evictions)
}

func FuzzRestore(f *testing.F) {
	s := newStream(change.Options{Learning: -1})
	s.lines("a", change.Error, "x", 500, time.Minute)
	f.Add(s.Snapshot())
	f.Add([]byte("TWLC\x01"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		d := change.NewDetector(change.Options{MaxPatterns: 8})
		_ = d.Restore(b)
		d.Observe(change.Line{ID: "a", Time: start}, start)
		d.Advance(start.Add(time.Hour))
		d.Snapshot()
	})
}
