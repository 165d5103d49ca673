package change_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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
		s.Observe(change.Line{ID: id, Template: s.template(id), Text: text, Severity: sev, Time: s.now}, s.now)
	}
	s.got = append(s.got, s.Advance(s.now)...)
}

// mix observes the patterns at rates per minute for a while, evenly but for a
// little noise.
func (s *stream) mix(rates map[string]float64, d time.Duration) {
	rng := rand.New(rand.NewPCG(1, uint64(s.now.Unix())))
	ids := slices.Sorted(maps.Keys(rates))
	for end := s.now.Add(d); s.now.Before(end); {
		s.now = s.now.Add(5 * time.Second)
		for _, id := range ids {
			for n := rates[id]/12 + rng.Float64(); n >= 1; n-- {
				s.Observe(change.Line{ID: id, Template: s.template(id), Text: "x", Severity: change.Info, Time: s.now}, s.now)
			}
		}
		s.got = append(s.got, s.Advance(s.now)...)
	}
}

// template makes templates that are alike only if the ids are sentences.
func (*stream) template(id string) string {
	if strings.Contains(id, " ") {
		return id
	}
	return id + "-template"
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
		fmt.Fprintf(&b, "%s %s %s; ", c.Kind, [...]string{"open", "updated", "resolved"}[c.State], c.ID)
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
	require.Len(t, s.got, 7, "errors may come twice as often")
	require.Equal(t, change.Storm, s.got[6].Kind)
	require.EqualValues(t, 14, s.Stats().Suppressed)
	s.wait(10 * time.Minute)
	last := s.got[len(s.got)-1]
	require.Equal(t, change.Resolved, last.State)
	require.Equal(t, `14 new, such as "p6-template", "p7-template", "p8-template"`, last.LeftOut)
}

func TestFloodOfNewPattern(t *testing.T) {
	s := newStream(change.Options{Learning: -1})
	s.lines("refused", change.Error, "Connection refused", 5000, 10*time.Second)
	require.Equal(t, "new open refused; flood open refused; new resolved refused", s.take(), "one trouble is told of once")
	s.wait(time.Hour)
	require.Len(t, s.got, 2)
	require.Equal(t, change.Flood, s.got[0].Kind)
	require.InDelta(t, 5000, s.got[0].Observed, 1, "its height follows soon")
	require.Equal(t, "flood updated refused; flood resolved refused", s.take())
	require.Zero(t, s.Stats().Open)
}

func TestFloodAgainstHistory(t *testing.T) {
	s := newStream(change.Options{Learning: 2 * time.Hour})
	s.mix(map[string]float64{"busy": 120, "rare": 0.1}, 8*time.Hour)
	require.Empty(t, s.take(), "what is ordinary is no change")
	s.lines("busy", change.Info, "x", 200, time.Minute)
	require.Empty(t, s.take(), "nor is growth")
	s.lines("rare", change.Info, "x", 60, time.Minute)
	require.Equal(t, "flood open rare; flood updated rare", s.take())
	s.lines("busy", change.Info, "x", 3000, time.Minute)
	require.Equal(t, "spike open busy; spike updated busy", s.take())
	s.wait(10 * time.Minute)
	require.Equal(t, "flood updated rare; flood resolved rare; spike updated busy; spike resolved busy; silence open ", s.take(), "then the service stops")
}

func TestFloodReceipt(t *testing.T) {
	s := newStream(change.Options{Learning: 2 * time.Hour})
	s.mix(map[string]float64{"rare": 0.1}, 8*time.Hour)
	s.lines("rare", change.Error, "peer 10.0.0.1 refused", 6000, time.Minute)
	c := s.got[0]
	require.Equal(t, change.Flood, c.Kind)
	require.Equal(t, "peer 10.0.0.1 refused", c.Example)
	require.InDelta(t, 0.1, c.Expected, 0.05)
	require.GreaterOrEqual(t, c.Observed, c.Upper)
	require.WithinDuration(t, start.Add(8*time.Hour), c.Start, 3*time.Minute)
	s.take()
	s.lines("rare", change.Error, "x", 36_000, 6*time.Minute)
	require.Equal(t, "flood updated rare", s.take(), "updates are rare")
}

