// Package contain keeps a panic of one component from ending the agent: it is
// recovered where it happened, counted in tidewatch_panics, told with its stack at
// most once a minute, and what ran is run again after a while.
//
// What the Go runtime calls fatal cannot be contained: running out of memory, a map
// that is written by two goroutines at once, a deadlock of everything. Nor can a
// panic in a goroutine that other code has started.
package contain

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
)

const (
	meterName = "github.com/tidewatch/tidewatch/internal/contain"
	// quiet is how long nothing is logged after a panic was: its stack has some
	// kilobytes, and a component that fails on each batch would fill the disk.
	quiet = time.Minute
	// first and most are the waits before what has panicked runs again.
	first = time.Second
	most  = 5 * time.Minute
	// steady is how long it must have run for the next wait to be short again.
	steady = 10 * time.Minute
)

// Panic is a recovered panic as an error.
type Panic struct {
	// Component has panicked, for example processor/log_pattern.
	Component string
	// Value is what it panicked with.
	Value any
}

func (p *Panic) Error() string { return fmt.Sprintf("%s panicked: %v", p.Component, p.Value) }

// Teller counts the panics of one component and tells of them. It is safe for
// concurrent use.
type Teller struct {
	component string
	logger    *zap.Logger
	label     metric.MeasurementOption
	panics    metric.Int64Counter
	dropped   metric.Int64Counter
	restarts  metric.Int64Counter
	now       func() time.Time

	mu     sync.Mutex // guards the rest
	told   time.Time  // when the last panic was logged
	silent int        // panics since then
}

// New returns the teller of the component of a kind ("processor") with an id.
func New(set component.TelemetrySettings, kind string, id component.ID) (*Teller, error) {
	t := &Teller{component: kind + "/" + id.String(), logger: set.Logger, now: time.Now}
	t.label = metric.WithAttributeSet(attribute.NewSet(attribute.String("component", t.component)))
	meter := set.MeterProvider.Meter(meterName)
	var err1, err2, err3 error
	t.panics, err1 = meter.Int64Counter("tidewatch_panics", metric.WithUnit("{panic}"), metric.WithDescription("Panics of a component that were contained."))
	t.dropped, err2 = meter.Int64Counter("tidewatch_panic_dropped_items", metric.WithUnit("{item}"), metric.WithDescription("Records that a component panicked on again and again, and that were given up for it."))
	t.restarts, err3 = meter.Int64Counter("tidewatch_panic_restarts", metric.WithUnit("{restart}"), metric.WithDescription("How often a component was started anew because it panicked."))
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	return t, nil
}

// Caught counts a recovered value and returns it as an error. It must be called
// while panicking, that is from the deferred function, for the stack to be there.
func (t *Teller) Caught(ctx context.Context, value any) *Panic {
	t.panics.Add(ctx, 1, t.label)
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now(); t.told.IsZero() || now.Sub(t.told) >= quiet {
		t.logger.Error("A part of the agent panicked; it goes on without what it was doing. Please report this.",
			zap.String("part", t.component), zap.Any("panic", value), zap.Int("since_last_told", t.silent), zap.ByteString("stack", debug.Stack()))
		t.told, t.silent = now, 0
	} else {
		t.silent++
	}
	return &Panic{Component: t.component, Value: value}
}

// Dropped counts items that are given up because of a panic.
func (t *Teller) Dropped(ctx context.Context, items int) {
	t.dropped.Add(ctx, int64(items), t.label)
}

// Restarted counts one start anew.
func (t *Teller) Restarted(ctx context.Context) { t.restarts.Add(ctx, 1, t.label) }

// Try runs fn; a panic of it is told and returned as an error of type *Panic.
func (t *Teller) Try(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = t.Caught(context.Background(), v)
		}
	}()
	return fn()
}

// Run runs fn, and again if it panics, after a wait that doubles from a second to five
// minutes, until it returns or stop is closed. fn must be able to begin anew: locks
// that it takes are released by defer.
func (t *Teller) Run(stop <-chan struct{}, fn func()) {
	var wait Backoff
	for {
		began := t.now()
		if t.Try(func() error { fn(); return nil }) == nil {
			return
		}
		select {
		case <-stop:
			return
		default:
		}
		timer := time.NewTimer(wait.Next(t.now().Sub(began)))
		select {
		case <-stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		t.Restarted(context.Background())
	}
}

// Backoff is how long to wait before the next start. The zero value is ready.
type Backoff struct{ last time.Duration }

// Next returns the wait after a run of some length: a second at first, twice as much
// each time up to five minutes, and a second again after ten good minutes.
func (b *Backoff) Next(ran time.Duration) time.Duration {
	if b.last == 0 || ran >= steady {
		b.last = first
	} else {
		b.last = min(2*b.last, most)
	}
	return b.last
}
