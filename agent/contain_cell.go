package agent

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"
)

// instance is what a factory made.
type instance[D any] struct {
	component.Component
	consume func(context.Context, D) error
	caps    consumer.Capabilities
}

// dataKind is what the cell must know of a kind of data.
type dataKind[D any] struct {
	fingerprint func(D) uint64
	// split returns each record as data of its own, join makes one of them again.
	split func(D) []D
	join  func([]D) D
	// retry is an error that tells the sender what is left to try again.
	retry func(error, D) error
}

// cell is a part of a unit: it stands in for the component in the pipeline.
type cell[D any] struct {
	*unit
	kind   *dataKind[D]
	create func(context.Context) (*instance[D], error)
	caps   consumer.Capabilities
	host   component.Host
	owned  *instance[D] // nil if it has ended; Start, Shutdown and restart do not overlap

	current atomic.Pointer[instance[D]] // nil: calls are refused
	calls   atomic.Int64
}

func newCell[D any](ctx context.Context, u *unit, k *dataKind[D], create func(context.Context) (*instance[D], error)) (*cell[D], error) {
	c := &cell[D]{unit: u, kind: k, create: create}
	err := u.teller.Try(func() (err error) {
		c.owned, err = create(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.caps = c.owned.caps
	c.current.Store(c.owned)
	return c, nil
}

// Capabilities are those of the component.
func (c *cell[D]) Capabilities() consumer.Capabilities { return c.caps }

// Start starts the component.
func (c *cell[D]) Start(ctx context.Context, host component.Host) error {
	c.host = host
	if err := c.teller.Try(func() error { return c.owned.Start(ctx, host) }); err != nil {
		return err
	}
	c.join(c)
	return nil
}

// Shutdown stops it, after a restart under way has ended.
func (c *cell[D]) Shutdown(ctx context.Context) error {
	c.leave(c)
	if c.owned == nil {
		return nil
	}
	return c.teller.Try(func() error { return c.owned.Shutdown(ctx) })
}

// consume hands data to the component.
func (c *cell[D]) consume(ctx context.Context, data D) error {
	if c.wary.Load() {
		return c.carefully(ctx, data)
	}
	err, panicked := c.call(ctx, data)
	if panicked {
		c.panicked(0, err)
	}
	return err
}

// carefully does the same after a panic: a batch that makes the component panic again
// and again is taken apart, and only the records that do so are given up.
func (c *cell[D]) carefully(ctx context.Context, data D) error {
	key := c.key(data)
	if c.suspicion(key) >= retries {
		return c.oneByOne(ctx, data, key)
	}
	err, panicked := c.call(ctx, data)
	if panicked {
		c.panicked(key, err)
	} else if err == nil {
		c.cleared(key)
	}
	return err
}

// key tells batches apart; it is never zero.
func (c *cell[D]) key(data D) (key uint64) {
	_ = c.teller.Try(func() error { key = c.kind.fingerprint(data); return nil })
	return key | 1
}

func (c *cell[D]) oneByOne(ctx context.Context, data D, key uint64) error {
	var records []D
	if err := c.teller.Try(func() error { records = c.kind.split(data); return nil }); err != nil {
		c.teller.Dropped(ctx, 1) // it cannot even be read
		c.cleared(key)
		return nil
	}
	for i, r := range records {
		switch err, panicked := c.call(ctx, r); {
		case panicked, consumererror.IsPermanent(err):
			c.teller.Dropped(ctx, 1)
		case err != nil:
			left := c.kind.join(records[i:])
			c.suspect(c.key(left), retries)
			return c.kind.retry(err, left)
		}
	}
	c.cleared(key)
	return nil
}

// call is the way of every batch.
func (c *cell[D]) call(ctx context.Context, data D) (err error, panicked bool) { //nolint:revive // the flag belongs to the error
	c.calls.Add(1)
	defer func() {
		c.calls.Add(-1)
		if v := recover(); v != nil {
			err, panicked = c.teller.Caught(ctx, v), true
		}
	}()
	now := c.current.Load()
	if now == nil {
		return errRestarting, false
	}
	return now.consume(ctx, data), false
}

func (c *cell[D]) bar()       { c.current.Store(nil) }
func (c *cell[D]) admit()     { c.current.Store(c.owned) }
func (c *cell[D]) idle() bool { return c.calls.Load() == 0 }

func (c *cell[D]) end(ctx context.Context) {
	if c.owned == nil {
		return
	}
	if err := c.teller.Try(func() error { return c.owned.Shutdown(ctx) }); err != nil {
		c.logger.Warn("The component that panicked did not shut down well.", zap.Error(err))
	}
	c.owned = nil
}

func (c *cell[D]) again(ctx context.Context) error {
	return c.teller.Try(func() error {
		next, err := c.create(ctx)
		if err != nil {
			return err
		}
		c.owned = next
		return next.Start(ctx, c.host)
	})
}

func (c *cell[D]) report(e *componentstatus.Event) { componentstatus.ReportStatus(c.host, e) }