func TestSilence(t *testing.T) {
	s := newStream(change.Options{Learning: 2 * time.Hour})
	s.mix(map[string]float64{"steady": 12, "other": 30, "rare": 0.05}, 12*time.Hour)
	require.Empty(t, s.take())
	s.mix(map[string]float64{"other": 30}, 20*time.Minute)
	require.Equal(t, "silence open steady", s.take())
	s.mix(map[string]float64{"steady": 12, "other": 30}, 20*time.Minute)
	require.Equal(t, "silence resolved steady", s.take())
	s.wait(3 * time.Hour)
	s.mix(map[string]float64{"steady": 12, "other": 30}, 20*time.Minute)
	require.Equal(t, "silence open ; silence resolved ", s.take(), "a service that is silent as a whole is one change")
}

func TestDeployIsOneChange(t *testing.T) {
	s := newStream(change.Options{Learning: 2 * time.Hour})
	before, after := map[string]float64{}, map[string]float64{}
	for i, what := range []string{"payment", "invoice", "parcel", "refund", "voucher", "basket", "login", "search", "export"} {
		id := what + " of the customer was handled by the back office"
		before[id] = float64(6 + 3*i)
		if i%3 == 0 {
			id = what + " of the customer was handled by the new back office"
		}
		after[id] = float64(6 + 3*i)
	}
	s.mix(before, 8*time.Hour)
	require.Empty(t, s.take())
	s.mix(after, 3*time.Hour)
	require.Equal(t, "deploy open ; deploy resolved ", s.take())
	s.lines("something else entirely broke", change.Error, "x", 1, time.Second)
	require.Equal(t, "new open something else entirely broke", s.take())
}

func TestSeverityFlip(t *testing.T) {
	s := newStream(change.Options{Learning: -1})
	s.lines("reply", change.Info, "x", 100, 10*time.Minute)
	s.take()
	s.lines("reply", change.Error, "reply 500", 3, time.Second)
	require.Equal(t, "severity_flip open reply", s.take())
}

func TestRestartNoiseAndOneOffLines(t *testing.T) {
	s := newStream(change.Options{Learning: 2 * time.Hour})
	s.mix(map[string]float64{"a": 10, "b": 3, "boot x": 0.02, "boot y": 0.02, "boot z": 0.02}, 12*time.Hour)
	for _, id := range []string{"boot x", "boot y", "boot z", "boot x"} {
		s.lines(id, change.Info, "x", 2, time.Second)
	}
	s.lines("once in a while", change.Warn, "x", 1, time.Second)
	s.mix(map[string]float64{"a": 10, "b": 3}, 2*time.Hour)
	s.lines("once in a while", change.Warn, "x", 1, time.Second)
	s.mix(map[string]float64{"a": 10, "b": 3}, 2*time.Hour)
	s.lines("once in a while", change.Warn, "x", 1, time.Second)
	require.Empty(t, s.take())
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
	s := newStream(change.Options{Learning: 2 * time.Hour})
	s.mix(map[string]float64{"rare": 0.03, "steady": 12}, 8*time.Hour)
	s.lines("rare", change.Info, "x", 200, time.Minute)
	require.Equal(t, "flood open rare; flood updated rare", s.take())
	after := newStream(change.Options{Learning: 2 * time.Hour})
	require.NoError(t, after.Restore(s.Snapshot()))
	after.now = s.now.Add(time.Hour)
	after.lines("rare", change.Info, "x", 3, time.Second)
	require.Equal(t, "flood resolved rare", after.take(), "it is known and its flood was open")
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

func TestFloodNeedNotWaitForADeploy(t *testing.T) {
	s := newStream(change.Options{Learning: time.Minute})
	s.mix(map[string]float64{"connection to the store was lost after <num> tries": 1, "other": 20}, time.Hour)
	s.take()
	s.lines("connection to the store was refused after <num> tries", change.Error, "x", 300, 3*time.Second)
	require.Equal(t, "new open connection to the store was refused after <num> tries; flood open connection to the store was refused after <num> tries; "+
		"new resolved connection to the store was refused after <num> tries", s.take())
}

func TestOldInstanceAfterADeployIsNoNews(t *testing.T) {
	s := newStream(change.Options{Learning: 2 * time.Hour})
	before, after := map[string]float64{}, map[string]float64{}
	for _, what := range []string{"payment", "invoice", "parcel", "refund"} {
		before[what+" of the customer was handled by the back office"] = 20
		after[what+" of the customer was handled by the new back office"] = 20
	}
	before["other"], after["other"] = 30, 30
	s.mix(before, 8*time.Hour)
	s.mix(after, 2*time.Hour)
	require.Equal(t, "deploy open ; deploy resolved ", s.take())
	s.lines("parcel of the customer was handled by the back office", change.Info, "x", 3, 3*time.Second)
	s.mix(after, time.Hour)
	require.Empty(t, s.take())
}

// Whatever lines and times come, state stays within its bounds and is readable.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 5, 250, 7, 8, 9, 128, 11, 12})
	f.Fuzz(func(t *testing.T, b []byte) {
		opt := change.Options{Learning: -1, MaxPatterns: 16}
		d, now := change.NewDetector(opt), start
		for i, c := range b {
			switch {
			case c >= 250:
				now = now.Add(time.Duration(c-252) * 7 * time.Hour) // also back
			case c >= 200:
				d.Advance(now)
				now = now.Add(time.Duration(c-199) * time.Second)
			default:
				id := fmt.Sprint("p", c%40)
				for range 1 + int(c)/8 {
					d.Observe(change.Line{
						ID: id, Template: "value <num> of <str> is <*>" + id, Text: fmt.Sprintf("value %d of %c is x%s", i, c, id),
						Severity: change.Severity(c % 4), Time: now.Add(-time.Duration(c%7) * time.Second),
					}, now)
				}
			}
			require.LessOrEqual(t, d.Stats().Patterns, 16)
		}
		for _, c := range d.Advance(now) {
			require.GreaterOrEqual(t, c.Score, 0.0)
			require.LessOrEqual(t, c.Score, 1.0)
		}
		require.NoError(t, change.NewDetector(opt).Restore(d.Snapshot()))
	})
}

