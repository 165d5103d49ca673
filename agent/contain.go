package agent

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/internal/contain"
)

const (
	// restartAfter panics within restartWithin a component is started anew: what it
	// knows may be damaged. A batch that it cannot bear makes fewer.
	restartAfter  = 5
	restartWithin = time.Minute
	// waryFor is how long after a panic batches are told apart, to find the one that
	// comes again and again.
	waryFor = 10 * time.Minute
	// retries is how often such a batch is tried whole before its records are tried
	// one by one.
	retries = 2
	// maxSuspects bounds the batches that are remembered; they come from the senders
	// that try again, a handful.
	maxSuspects = 256
	// emptyWithin is how long a restart waits for calls that are under way.
	emptyWithin = 30 * time.Second
)

// errRestarting asks a sender to try again.
var errRestarting = errors.New("the component panicked and is being started anew; try again")

// unit is a component as the configuration names it. Its parts, one per signal or
// pipeline, may share what they know, and so are started anew together.
type unit struct {
	teller *contain.Teller
	logger *zap.Logger
	now    func() time.Time
	after  func(time.Duration) <-chan time.Time
	wary   atomic.Bool // a part panicked lately

	mu       sync.Mutex // guards the rest
	parts    []restartable
	recent   []time.Time // of panics, at most restartAfter
	last     time.Time   // of the last panic
	ill      bool        // it was said that a part is not well
	began    time.Time   // when it last began to run
	suspects map[uint64]int
	backoff  contain.Backoff
	stop     chan struct{} // not nil while started; closed when the first part stops
	running  sync.WaitGroup
	busy     bool // a restart is under way
}

// restartable is a part, whatever its signal.
type restartable interface {
	// bar lets no call in; admit lets them in again.
	bar()
	admit()
	// idle is true when no call is under way.
	idle() bool
	// end shuts the instance down, again makes and starts a new one.
	end(ctx context.Context)
	again(ctx context.Context) error
	report(e *componentstatus.Event)
}

// join adds a part that has started.
func (u *unit) join(p restartable) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stop == nil {
		u.stop, u.began = make(chan struct{}), u.now()
	}
	u.parts = append(u.parts, p)
}

// leave is called before a part stops for good. It ends a restart under way: the
// whole agent stops.
func (u *unit) leave(p restartable) {
	u.mu.Lock()
	if u.stop != nil {
		close(u.stop)
		u.stop = nil
	}
	u.parts = slices.DeleteFunc(u.parts, func(o restartable) bool { return o == p })
	u.mu.Unlock()
	u.running.Wait()
}

// panicked takes note of a panic on a batch; its key is zero where it is not known.
func (u *unit) panicked(key uint64, err error) {
	now := u.now()
	u.wary.Store(true)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last, u.ill = now, true
	if key != 0 {
		u.suspectLocked(key, 1)
	}
	if len(u.recent) == restartAfter {
		u.recent = append(u.recent[:0], u.recent[1:]...)
	}
	u.recent = append(u.recent, now)
	each(u.parts, func(p restartable) { p.report(componentstatus.NewRecoverableErrorEvent(err)) })
	if len(u.recent) < restartAfter || now.Sub(u.recent[0]) > restartWithin || u.busy || u.stop == nil {
		return
	}
	u.busy = true
	wait := u.backoff.Next(now.Sub(u.began))
	stop, parts := u.stop, slices.Clone(u.parts)
	u.running.Go(func() { u.restart(stop, parts, wait) })
}

// suspect adds to how often a batch has made the component panic.
func (u *unit) suspect(key uint64, times int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.suspectLocked(key, times)
}

func (u *unit) suspectLocked(key uint64, times int) {
	if len(u.suspects) >= maxSuspects {
		clear(u.suspects) // they are counted again
	}
	u.suspects[key] += times
}

// suspicion is how often a batch has made the component panic.
func (u *unit) suspicion(key uint64) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.now().Sub(u.last) > waryFor {
		u.wary.Store(false)
		clear(u.suspects)
	}
	return u.suspects[key]
}

// cleared forgets a batch that has gone its way, and says that the parts are well.
func (u *unit) cleared(key uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.suspects, key)
	if !u.ill {
		return
	}
	u.ill = false
	each(u.parts, func(p restartable) { p.report(componentstatus.NewEvent(componentstatus.StatusOK)) })
}

// restart shuts all parts down and starts them anew. Meanwhile they refuse calls, and
// senders keep what they have.
func (u *unit) restart(stop <-chan struct{}, parts []restartable, wait time.Duration) {
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.busy, u.recent, u.began = false, u.recent[:0], u.now()
	}()
	each(parts, restartable.bar)
	defer each(parts, restartable.admit) // what has ended stays barred
	if !u.empty(parts) {
		u.logger.Warn("The component panicked again and again, and is not started anew: calls to it do not end.")
		return
	}
	ctx := context.Background()
	for {
		each(parts, func(p restartable) { p.end(ctx) })
		u.logger.Warn("The component panicked again and again: it is started anew.", zap.Duration("in", wait))
		select {
		case <-stop:
			return
		case <-u.after(wait):
		}
		u.teller.Restarted(ctx)
		var err error
		each(parts, func(p restartable) {
			if err == nil {
				err = p.again(ctx)
			}
		})
		if err == nil {
			u.logger.Info("The component was started anew.")
			return
		}
		u.logger.Error("The component does not start; it is tried again.", zap.Error(err))
		wait = u.backoff.Next(0)
	}
}

// empty waits until no call is under way.
func (u *unit) empty(parts []restartable) bool {
	for until := u.now().Add(emptyWithin); ; time.Sleep(time.Millisecond) {
		idle := true
		each(parts, func(p restartable) { idle = idle && p.idle() })
		if idle || u.now().After(until) {
			return idle
		}
	}
}

func each(parts []restartable, do func(restartable)) {
	for _, p := range parts {
		do(p)
	}
}
