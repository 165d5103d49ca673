package redconnector

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/tidewatch/tidewatch/internal/contain"
	"github.com/tidewatch/tidewatch/internal/pressure"
)

// maxUnsent bounds the deltas that wait for the next component to accept them.
const maxUnsent = 30

// red counts spans and sends the counts at intervals.
type red struct {
	cfg       *Config
	next      consumer.Metrics
	telemetry *telemetry
	pressure  pressure.Source
	shed      *pressure.Counter
	panics    *contain.Teller
	now       func() time.Time

	quit chan struct{}
	wg   sync.WaitGroup

	mu     sync.Mutex // guards table and graph
	table  *table
	graph  *graph
	spans  int64
	unsent []pmetric.Metrics // deltas that were refused; only send, of which there is one at a time, uses it
}

func newRED(set connector.Settings, cfg *Config, next consumer.Metrics) (*red, error) {
	r := &red{cfg: cfg, next: next, now: time.Now, table: newTable(cfg), pressure: pressure.None()}
	r.graph = newGraph(cfg, &r.table.overflow)
	var err error
	if r.shed, err = pressure.NewCounter(set.TelemetrySettings, "connector", set.ID); err != nil {
		return nil, err
	}
	if r.panics, err = contain.New(set.TelemetrySettings, "connector", set.ID); err != nil {
		return nil, err
	}
	r.telemetry, err = newTelemetry(set.TelemetrySettings, r)
	return r, err
}

// Capabilities says that spans are only read.
func (*red) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// Start begins to send.
func (r *red) Start(_ context.Context, host component.Host) error {
	r.pressure = pressure.Of(host)
	r.quit = make(chan struct{})
	r.wg.Go(func() {
		tick := time.NewTicker(r.cfg.Interval)
		defer tick.Stop()
		for {
			select {
			case <-r.quit:
				return
			case <-tick.C:
				_ = r.panics.Try(func() error { r.send(context.Background()); return nil }) // the next interval goes on
			}
		}
	})
	return nil
}

// Shutdown sends what was counted since the last interval.
func (r *red) Shutdown(ctx context.Context) error {
	r.telemetry.close()
	if r.quit == nil {
		return nil
	}
	close(r.quit)
	r.wg.Wait()
	r.quit = nil
	r.send(ctx)
	return nil
}

// ConsumeTraces counts the spans.
func (r *red) ConsumeTraces(_ context.Context, td ptrace.Traces) error {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rs := range td.ResourceSpans().All() {
		n := spansOf(rs)
		if n == 0 {
			continue
		}
		r.spans += int64(n)
		resource := rs.Resource().Attributes()
		s := r.table.service(resource, n, now)
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				nanoseconds := duration(span)
				r.table.count(s, resource, span, nanoseconds, now)
				if r.cfg.ServiceGraph.Enabled {
					r.graph.count(s, span, nanoseconds, now)
				}
			}
		}
	}
	return nil
}

func spansOf(rs ptrace.ResourceSpans) int {
	n := 0
	for _, ss := range rs.ScopeSpans().All() {
		n += ss.Spans().Len()
	}
	return n
}

// duration is in nanoseconds, 0 if the clock went backwards.
func duration(span ptrace.Span) float64 {
	start, end := span.StartTimestamp(), span.EndTimestamp()
	if end <= start {
		return 0
	}
	return float64(end - start)
}

// send delivers the counts. Cumulative ones make up for what fails now at the next interval; deltas
// wait.
func (r *red) send(ctx context.Context) {
	md := r.collect()
	if r.cfg.Temporality == temporalityCumulative {
		if md.MetricCount() > 0 && r.next.ConsumeMetrics(ctx, md) != nil {
			r.telemetry.undelivered.Add(ctx, 1)
		}
		return
	}
	if md.MetricCount() > 0 {
		r.unsent = append(r.unsent, md)
	}
	if n := len(r.unsent) - maxUnsent; n > 0 {
		r.telemetry.dropped.Add(ctx, int64(n))
		r.unsent = r.unsent[n:]
	}
	for len(r.unsent) > 0 {
		// What is sent belongs to the next component; it may change it before it refuses.
		copied := pmetric.NewMetrics()
		r.unsent[0].CopyTo(copied)
		if r.next.ConsumeMetrics(ctx, copied) != nil {
			r.telemetry.undelivered.Add(ctx, 1)
			return
		}
		r.unsent = r.unsent[1:]
	}
}
