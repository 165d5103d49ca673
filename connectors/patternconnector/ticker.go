package patternconnector

import (
	"sync"
	"time"

	"github.com/tidewatch/tidewatch/internal/contain"
)

// ticker calls a function at intervals in a goroutine of its own.
type ticker struct {
	quit chan struct{}
	wg   sync.WaitGroup
}

func (t *ticker) start(interval time.Duration, panics *contain.Teller, do func()) {
	t.quit = make(chan struct{})
	t.wg.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-t.quit:
				return
			case <-tick.C:
				_ = panics.Try(func() error { do(); return nil }) // it is told; the next interval goes on
			}
		}
	})
}

// stop waits for the goroutine; it reports whether it was running.
func (t *ticker) stop() bool {
	if t.quit == nil {
		return false
	}
	close(t.quit)
	t.wg.Wait()
	t.quit = nil
	return true
}
