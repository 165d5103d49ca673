package watch

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/listening"
)

// Watch is used by one goroutine.
type Watch struct {
	set      Settings
	servers  []*server             // listed, read once, or refused
	no       map[address]time.Time // until when it is not asked
	searched time.Time             // the last search
	blind    bool                  // /proc could not be read
	inodes   []uint64              // of the sockets that programs is for
	programs listening.Programs
}

// New returns a watch over what is listed. Nothing is asked before the first Round.
func New(set Settings) (*Watch, error) {
	w := &Watch{set: set, no: map[address]time.Time{}}
	for i := range set.Kinds {
		k := &set.Kinds[i]
		for _, endpoint := range k.Servers.Endpoints {
			s, err := newServer(k, endpoint, true)
			if err != nil {
				w.Close()
				return nil, err
			}
			w.servers = append(w.servers, s)
		}
	}
	return w, nil
}

// Close releases all connections.
func (w *Watch) Close() {
	for _, s := range w.servers {
		_ = s.source.Close() // what is left of a connection that is given up
	}
	w.servers = nil
}

// Round looks for servers when it is time to, and reads all that are known. It returns
// when all have answered or their time is up.
func (w *Watch) Round(ctx context.Context, now time.Time) {
	var found []*server
	if w.searched.IsZero() || now.Sub(w.searched) >= w.set.Search {
		w.searched = now
		found = w.search(now)
	}
	due := make([]*server, 0, len(w.servers)+len(found))
	for _, s := range w.servers {
		if s.asked = false; s.state != stateRefused || !now.Before(s.next) {
			due = append(due, s)
		}
	}
	w.read(ctx, append(due, found...), now)
	if ctx.Err() != nil { // the end of the agent is not that of a server
		for _, s := range found {
			_ = s.source.Close()
		}
		return
	}
	for _, s := range w.servers {
		w.settle(s, now)
	}
	for _, outcome := range []Outcome{OK, Refused, Failed} { // what is read decides about the rest
		for _, s := range found {
			if s.outcome() == outcome {
				w.admit(s, now)
			}
		}
	}
	w.servers = slices.DeleteFunc(w.servers, func(s *server) bool { return w.gone(s, now) })
	for _, s := range w.servers {
		if s.listed || s.wasRead {
			w.set.Consume(ctx, s.result(now))
		}
	}
	w.count()
}

// read asks servers, some at once, and waits for all.
func (w *Watch) read(ctx context.Context, servers []*server, now time.Time) {
	var running sync.WaitGroup
	free := make(chan struct{}, w.set.Concurrency)
	for _, s := range servers {
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			s.read(ctx, w.set.Timeout, now)
		})
	}
	running.Wait()
}

// settle puts a known server into the state that its reading says.
func (w *Watch) settle(s *server, now time.Time) {
	if !s.asked {
		return
	}
	outcome := s.outcome()
	w.set.Events.Scraped(s.kind.Name, outcome)
	switch outcome {
	case OK:
		s.wasRead, s.listening = true, now
		s.change(stateUp, w.set.Logger)
		s.tell(w.set.Logger)
	case Refused:
		s.next = now.Add(w.set.Retry)
		s.change(stateRefused, w.set.Logger)
	case Failed:
		s.change(stateDown, w.set.Logger)
	}
}

// admit takes over a server that was found, unless it is none, or known by another
// address.
func (w *Watch) admit(s *server, now time.Time) {
	if s.outcome() == Failed || slices.ContainsFunc(w.servers, func(known *server) bool { return known.covers(s) }) {
		w.leave(s, now)
		return
	}
	if s.outcome() == OK {
		w.servers = slices.DeleteFunc(w.servers, func(known *server) bool {
			if !known.yields(s) {
				return false
			}
			w.leave(known, now)
			return true
		})
	}
	w.servers = append(w.servers, s)
	w.settle(s, now)
}

// leave leaves an address alone for a while.
func (w *Watch) leave(s *server, now time.Time) {
	_ = s.source.Close()
	if len(w.no) < maxAddresses {
		w.no[address{s.kind, s.name.Address}] = now.Add(w.set.Retry)
	}
}

// gone forgets a server that was found and listens no more.
func (w *Watch) gone(s *server, now time.Time) bool {
	if s.listed || s.state == stateUp || now.Sub(s.listening) < w.set.Forget && s.wasRead || s.listening.Equal(w.searched) {
		return false
	}
	w.set.Logger.Info("a server is gone and forgotten", zap.String("kind", s.kind.Name), zap.String("address", s.name.Address))
	_ = s.source.Close()
	return true
}

func (w *Watch) count() {
	for i := range w.set.Kinds {
		var n [stateRefused + 1]int
		for _, s := range w.servers {
			if s.kind == &w.set.Kinds[i] {
				n[s.state]++
			}
		}
		w.set.Events.Known(w.set.Kinds[i].Name, n[stateUp], n[stateDown], n[stateRefused])
	}
}
