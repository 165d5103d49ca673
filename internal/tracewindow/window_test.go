package tracewindow_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tidewatch/tidewatch/internal/tracewindow"
)

var start = time.Unix(1_750_000_000, 0)

func traceID(n int) (id tracewindow.TraceID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	return id
}

// span is the n-th span of a trace, a child of the first.
func span(trace, n int) tracewindow.Span {
	s := tracewindow.Span{
		Trace: traceID(trace), ID: tracewindow.SpanID(n + 1), Name: fmt.Sprintf("operation %d", n%7), Kind: tracewindow.Internal,
		Start: start.UnixNano() + int64(n), Duration: 5, Attributes: []tracewindow.Attribute{{Key: "url.path", Value: fmt.Sprintf("/items/%d", n)}, {Key: "db.system", Value: "postgresql"}},
	}
	if n > 0 {
		s.ParentID = 1
	}
	return s
}

var web = &tracewindow.Resource{Service: "web", Host: "h1", Version: "1.2"}

func ripe(w *tracewindow.Window, now time.Time) (out []*tracewindow.Trace) {
	for t := range w.Ripe(now) {
		out = append(out, t)
	}
	return out
}

func TestATraceIsHandedOutAtRest(t *testing.T) {
	w := tracewindow.New(tracewindow.Settings{Quiet: 5 * time.Second})
	w.Add(start, web, []tracewindow.Span{span(1, 0), span(2, 0)})
	w.Add(start.Add(3*time.Second), web, []tracewindow.Span{span(1, 1)})
	require.Empty(t, ripe(w, start.Add(4*time.Second)))

	got := ripe(w, start.Add(5*time.Second))
	require.Len(t, got, 1)
	require.Equal(t, traceID(2), got[0].ID)
	got = ripe(w, start.Add(8*time.Second))
	require.Len(t, got, 1)
	tr := got[0]
	require.Equal(t, traceID(1), tr.ID)
	require.Equal(t, 1, tr.Revision)
	require.Equal(t, 1.0, tr.Weight)
	require.Equal(t, start, tr.First)
	require.Equal(t, start.Add(3*time.Second), tr.Last)
	require.Len(t, tr.Spans, 2)
	require.Equal(t, web.Version, tr.Spans[1].Resource.Version)
	v, ok := tr.Spans[1].Attribute("url.path")
	require.True(t, ok)
	require.Equal(t, "/items/1", v)
	from, to := tr.Bounds()
	require.Equal(t, [2]int64{start.UnixNano(), start.UnixNano() + 6}, [2]int64{from, to})

	require.Empty(t, ripe(w, start.Add(time.Minute)), "once is enough")
	late := start.Add(time.Minute)
	w.Add(late, web, []tracewindow.Span{span(1, 2)})
	require.EqualValues(t, 1, w.Totals().Late)
	got = ripe(w, late.Add(5*time.Second))
	require.Len(t, got, 1)
	require.Len(t, got[0].Spans, 3)
	require.Equal(t, 2, got[0].Revision)

	again, ok := w.Trace(traceID(1))
	require.True(t, ok)
	require.Equal(t, got[0], again)
	_, ok = w.Trace(traceID(9))
	require.False(t, ok)
	n := 0
	for range w.All() {
		n++
	}
	require.Equal(t, 2, n)
}

func TestATraceThatNeverRestsIsHandedOutAtItsAge(t *testing.T) {
	w := tracewindow.New(tracewindow.Settings{Quiet: 5 * time.Second, MaxAge: 30 * time.Second})
	for i := range 40 {
		now := start.Add(time.Duration(i) * time.Second)
		w.Add(now, web, []tracewindow.Span{span(1, i)})
		got := ripe(w, now)
		require.Len(t, got, map[bool]int{true: 1}[i == 30], "second %d", i)
	}
	require.Len(t, ripe(w, start.Add(50*time.Second)), 1, "what came after that")
}

func TestAHugeTraceIsBounded(t *testing.T) {
	w := tracewindow.New(tracewindow.Settings{MaxBytes: 64 << 20})
	var spans []tracewindow.Span
	for i := range 100_200 {
		spans = append(spans, span(1, i))
	}
	w.Add(start, web, spans)
	totals := w.Totals()
	require.EqualValues(t, 200, totals.DroppedSpans)
	require.Equal(t, 100_000, totals.HeldSpans)
	got := ripe(w, start.Add(time.Hour))
	require.Len(t, got, 1)
	require.Len(t, got[0].Spans, 100_000)
	require.Equal(t, 200, got[0].Dropped)

	w = tracewindow.New(tracewindow.Settings{MaxBytes: 1 << 20})
	w.Add(start, web, spans)
	totals = w.Totals()
	require.LessOrEqual(t, totals.Bytes, int64(1<<20))
	require.Equal(t, totals.Spans, totals.DroppedSpans+totals.LostSpans+totals.SampledSpans+uint64(totals.HeldSpans))
}

