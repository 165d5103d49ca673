package tailsamplingprocessor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Unix(1_750_000_000, 0)

// rig is a processor by a clock of its own.
type rig struct {
	t    testing.TB
	s    *sampler
	now  time.Time
	sink *consumertest.TracesSink
	ids  uint64
}

func newRig(t testing.TB, change func(*Config)) *rig {
	cfg := createDefaultConfig().(*Config)
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	r := &rig{t: t, now: start, sink: &consumertest.TracesSink{}}
	var err error
	r.s, err = newSampler(processortest.NewNopSettings(NewFactory().Type()), cfg, r.sink)
	require.NoError(t, err)
	r.s.now = func() time.Time { return r.now }
	t.Cleanup(func() { require.NoError(t, r.s.Shutdown(context.Background())) })
	return r
}

// trace sends a trace of spans through the operations of a path, the root lasting took.
func (r *rig) trace(path string, spans int, took time.Duration, failed bool) uint64 {
	r.ids++
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "web")
	to := rs.ScopeSpans().AppendEmpty().Spans()
	for i := range spans {
		span(to.AppendEmpty(), r.ids, i, fmt.Sprint(path, i%5), r.now, took, failed && i == spans-1)
	}
	require.NoError(r.t, r.s.ConsumeTraces(r.t.Context(), td))
	return r.ids
}

func span(s ptrace.Span, trace uint64, n int, name string, at time.Time, took time.Duration, failed bool) {
	id := pcommon.TraceID{}
	binary.BigEndian.PutUint64(id[:], trace)
	s.SetTraceID(id)
	s.SetSpanID(pcommon.SpanID{0: 1, 6: byte(n >> 8), 7: byte(n)})
	s.SetKind(ptrace.SpanKindInternal)
	if n > 0 {
		s.SetParentSpanID(pcommon.SpanID{0: 1})
		took /= 2
	}
	s.SetName(name)
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(n))))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(n) + took)))
	if failed {
		s.Status().SetCode(ptrace.StatusCodeError)
	}
	s.Attributes().PutStr("url.path", "/some/path/of/usual/length")
}

// pass moves the clock and lets the processor decide.
func (r *rig) pass(d time.Duration) {
	r.now = r.now.Add(d)
	r.s.decide(r.now)
	require.NoError(r.t, r.s.send(r.t.Context()))
}

// outcome is what was kept, by reason.
type outcome struct {
	traces, counts map[string]int
	spans          int
	ids            map[uint64]int // spans by trace
	names          map[string]int // traces by the name of the root
}

func (r *rig) kept() outcome {
	o := outcome{traces: map[string]int{}, counts: map[string]int{}, ids: map[uint64]int{}, names: map[string]int{}}
	for _, td := range r.sink.AllTraces() {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, s := range ss.Spans().All() {
					o.spans++
					id := s.TraceID()
					o.ids[binary.BigEndian.Uint64(id[:])]++
					why, ok := s.Attributes().Get(attrReason)
					if !ok {
						continue
					}
					n, _ := s.Attributes().Get(attrCount)
					o.traces[why.Str()]++
					o.counts[why.Str()] += int(n.Int())
					o.names[s.Name()]++
				}
			}
		}
	}
	return o
}

func TestWhatIsWorthIt(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SpansPerSecond = 50 })
	ordinary := 0
	second := func(n int) {
		for i := range n {
			r.trace("home", 5, time.Duration(10+i%10)*time.Millisecond, false)
			ordinary++
		}
		r.pass(time.Second)
	}
	for range 700 {
		second(20) // 100 spans a second, twice the budget
	}
	var failed, slow, rare []uint64
	for i := range 30 {
		if i%3 == 0 {
			failed = append(failed, r.trace("home", 5, 10*time.Millisecond, true))
			slow = append(slow, r.trace("home", 5, 200*time.Millisecond, false))
		}
		if i%10 == 0 {
			rare = append(rare, r.trace("nightly job", 5, time.Second, false))
		}
		second(20)
	}
	r.pass(10 * time.Second)
	o := r.kept()
	for why, ids := range map[string][]uint64{"error": failed, "slow": slow, "rare": rare} {
		require.Equal(t, len(ids), o.traces[why], why)
		require.Equal(t, len(ids), o.counts[why], why)
		for _, id := range ids {
			require.Equal(t, 5, o.ids[id], "%s trace %d is whole", why, id)
		}
	}
	seconds := r.now.Sub(start).Seconds()
	require.InEpsilon(t, 50*seconds, o.spans, 0.05, "the budget is kept, and used")
	dropped := 0
	for _, p := range r.s.history.paths {
		dropped += int(p.dropped[rest])
	}
	require.Equal(t, ordinary, o.counts["rest"]+dropped, "the counts are exact")
	require.InEpsilon(t, ordinary, o.counts["rest"], 0.01)
}

