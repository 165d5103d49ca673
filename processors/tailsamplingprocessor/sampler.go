package tailsamplingprocessor

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/snapshot"
)

const (
	// attrReason and attrCount are on one span of every trace that is kept: why it was, and for how many
	// of its path and reason it stands. The sum of the counts is the number of traces seen, but for
	// those dropped since one of their path was kept last.
	attrReason = "tidewatch.sampling.reason"
	attrCount  = "tidewatch.sampling.count"
	// step is how often it is looked for traces that are at rest.
	step = time.Second
	// maxUnsent is how many spans may wait for the next component before no more are taken.
	maxUnsent = 20_000
)

var errFull = errors.New("spans that were decided on wait for the next component")

// sampler keeps traces until they can be judged.
type sampler struct {
	cfg       *Config
	set       processor.Settings
	next      consumer.Traces
	telemetry *telemetry
	now       func() time.Time

	quit   chan struct{}
	wg     sync.WaitGroup
	keeper *snapshot.Keeper

	mu        sync.Mutex // guards all below
	buffer    buffer
	history   history
	budget    budget
	fairness  fairness
	decisions decisions
	counts    counts
	unsent    ptrace.Traces // kept, not passed on
	aged      time.Time
}

func newSampler(set processor.Settings, cfg *Config, next consumer.Traces) (*sampler, error) {
	s := &sampler{
		cfg: cfg, set: set, next: next, now: time.Now,
		buffer:    buffer{traces: map[pcommon.TraceID]*waitingTrace{}},
		history:   history{cfg: cfg, operations: map[uint64]*operation{}, paths: map[uint64]*path{}, scratch: map[uint64]struct{}{}},
		budget:    budget{perSecond: cfg.SpansPerSecond},
		fairness:  fairness{kept: map[uint64]float64{}, maximum: cfg.MaxPaths},
		decisions: decisions{kept: map[pcommon.TraceID]bool{}, most: cfg.MaxDecisions},
		unsent:    ptrace.NewTraces(),
	}
	var err error
	s.telemetry, err = newTelemetry(set.TelemetrySettings, s)
	return s, err
}

// Capabilities says that batches become the processor's own.
func (*sampler) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

// Start begins to look for traces that are at rest.
func (s *sampler) Start(ctx context.Context, host component.Host) error {
	keeper, err := snapshot.Open(ctx, host, s.cfg.Storage, component.KindProcessor, s.set.ID, "", s.set.Logger)
	if err != nil {
		return err
	}
	saved, err := keeper.Load(ctx)
	if err != nil {
		return errors.Join(err, keeper.Close(ctx))
	}
	if err := s.history.restore(saved); err != nil {
		s.set.Logger.Warn("What was learned of traces can't be used; it is learned anew.", zap.Error(err))
	}
	keeper.Start(s.cfg.SnapshotInterval, s.save)
	s.keeper = keeper
	s.quit = make(chan struct{})
	s.wg.Go(func() {
		tick := time.NewTicker(step)
		defer tick.Stop()
		for {
			select {
			case <-s.quit:
				return
			case <-tick.C:
				s.decide(s.now())
				_ = s.send(context.Background()) // what is refused waits, and is counted
			}
		}
	})
	return nil
}

// Shutdown decides on everything that waits.
func (s *sampler) Shutdown(ctx context.Context) error {
	s.telemetry.close()
	if s.quit == nil {
		return nil
	}
	close(s.quit)
	s.wg.Wait()
	s.quit = nil
	s.mu.Lock()
	for s.buffer.first != nil {
		s.judge(s.buffer.first, s.now())
	}
	s.mu.Unlock()
	return errors.Join(s.send(ctx), s.keeper.Close(ctx))
}

func (s *sampler) save() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.history.snapshot()
}

// ConsumeTraces keeps the spans until their traces are at rest.
func (s *sampler) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsent.SpanCount() > maxUnsent {
		return errFull
	}
	s.buffer.add(td, now, s.late)
	for s.buffer.bytes > s.cfg.MaxBytes && s.buffer.first != nil {
		s.counts.early++
		s.judge(s.buffer.first, now)
	}
	return nil
}

// late takes a span whose trace was decided on.
func (s *sampler) late(rs ptrace.ResourceSpans, ss ptrace.ScopeSpans, span ptrace.Span) bool {
	kept, ok := s.decisions.kept[span.TraceID()]
	if !ok {
		return false
	}
	if kept {
		span.CopyTo(appendScope(s.unsent, rs, ss).AppendEmpty())
		s.counts.late++
	} else {
		s.counts.lateDropped++
	}
	return true
}

// decide judges the traces that are at rest.
func (s *sampler) decide(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for t := s.buffer.first; t != nil && now.Sub(t.last) >= s.cfg.Quiet; t = s.buffer.first {
		s.judge(t, now)
	}
	for t := s.buffer.first; t != nil; {
		following := t.next
		if now.Sub(t.first) >= s.cfg.MaxWait {
			s.judge(t, now)
		}
		t = following
	}
	if now.Sub(s.aged) >= time.Minute {
		s.aged = now
		s.history.forget(now)
	}
	s.telemetry.record(&s.counts)
}

// judge keeps a trace or drops it.
func (s *sampler) judge(t *waitingTrace, now time.Time) {
	s.buffer.take(t)
	l := s.history.look(t, now)
	p, isRare := s.history.seen(l.path, now)
	why := rest
	switch {
	case l.failed:
		why = failed
	case l.slow:
		why = slow
	case isRare:
		why = rare
	}
	s.budget.fill(now)
	turn := why != rest || s.fairness.takes(l.path, now) || s.budget.plenty(rest)
	kept := turn && s.budget.spend(why, t.spans)
	s.decisions.put(t.id, kept)
	dropped := &s.history.orphaned
	if p != nil {
		dropped = &p.dropped
	}
	if !kept {
		dropped[why]++
		s.counts.dropped[why].add(t.spans)
		return
	}
	if why == rest {
		s.fairness.add(l.path, t.spans)
	}
	s.counts.kept[why].add(t.spans)
	count := 1 + dropped[why]
	dropped[why] = 0
	mark(t, why, count)
	t.appendTo(s.unsent)
}

// mark writes on one span why the trace was kept: the earliest of those without a parent, or of all.
func mark(t *waitingTrace, why reason, count int64) {
	best := t.parts[0].spans[0]
	t.each(func(_ ptrace.ResourceSpans, s ptrace.Span) {
		if root := s.ParentSpanID().IsEmpty(); root != best.ParentSpanID().IsEmpty() {
			if root {
				best = s
			}
		} else if s.StartTimestamp() < best.StartTimestamp() {
			best = s
		}
	})
	best.Attributes().PutStr(attrReason, why.String())
	best.Attributes().PutInt(attrCount, count)
}

// send passes on what was kept. What is refused waits.
func (s *sampler) send(ctx context.Context) error {
	s.mu.Lock()
	td := s.unsent
	s.unsent = ptrace.NewTraces()
	s.mu.Unlock()
	if td.SpanCount() == 0 {
		return nil
	}
	copied := ptrace.NewTraces() // the next component may change what it refuses
	td.CopyTo(copied)
	err := s.next.ConsumeTraces(ctx, copied)
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.refused++
	s.unsent.ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	s.unsent = td
	return err
}