func TestTheBudgetHolds(t *testing.T) {
	const budget = 1 << 20
	w := tracewindow.New(tracewindow.Settings{MaxBytes: budget, Quiet: 2 * time.Second})
	now := start
	var weight float64
	traces, handed := 0, 0
	for range 30 { // of which the budget holds about a second's
		for range 100 {
			now = now.Add(10 * time.Millisecond)
			for range 10 {
				traces++
				for n := range 5 {
					w.Add(now, web, []tracewindow.Span{span(traces, n)})
				}
			}
			require.LessOrEqual(t, w.Totals().Bytes, int64(budget))
		}
		for tr := range w.Ripe(now) {
			require.Len(t, tr.Spans, 5, "admitted traces are whole")
			handed++
			weight += tr.Weight
		}
	}
	for tr := range w.Ripe(now.Add(time.Hour)) {
		handed++
		weight += tr.Weight
	}
	totals := w.Totals()
	t.Logf("%d of %d traces handed out, standing for %.0f; %+v", handed, traces, weight, totals)
	require.EqualValues(t, 5*traces, totals.Spans)
	require.Positive(t, totals.SampledSpans)
	require.Less(t, totals.Share, 1.0)
	// Each trace is counted: sampled, lost, evicted after it was handed out, or held.
	require.EqualValues(t, handed, totals.EvictedTraces+uint64(totals.Traces))
	require.EqualValues(t, traces, uint64(handed)+totals.LostTraces+totals.SampledSpans/5)
	require.Less(t, totals.LostTraces, uint64(traces/10), "most are turned away rather than lost")
	require.InEpsilon(t, float64(traces), weight+float64(totals.LostTraces), 0.15)

	for range 60 { // the flood ends
		now = now.Add(time.Second)
		traces++
		w.Add(now, web, []tracewindow.Span{span(traces, 0)})
	}
	require.Equal(t, 1.0, w.Totals().Share)
}

// TestBytesAreHonest compares what the window thinks it holds with what the heap says.
func TestBytesAreHonest(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	w := tracewindow.New(tracewindow.Settings{MaxBytes: 4 << 20})
	for i := range 30_000 {
		w.Add(start.Add(time.Duration(i)*time.Millisecond), web, []tracewindow.Span{span(i/10, i)})
		if i%1000 == 0 {
			ripe(w, start.Add(time.Duration(i)*time.Millisecond))
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	heap, held := float64(after.HeapAlloc)-float64(before.HeapAlloc), float64(w.Totals().Bytes)
	t.Logf("heap %.1f MB, counted %.1f MB, %d spans", heap/1e6, held/1e6, w.Totals().HeldSpans)
	require.InDelta(t, 1, heap/held, 0.4)
	runtime.KeepAlive(w)
}

func TestTextsAreCopiedAndCut(t *testing.T) {
	w := tracewindow.New(tracewindow.Settings{})
	long := make([]byte, 10_000)
	for i := range long {
		long[i] = 0xE2
	}
	s := span(1, 0)
	s.Name = string(long)
	s.Duration = math.MinInt64
	w.Add(start, &tracewindow.Resource{Service: string(long)}, []tracewindow.Span{s, {}})
	tr, ok := w.Trace(traceID(1))
	require.True(t, ok)
	require.LessOrEqual(t, len(tr.Spans[0].Name), 256)
	require.LessOrEqual(t, len(tr.Spans[0].Resource.Service), 256)
	require.Zero(t, tr.Spans[0].Duration)
	require.EqualValues(t, 1, w.Totals().DroppedSpans, "a span without a trace")
}

func TestTraceIDs(t *testing.T) {
	id, ok := tracewindow.ParseTraceID("abc")
	require.True(t, ok)
	require.Equal(t, "00000000000000000000000000000abc", id.String())
	for _, bad := range []string{"", "0", "xy", "000000000000000000000000000000001"} {
		_, ok := tracewindow.ParseTraceID(bad)
		require.False(t, ok, bad)
	}
}