func TestTheRestIsFair(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SpansPerSecond = 50 })
	for range 300 {
		for range 30 {
			r.trace("busy", 5, 10*time.Millisecond, false)
		}
		r.trace("calm", 5, 10*time.Millisecond, false)
		r.trace("other", 5, 10*time.Millisecond, false)
		r.pass(time.Second)
	}
	o := r.kept()
	require.Greater(t, o.names["calm0"], 250, "nearly all of a path with little traffic: %v", o.names)
	require.Greater(t, o.names["busy0"], o.names["calm0"], "what nobody else wants is for the busy: %v", o.names)
}

func TestErrorsHaveABudgetToo(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SpansPerSecond = 50 })
	for range 100 {
		for range 100 {
			r.trace("down", 5, 10*time.Millisecond, true)
		}
		r.trace("fine", 5, 10*time.Millisecond, false)
		r.pass(time.Second)
	}
	r.pass(10 * time.Second)
	o := r.kept()
	require.InEpsilon(t, 50*r.now.Sub(start).Seconds(), o.spans, 0.2)
	require.Equal(t, 100, o.traces["rest"], "an outage does not take the place of everything else")
	dropped := 0
	for _, p := range r.s.history.paths {
		dropped += int(p.dropped[failed])
	}
	require.Equal(t, 100*100, o.counts["error"]+dropped)
}

func TestLateSpansFollowTheDecision(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SpansPerSecond = 1 })
	late := func(id uint64) {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "late")
		span(rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty(), id, 9, "late", r.now, time.Millisecond, false)
		require.NoError(t, r.s.ConsumeTraces(t.Context(), td))
	}
	kept := r.trace("a", 50, time.Millisecond, false)
	r.pass(3 * time.Second)
	late(kept) // not yet decided
	r.pass(4 * time.Second)
	require.Empty(t, r.kept().ids)
	r.pass(time.Second)
	require.Equal(t, 51, r.kept().ids[kept])
	dropped := r.trace("a", 5, time.Millisecond, false)
	r.pass(6 * time.Second)
	late(kept)
	late(dropped)
	require.EqualValues(t, 1, r.s.counts.late)
	require.EqualValues(t, 1, r.s.counts.lateDropped)
	r.pass(6 * time.Second)
	require.Equal(t, map[uint64]int{kept: 52}, r.kept().ids)
	require.Empty(t, r.s.buffer.traces)
	require.Zero(t, r.s.buffer.bytes)
}

func TestATraceThatNeverRests(t *testing.T) {
	r := newRig(t, nil)
	id := r.trace("stream", 5, time.Millisecond, false)
	for range 30 {
		r.ids = id - 1
		r.trace("stream", 1, time.Millisecond, false)
		r.pass(time.Second)
	}
	r.pass(time.Second)
	require.GreaterOrEqual(t, r.kept().ids[id], 30)
}

// TestOverload sends ten times what fits: memory stays bounded and every trace is decided on.
func TestOverload(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxBytes, c.SpansPerSecond = 2<<20, 100 })
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 10_000 {
		r.trace("flood", 10, time.Millisecond, false)
		require.LessOrEqual(t, r.s.buffer.bytes, int64(2<<20))
		r.now = r.now.Add(100 * time.Microsecond)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("heap %.1f MB, estimated %.1f MB, %d waiting, %d early", float64(after.HeapAlloc-before.HeapAlloc)/1e6, float64(r.s.buffer.bytes)/1e6, len(r.s.buffer.traces), r.s.counts.early)
	require.Less(t, after.HeapAlloc-before.HeapAlloc, uint64(6<<20))
	require.Positive(t, r.s.counts.early)
	r.pass(time.Minute)
	o := r.kept()
	dropped := 0
	for _, p := range r.s.history.paths {
		dropped += int(p.dropped[rest])
	}
	require.Equal(t, 10_000, o.counts["rest"]+dropped)
}

