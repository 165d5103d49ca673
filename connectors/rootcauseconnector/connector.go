package rootcauseconnector

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/snapshot"
	"github.com/tidewatch/tidewatch/internal/tracewindow"
	"github.com/tidewatch/tidewatch/internal/tracewindow/feed"
	"github.com/tidewatch/tidewatch/rootcause"
)

// maxUnsent bounds the batches of findings that wait for the next component.
const maxUnsent = 30

// causes is the connector from traces to findings.
type causes struct {
	cfg       *Config
	set       connector.Settings
	next      consumer.Logs
	inbox     *inbox
	telemetry *telemetry
	panics    *contain.Teller
	now       func() time.Time
	window    *tracewindow.Window

	keeper *snapshot.Keeper
	quit   chan struct{}
	wg     sync.WaitGroup

	mu      sync.Mutex // guards watcher
	watcher *rootcause.Watcher
	totals  tracewindow.Totals // as counted
	unsent  []plog.Logs        // only check, of which there is one at a time, uses it
}

func newCauses(set connector.Settings, cfg *Config, inbox *inbox, next consumer.Logs) (*causes, error) {
	panics, err := contain.New(set.TelemetrySettings, "connector", set.ID)
	if err != nil {
		return nil, err
	}
	t, err := newTelemetry(set.TelemetrySettings)
	return &causes{
		cfg: cfg, set: set, next: next, inbox: inbox, telemetry: t, panics: panics, now: time.Now,
		window:  tracewindow.New(tracewindow.Settings{MaxBytes: cfg.MaxTraceBytes}),
		watcher: rootcause.NewWatcher(cfg.options()),
	}, err
}

// Capabilities says that spans are only read.
func (*causes) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// explained is what shows causes to people: the console extension.
type explained interface{ ServeRootCause(x rootcause.Explainer) }

// Start begins to compare, with what was usual before a restart.
func (c *causes) Start(ctx context.Context, host component.Host) error {
	if err := c.restore(ctx, host); err != nil {
		return err
	}
	for _, e := range host.GetExtensions() {
		if x, ok := e.(explained); ok {
			x.ServeRootCause(c)
		}
	}
	c.quit = make(chan struct{})
	c.wg.Go(func() {
		tick := time.NewTicker(c.cfg.Interval)
		defer tick.Stop()
		for {
			select {
			case <-c.quit:
				return
			case <-tick.C:
				_ = c.panics.Try(func() error { c.check(context.Background()); return nil }) // the next interval goes on
			}
		}
	})
	return nil
}

func (c *causes) restore(ctx context.Context, host component.Host) error {
	keeper, err := snapshot.Open(ctx, host, c.cfg.Storage, component.KindConnector, c.set.ID, "", c.set.Logger)
	if err != nil {
		return err
	}
	c.keeper = keeper
	state, err := keeper.Load(ctx)
	if err != nil {
		return errors.Join(err, keeper.Close(ctx))
	}
	if err := c.watcher.Restore(state, c.now()); err != nil {
		c.set.Logger.Warn("What was usual is not known any more; it is learned anew.", zap.Error(err))
	}
	keeper.Start(c.cfg.SnapshotInterval, func() ([]byte, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.watcher.Snapshot(c.now())
	})
	return nil
}

// Shutdown stops comparing. It may be called twice, and without Start.
func (c *causes) Shutdown(ctx context.Context) error {
	if c.quit == nil {
		return nil
	}
	close(c.quit)
	c.wg.Wait()
	c.quit = nil
	return c.keeper.Close(ctx)
}

// ConsumeTraces keeps the spans until their traces are complete.
func (c *causes) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	feed.Traces(c.window, td, c.now())
	return nil
}

// check compares what came to rest with the time before, and sends what is to say.
func (c *causes) check(ctx context.Context) {
	verdicts, totals, before, dropped := c.compare(c.now())
	add(c.telemetry.spans, int64(totals.Spans-before.Spans))
	add(c.telemetry.sampled, int64(totals.SampledSpans-before.SampledSpans))
	add(c.telemetry.lost, int64(totals.LostSpans+totals.DroppedSpans-before.LostSpans-before.DroppedSpans))
	add(c.telemetry.dropped, dropped)
	if len(verdicts) > 0 {
		c.save(ctx)
		c.unsent = append(c.unsent, c.findings(ctx, verdicts))
		if n := len(c.unsent) - maxUnsent; n > 0 {
			c.unsent = c.unsent[n:]
		}
	}
	c.send(ctx)
}

// compare takes what came to rest, and returns what is to say and the totals now and before.
func (c *causes) compare(now time.Time) (verdicts []rootcause.Verdict, totals, before tracewindow.Totals, dropped int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.window.Ripe(now) {
		if t.Revision == 1 {
			c.watcher.Add(c.trace(t, c.inbox.take(t.ID)))
		}
	}
	notes, dropped := c.inbox.drain()
	for _, n := range notes {
		c.watcher.Note(n.Note, now, n.over)
	}
	verdicts = c.watcher.Check(now)
	totals, before = c.window.Totals(), c.totals
	c.totals = totals
	return verdicts, totals, before, dropped
}

// save keeps a finding that began, changed or ended before anybody is told.
func (c *causes) save(ctx context.Context) {
	if c.keeper == nil {
		return // not started
	}
	if err := c.keeper.Save(ctx); err != nil {
		c.set.Logger.Warn("State was not saved; it is tried again at the next interval.", zap.Error(err))
	}
}

func (c *causes) send(ctx context.Context) {
	for len(c.unsent) > 0 {
		// What is sent belongs to the next component; it may change it before it refuses.
		copied := plog.NewLogs()
		c.unsent[0].CopyTo(copied)
		if c.next.ConsumeLogs(ctx, copied) != nil {
			c.telemetry.undelivered.Add(ctx, 1)
			return
		}
		c.unsent = c.unsent[1:]
	}
}

// trace is a trace of the window in the words of the library.
func (c *causes) trace(t *tracewindow.Trace, lines []rootcause.Line) *rootcause.Trace {
	out := &rootcause.Trace{ID: t.ID.String(), Spans: make([]rootcause.Span, len(t.Spans)), Lines: lines}
	for i := range t.Spans {
		s := &t.Spans[i]
		x := &out.Spans[i]
		*x = rootcause.Span{
			ID: spanID(i), Operation: s.Name, Kind: kind(s.Kind), Start: s.Start, Duration: time.Duration(s.Duration), Error: s.Failed,
		}
		if s.Parent >= 0 {
			x.Parent = spanID(s.Parent)
		}
		if r := s.Resource; r != nil {
			x.Service, x.Host, x.Version = r.Service, r.Host, r.Version
			x.Instance = instance(s)
		}
	}
	return out
}

// spanID names a span by its place in the trace; ids of spans are not needed.
func spanID(i int) string { return strconv.Itoa(i) }

// instance is the copy of the service that made a span.
func instance(s *tracewindow.Span) string {
	for _, key := range [...]string{"k8s.pod.name", "service.instance.id", "container.id"} {
		if v, ok := s.Attribute(key); ok {
			return v
		}
	}
	return ""
}

func kind(k tracewindow.Kind) rootcause.Kind {
	switch k {
	case tracewindow.Server:
		return rootcause.Server
	case tracewindow.Client:
		return rootcause.Client
	case tracewindow.Producer:
		return rootcause.Producer
	case tracewindow.Consumer:
		return rootcause.Consumer
	}
	return rootcause.Internal
}
