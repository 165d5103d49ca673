package undelivered

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tidewatch/tidewatch/internal/contain"
)

const (
	// reasonPanic is why a batch is given up on which pushing it panics.
	reasonPanic = "panic"
	// attempts is how often such a batch is tried.
	attempts = 3
	// maxSuspects bounds the batches that are remembered; a queue has a few in flight.
	maxSuspects = 64
)

// Contained returns push such that a panic of it does not end the process, as it would in a
// goroutine of a queue: the batch goes back to the queue with an error, and is dropped
// and counted after three panics. What push returns of Try counts as its panic. items is
// the number of records of a batch.
func Contained[D comparable](c *Counter, items func(D) int, push func(context.Context, D) error) func(context.Context, D) error {
	s := &suspects[D]{}
	return func(ctx context.Context, batch D) error {
		err := c.Try(func() error { return push(ctx, batch) })
		if _, panicked := errors.AsType[*contain.Panic](err); !panicked {
			s.clear(batch)
			return err
		}
		if s.add(batch) < attempts {
			return err
		}
		s.clear(batch)
		n := 1
		_ = c.Try(func() error { n = items(batch); return nil }) // it may be that which panics
		c.dropped.Add(ctx, int64(n), metric.WithAttributes(attribute.String("exporter", c.exporter), attribute.String("reason", reasonPanic)))
		return nil
	}
}

// Try runs fn; a panic of it is counted, told, and returned as an error. It is for
// goroutines that a push starts.
func (c *Counter) Try(fn func() error) error { return c.panics.Try(fn) }

// suspects counts the panics of batches.
type suspects[D comparable] struct {
	some  atomic.Bool
	mu    sync.Mutex // guards count
	count map[D]int
}

func (s *suspects[D]) add(batch D) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == nil || len(s.count) >= maxSuspects {
		s.count = map[D]int{} // the rest is counted again
	}
	s.some.Store(true)
	s.count[batch]++
	return s.count[batch]
}

func (s *suspects[D]) clear(batch D) {
	if !s.some.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.count, batch)
	s.some.Store(len(s.count) > 0)
}