func TestBackPressure(t *testing.T) {
	r := newRig(t, func(c *Config) { c.SpansPerSecond = 1e6 })
	down := consumertest.NewErr(errors.New("down"))
	r.s.next = down
	for range 9 {
		r.trace("a", 2500, time.Millisecond, false)
		r.now = r.now.Add(10 * time.Second)
		r.s.decide(r.now)
		require.Error(t, r.s.send(t.Context()))
	}
	require.ErrorIs(t, r.s.ConsumeTraces(t.Context(), ptrace.NewTraces()), errFull)
	r.s.next = r.sink
	require.NoError(t, r.s.send(t.Context()))
	require.Equal(t, 9*2500, r.kept().spans, "nothing was lost")
	require.NoError(t, r.s.ConsumeTraces(t.Context(), ptrace.NewTraces()))
}

func TestHistoryIsBounded(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxOperations, c.MaxPaths, c.MaxDecisions = 20, 10, 30 })
	for i := range 200 {
		r.trace(fmt.Sprint("path with an id ", i, " "), 3, time.Millisecond, false)
		r.pass(6 * time.Second)
	}
	require.LessOrEqual(t, len(r.s.history.operations), 20)
	require.LessOrEqual(t, len(r.s.history.paths), 10)
	require.Len(t, r.s.decisions.kept, 30)
	r.pass(24 * time.Hour)
	require.Empty(t, r.s.history.operations)
	require.Empty(t, r.s.history.paths)
}

func TestShutdownDecides(t *testing.T) {
	sink := &consumertest.TracesSink{}
	f := NewFactory()
	p, err := f.CreateTraces(t.Context(), processortest.NewNopSettings(f.Type()), f.CreateDefaultConfig(), consumer.Traces(sink))
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	td := ptrace.NewTraces()
	span(td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty(), 1, 0, "x", start, time.Second, false)
	require.NoError(t, p.ConsumeTraces(t.Context(), td))
	require.NoError(t, p.Shutdown(t.Context()))
	require.NoError(t, p.Shutdown(t.Context()))
	require.Equal(t, 1, sink.SpanCount())
}

func TestConfig(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, componenttest.CheckConfigStruct(cfg))
	conf, err := confmaptest.LoadConf("testdata/config.yaml")
	require.NoError(t, err)
	sub, err := conf.Sub("tail_sampling")
	require.NoError(t, err)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	require.Equal(t, 100.0, cfg.SpansPerSecond)
	for message, change := range map[string]func(*Config){
		"spans_per_second must be positive":       func(c *Config) { c.SpansPerSecond = 0 },
		"quiet must be positive":                  func(c *Config) { c.Quiet = 0 },
		"max_wait must not be shorter than quiet": func(c *Config) { c.MaxWait = 1 },
		"max_bytes must be at least 1048576":      func(c *Config) { c.MaxBytes = 1 },
		"slow_ratio must be at least 1":           func(c *Config) { c.SlowRatio = 0.5 },
		"rare_per_hour must not be negative":      func(c *Config) { c.RarePerHour = -1 },
		"max_decisions must be positive":          func(c *Config) { c.MaxDecisions = 0 },
		"max_paths must be positive":              func(c *Config) { c.MaxPaths = 0 },
		"max_operations must be positive":         func(c *Config) { c.MaxOperations = 0 },
	} {
		cfg := createDefaultConfig().(*Config)
		change(cfg)
		require.ErrorContains(t, cfg.Validate(), message)
	}
}

func BenchmarkSpans(b *testing.B) {
	const traces, spans = 100, 10
	r := newRig(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		rs.Resource().Attributes().PutStr("service.name", "web")
		to := rs.ScopeSpans().AppendEmpty().Spans()
		for range traces {
			r.ids++
			for n := range spans {
				span(to.AppendEmpty(), r.ids, n, "operation", r.now, 10*time.Millisecond, false)
			}
		}
		b.StartTimer()
		if err := r.s.ConsumeTraces(b.Context(), td); err != nil {
			b.Fatal(err)
		}
		r.now = r.now.Add(traces * spans * time.Second / 30_000)
		if r.ids%3000 == 0 {
			r.s.decide(r.now)
			_ = r.s.send(b.Context())
			r.sink.Reset()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*traces*spans), "ns/span")
}
