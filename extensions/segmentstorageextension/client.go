package segmentstorageextension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

var (
	_ storage.Client = (*client)(nil)
	_ storage.Walker = (*client)(nil)
)

// client is the space of one component. It is safe for concurrent use, except that
// upstream's queue recovers on its own, before any other use.
type client struct {
	log    *segmentlog.Log
	always bool // sync after every change
	closed func()

	recovery recovery
	account  account
	exporter string // whose queue this is, and of which signal; empty for other state
	signal   string
	whenFull string
	scarce   func() bool // the disk is full of what others have written: to give up old items makes no room
	missing  int         // items that the queue's notes name and that are not there
}

// Get returns nil for a key that is not there.
func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

// Set stores a value. An error that wraps storage.ErrStorageFull may pass.
func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete removes a key.
func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch makes all its changes or none. A Get sees the changes before it.
func (c *client) Batch(_ context.Context, ops ...*storage.Operation) error {
	changes := make([]segmentlog.Op, 0, len(ops)+1)
	var unread error
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			value, err := c.get(changes, op.Key)
			op.Value = value
			if err != nil {
				unread = err
			} else if value == nil && c.dispatches(changes, op.Key) {
				unread = errNoItem
			}
		case storage.Set:
			if op.Value == nil {
				op.Value = []byte{}
			}
			changes = append(changes, segmentlog.Op{Key: op.Key, Value: op.Value})
		case storage.Delete:
			changes = append(changes, segmentlog.Op{Key: op.Key})
		default:
			return fmt.Errorf("storage operation %q: unknown type %d", op.Key, op.Type)
		}
	}
	if len(changes) == 0 {
		// Only reads: one that fails must not hide the others, as it would when the
		// queue asks for all that was in flight at once.
		c.recovery.read(ops)
		if len(ops) > 1 {
			return nil
		}
		return unread
	}
	asked := len(changes)
	if changes = c.recovery.change(changes); len(changes) == 0 {
		return unread
	}
	c.account.leave(c.recovery.strandedItems())
	step, counted := c.account.read(changes, len(changes) > asked)
	if counted {
		changes = append(changes, segmentlog.Op{Key: accountKey, Value: c.account.after(step)})
	}
	err := c.apply(changes)
	for errors.Is(err, segmentlog.ErrFull) && step.adds && c.whenFull == fullDropOldest && !c.scarce() && c.dropOldest() {
		changes[len(changes)-1].Value = c.account.after(step)
		err = c.apply(changes)
	}
	if errors.Is(err, segmentlog.ErrFull) && step.adds && !step.again && (c.whenFull == fullDropNewest || c.whenFull == fullDropOldest) {
		c.account.refused(step)
		return unread
	}
	if err != nil {
		return err
	}
	if counted {
		c.account.taken(step, c.log.Len())
	}
	return unread
}

// errNoItem keeps upstream's queue from sending an empty request in the place of an
// item that found no room, or was given up.
var errNoItem = errors.New("the item is not there")

// dispatches reports whether a queue takes an item to send it.
func (c *client) dispatches(changes []segmentlog.Op, key string) bool {
	_, isItem := segmentlog.Number(key)
	return isItem && c.exporter != "" && len(changes) == 1 && changes[0].Key == queueNotes
}

func (c *client) get(changes []segmentlog.Op, key string) ([]byte, error) {
	for _, c := range slices.Backward(changes) {
		if c.Key == key {
			return c.Value, nil
		}
	}
	if c.recovery.hides(key) {
		return nil, nil
	}
	value, err := c.log.Get(key)
	switch {
	case errors.Is(err, segmentlog.ErrDamaged):
		c.account.spoiled(key)
	case err != nil:
		c.recovery.keep(key) // the disk may answer another time
	default:
		c.account.seen(key, value)
	}
	return value, err
}

func (c *client) apply(changes []segmentlog.Op) error {
	urgent := false
	for i := range changes {
		urgent = urgent || changes[i].Value != nil && changes[i].Key != queueNotes && changes[i].Key != accountKey
	}
	err := c.log.Apply(changes, urgent)
	if err == nil && urgent && c.always {
		err = c.log.Sync()
	}
	if errors.Is(err, segmentlog.ErrFull) {
		return fullError{err}
	}
	return err
}

// dropOldest gives up the oldest item that is not being sent; false if there is none.
// The queue finds later that it is not there, and goes on with the next.
func (c *client) dropOldest() bool {
	value, err := c.log.Get(queueNotes)
	if err != nil {
		return false
	}
	n, ok := parseNotes(value)
	if !ok {
		return false
	}
	items := c.log.Items()
	i := firstFrom(items, n.read)
	if i == len(items) {
		return false
	}
	gone := segmentlog.Key(items[i])
	if value, err = c.log.Get(gone); err == nil {
		c.account.seen(gone, value)
	}
	s, _ := c.account.read([]segmentlog.Op{{Key: gone}}, false)
	if c.apply([]segmentlog.Op{{Key: gone}, {Key: accountKey, Value: c.account.after(s)}}) != nil {
		return false
	}
	_ = c.log.Flush() // it is counted as given up, so it must not come back
	c.account.removed(items[i])
	return true
}

// Walk calls fn for every key and applies what it returned at the end.
func (c *client) Walk(ctx context.Context, fn storage.WalkFunc) error {
	var ops []*storage.Operation
	var failed error
	err := c.log.Walk(func(key string, value []byte) bool {
		if value == nil || c.exporter != "" && (key == accountKey || strings.HasPrefix(key, firstMark)) {
			return true
		}
		more, err := fn(key, value)
		if err == nil || errors.Is(err, storage.SkipAll) {
			ops = append(ops, more...)
		} else {
			failed = err
		}
		return err == nil
	})
	if err = errors.Join(err, failed); err != nil || len(ops) == 0 {
		return err
	}
	return c.Batch(ctx, ops...)
}

// Close writes what waits and closes the folder.
func (c *client) Close(context.Context) error {
	err := c.close()
	c.closed()
	return err
}

func (c *client) close() error {
	err := c.log.Close()
	c.account.close()
	return err
}
