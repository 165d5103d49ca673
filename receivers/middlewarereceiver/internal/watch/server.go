package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/zap"

	"github.com/tidewatch/tidewatch/receivers/middlewarereceiver/internal/source"
)

type state int

const (
	stateNew     state = iota // was not read yet
	stateUp                   // the last reading went well
	stateDown                 // does not answer
	stateRefused              // answers, and lets nobody in
)

// server is an endpoint that is read, or asked for the first time.
type server struct {
	kind   *Kind
	name   source.Server
	source source.Source
	listed bool // by the configuration

	state     state
	wasRead   bool      // at least once
	next      time.Time // a refused server is asked again then
	listening time.Time // when the search saw it last

	// What the last reading told; owned by read until it is done.
	md    pmetric.Metrics
	err   error
	asked bool
}

func newServer(k *Kind, endpoint string, listed bool) (*server, error) {
	port := 0
	if len(k.Ports) > 0 {
		port = k.Ports[0]
	}
	name, err := source.Parse(k.Name, k.Servers.ServiceName, endpoint, port)
	if err != nil {
		return nil, err
	}
	src, err := k.Open(endpoint)
	if err != nil {
		return nil, fmt.Errorf("open %s at %s: %w", k.Name, endpoint, err)
	}
	return &server{kind: k, name: name, source: src, listed: listed}, nil
}

// read asks the server. A source that panics fails, alone.
func (s *server) read(ctx context.Context, timeout time.Duration, now time.Time) {
	s.md, s.asked = pmetric.NewMetrics(), true
	defer func() {
		if r := recover(); r != nil {
			s.err = fmt.Errorf("the reader of %s broke: %v", s.kind.Name, r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s.err = s.source.Scrape(ctx, now, s.md)
}

// outcome says what the last reading was.
func (s *server) outcome() Outcome {
	if s.err == nil {
		return OK
	}
	if _, refused := errors.AsType[*source.RefusedError](s.err); refused {
		return Refused
	}
	return Failed
}

// identity tells servers apart; the address where the source knows no better.
func (s *server) identity() string {
	if i, ok := s.source.(source.Identified); ok {
		if id := i.Identity(); id != "" {
			return id
		}
	}
	return s.name.Address
}

// covers reports whether a server that was found is this one by another address, or adds
// nothing to it: one that refuses cannot tell who it is.
func (s *server) covers(found *server) bool {
	if s.kind != found.kind {
		return false
	}
	if found.outcome() == Refused {
		return s.state != stateDown
	}
	return s.state == stateUp && s.identity() == found.identity()
}

// yields reports whether this server has its successor in one that was found and is read.
func (s *server) yields(found *server) bool {
	return s.kind == found.kind && !s.listed && s.state != stateUp && (!s.wasRead || s.identity() == found.identity())
}

// change puts the server into a state, and says so once.
func (s *server) change(to state, log *zap.Logger) {
	if s.state == to {
		return
	}
	from := s.state
	s.state = to
	fields := []zap.Field{zap.String("kind", s.kind.Name), zap.String("address", s.name.Address)}
	switch {
	case to == stateDown:
		log.Warn("a server does not answer", append(fields, zap.Error(s.err))...)
	case to == stateRefused:
		log.Warn("a server refuses to be read: "+s.hint(), append(fields, zap.Error(s.err))...)
	case from == stateNew:
		log.Info("a server is watched", fields...)
	default:
		log.Info("a server answers again", fields...)
	}
}

// tell says once what the server refuses of all that it is asked.
func (s *server) tell(log *zap.Logger) {
	part, ok := s.source.(source.Incomplete)
	if !ok {
		return
	}
	for _, missing := range part.Missing() {
		log.Warn("a server tells a part only: "+missing, zap.String("kind", s.kind.Name), zap.String("address", s.name.Address))
	}
}

func (s *server) hint() string {
	if refused, ok := errors.AsType[*source.RefusedError](s.err); ok {
		return refused.Hint
	}
	return ""
}

// result is what goes on: what the server told, and whether it answers.
func (s *server) result(now time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	if s.asked {
		s.md.MoveTo(md)
	}
	up := int64(0)
	if s.state == stateUp {
		up = 1
	}
	s.name.Batch(md, now, now).Gauge("middleware.up", "1", "1 while the server is read, 0 while it does not answer or refuses.").
		Int(up, "middleware.kind", s.kind.Name)
	return md
}