func BenchmarkObserve(b *testing.B) {
	d := change.NewDetector(change.Options{})
	now := start
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = fmt.Sprintf("%016x", i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%100 == 0 {
			now = now.Add(time.Second)
			d.Advance(now)
		}
		id := ids[(i*7919)%len(ids)]
		d.Observe(change.Line{ID: id, Template: "order <num> of <str> paid", Text: "2026-03-09 10:00:00 INFO order 4711 of ann paid", Severity: change.Info, Time: now}, now)
	}
}

func TestMergedPatternsAreOne(t *testing.T) {
	s := newStream(change.Options{Learning: 2 * time.Hour})
	s.mix(map[string]float64{"a": 12, "b": 30, "other": 20}, 12*time.Hour)
	s.Join("b", "a", "unknown")
	require.Equal(t, 2, s.Stats().Patterns)
	s.mix(map[string]float64{"b": 42, "other": 20}, time.Hour)
	require.Empty(t, s.take(), "neither is a silent nor b a spike")
	s.Join("c", "b")
	s.mix(map[string]float64{"c": 42, "other": 20}, time.Hour)
	require.Empty(t, s.take(), "an id that is new to us is not news")
}

func TestReadsSnapshotsOfVersion2(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "snapshot_v2.bin")) // 26 hours of a heartbeat, and of orders that stopped
	require.NoError(t, err)
	s := newStream(change.Options{})
	require.NoError(t, s.Restore(b))
	require.Equal(t, change.Stats{Patterns: 2, Open: 1}, s.Stats())
	s.now = time.Date(2026, 3, 10, 3, 0, 0, 0, time.UTC)
	s.mix(map[string]float64{"beat": 6, "paid": 2}, time.Hour)
	require.Equal(t, "silence resolved paid", s.take())
	s.mix(map[string]float64{"beat": 60, "paid": 2}, 10*time.Minute)
	require.Contains(t, s.take(), "spike open beat", "its history is known")

	again := change.NewDetector(change.Options{})
	require.NoError(t, again.Restore(s.Snapshot()))
	require.Equal(t, s.Stats(), again.Stats())
	for _, bad := range []string{"", "TWLC", "TWLC\x01", "TWLC\x04abcdefgh", "TWLC\x03abcdefgh", "nonsense"} {
		require.ErrorIs(t, again.Restore([]byte(bad)), change.ErrSnapshot)
		require.Zero(t, again.Stats())
	}
}

func BenchmarkEachLineIsNew(b *testing.B) {
	d := change.NewDetector(change.Options{Learning: -1, MaxPatterns: 1000})
	now := start
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			now = now.Add(time.Second)
			d.Advance(now)
		}
		id := fmt.Sprintf("%016x", i)
		d.Observe(change.Line{ID: id, Template: "some words and then something new such as " + id, Text: "x", Severity: change.Info, Time: now}, now)
	}
}
