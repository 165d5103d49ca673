// Package snapshot keeps the state of a component across restarts: it loads it
// from the storage extension at start, saves it at intervals and at shutdown.
package snapshot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

const key = "snapshot"

// Keeper saves one component's state. Its methods are, but for Save, not safe for
// concurrent use with each other; save is called from one goroutine at a time.
type Keeper struct {
	client storage.Client
	logger *zap.Logger
	save   func() ([]byte, error)
	stop   chan struct{}
	wg     sync.WaitGroup
	once   sync.Once

	writing sync.Mutex // guards one save at a time
}

// Open finds the storage extension and opens the component's own space in it.
// A nil storageID is not an error: state is then kept in memory only.
func Open(ctx context.Context, host component.Host, storageID *component.ID, kind component.Kind, id component.ID, name string, logger *zap.Logger) (*Keeper, error) {
	k := &Keeper{client: storage.NewNopClient(), logger: logger, stop: make(chan struct{})}
	if storageID == nil {
		return k, nil
	}
	ext, ok := host.GetExtensions()[*storageID]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not configured: add it to service::extensions", storageID)
	}
	s, ok := ext.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not a storage extension", storageID)
	}
	client, err := s.GetClient(ctx, kind, id, name)
	if err != nil {
		return nil, fmt.Errorf("open storage %q: %w", storageID, err)
	}
	k.client = client
	return k, nil
}

// Load returns the last saved state, nil if there is none.
func (k *Keeper) Load(ctx context.Context) ([]byte, error) {
	b, err := k.client.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("load snapshot: %w", err)
	}
	return b, nil
}

// firstSave is when the state is saved for the first time. Most is learned soon after
// a start, and what a killed process had learned must not be learned otherwise by
// the next: the same lines would get other pattern ids.
const firstSave = time.Second

// Start saves the state until Close: a second after the start, then after twice the
// time each, up to every interval. Zero means at Close only.
func (k *Keeper) Start(interval time.Duration, save func() ([]byte, error)) {
	k.save = save
	if interval <= 0 {
		return
	}
	k.wg.Go(func() {
		wait := min(firstSave, interval)
		timer := time.NewTimer(wait)
		defer timer.Stop()
		for {
			select {
			case <-k.stop:
				return
			case <-timer.C:
				wait = min(2*wait, interval)
				timer.Reset(wait)
				if err := k.write(context.Background()); err != nil {
					k.logger.Warn("State was not saved; it is tried again at the next interval.", zap.Error(err))
				}
			}
		}
	})
}

// Save saves the state now, for what may not be lost until the next interval. Unlike
// the others it may be called at any time between Start and Close.
func (k *Keeper) Save(ctx context.Context) error { return k.write(ctx) }

// Close waits for the goroutine, saves once more and closes the storage. It may
// be called twice, and without Start.
func (k *Keeper) Close(ctx context.Context) error {
	var err error
	k.once.Do(func() {
		close(k.stop)
		k.wg.Wait()
		err = errors.Join(k.write(ctx), k.client.Close(ctx))
	})
	return err
}

// take asks the component for its state. A panic of it must not end the process: the state
// that was saved before is as good as it gets.
func (k *Keeper) take() (b []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it panicked: %v\n%s", v, debug.Stack())
		}
	}()
	return k.save()
}

func (k *Keeper) write(ctx context.Context) error {
	if k.save == nil {
		return nil
	}
	k.writing.Lock()
	defer k.writing.Unlock()
	b, err := k.take()
	if err != nil {
		return fmt.Errorf("take snapshot: %w", err)
	}
	if err := k.client.Set(ctx, key, b); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	return nil
}
