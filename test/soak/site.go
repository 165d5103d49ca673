package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// backend is what a site speaks.
type backend interface {
	// read takes a request apart. It stores nothing yet.
	read(r *http.Request, body []byte) (request, error)
}

// request is one that was understood.
type request interface {
	// records is how many it holds.
	records() int
	// take stores it, or only a part of it, and answers.
	take(partly bool) answer
}

type answer struct {
	status int
	header map[string]string
	body   []byte
}

// site is a sink on loopback: a server that is sometimes in trouble. Its address stays.
type site struct {
	name     string
	addr     string
	backend  backend
	weather  weather
	capacity int // records a second while there is load; 0: no limit

	mu     sync.Mutex   // guards what follows
	server *http.Server // nil while nobody listens
	free   time.Time    // when the next request finds room
	ill    error        // what must not happen

	served sync.WaitGroup
}

func newSite(name string, b backend, w weather, capacity int) (*site, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &site{name: name, addr: l.Addr().String(), backend: b, weather: w, capacity: capacity}
	s.serve(l)
	return s, nil
}

func (s *site) url() string { return "http://" + s.addr }

// serve is called with the lock held, or before there is anybody else.
func (s *site) serve(l net.Listener) {
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.server = server
	s.served.Go(func() { _ = server.Serve(l) }) // always ends with "closed"
}

// keep opens and closes the site as its weather has it, until the context ends.
func (s *site) keep(ctx context.Context) {
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		s.mu.Lock()
		switch gone := s.weather.now() == down; {
		case gone && s.server != nil:
			_ = s.server.Close() // what it says of connections does not matter
			s.server = nil
		case !gone && s.server == nil:
			// Somebody's outgoing connection may have the port for a moment.
			if l, err := net.Listen("tcp", s.addr); err == nil {
				s.serve(l)
			}
		}
		s.mu.Unlock()
	}
}

func (s *site) close() {
	s.mu.Lock()
	if s.server != nil {
		_ = s.server.Close()
	}
	s.mu.Unlock()
	s.served.Wait()
}

// wrong notes what the agent must not send.
func (s *site) wrong(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ill == nil {
		s.ill = fmt.Errorf("%s got a request that it does not understand: %w", s.name, err)
	}
}

func (s *site) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ill
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (s *site) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	what := s.weather.now()
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if err := readBody(body, r); err != nil {
		if r.Context().Err() == nil && errors.Is(err, gzip.ErrHeader) {
			s.wrong(err)
		}
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	switch what {
	case down:
		reset(rw)
		return
	case busy:
		rw.Header().Set("Retry-After", "1")
		rw.WriteHeader(http.StatusTooManyRequests)
		return
	case failing:
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	in, err := s.backend.read(r, body.Bytes())
	if err != nil {
		s.wrong(err)
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	if !s.room(r.Context(), in.records(), what) {
		return // the client has given up
	}
	out := in.take(what == partly)
	switch what {
	case forgetful:
		rw.WriteHeader(http.StatusServiceUnavailable)
		return
	case resetting:
		reset(rw)
		return
	}
	for k, v := range out.header {
		rw.Header().Set(k, v)
	}
	rw.WriteHeader(out.status)
	_, _ = rw.Write(out.body) // a client that is gone asks again
}

// room waits as long as a slow site takes for so many records; false if the client has
// given up meanwhile.
func (s *site) room(ctx context.Context, records int, what trouble) bool {
	var wait time.Duration
	if what == slow {
		wait = 400 * time.Millisecond
	}
	if s.capacity > 0 && !s.weather.clock.ended() {
		s.mu.Lock()
		now := time.Now()
		if s.free.Before(now) {
			s.free = now
		}
		s.free = s.free.Add(time.Duration(records) * time.Second / time.Duration(s.capacity))
		wait += s.free.Sub(now)
		s.mu.Unlock()
	}
	if wait == 0 {
		return true
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-late.C:
		return true
	}
}

var inflaters sync.Pool

func readBody(to *bytes.Buffer, r *http.Request) error {
	if r.Header.Get("Content-Encoding") != "gzip" {
		_, err := to.ReadFrom(r.Body)
		return err
	}
	z, ok := inflaters.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	defer inflaters.Put(z)
	if err := z.Reset(r.Body); err != nil {
		return err
	}
	_, err := io.Copy(to, z)
	return err
}

// reset ends the connection without a word.
func reset(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else it would be an orderly end
	}
	conn.Close()
}
