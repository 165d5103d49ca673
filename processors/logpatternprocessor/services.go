package logpatternprocessor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/logpattern"
	"github.com/tidewatch/tidewatch/logpattern/frame"
	"github.com/tidewatch/tidewatch/signals"
)

// service holds the patterns of one service.
type service struct {
	mu    sync.Mutex // guards miner
	miner *logpattern.Miner
	used  time.Time // guarded by services.mu
}

// services tells the services apart, up to a number; the others share one.
type services struct {
	opt    logpattern.Options
	max    int
	mu     sync.Mutex // guards byName
	byName map[string]*service
	other  *service
}

// idle is how long a service must have been silent to give up its place.
const idle = time.Hour

func newServices(cfg *Config) *services {
	s := &services{
		opt:    logpattern.Options{MaxPatterns: cfg.MaxPatterns, MaxBytes: cfg.MaxBytes, MaxLine: cfg.MaxLine},
		max:    cfg.MaxServices,
		byName: map[string]*service{},
	}
	s.other = &service{miner: logpattern.New(s.opt)}
	return s
}

// identity are the attributes that may name a service, best first.
var identity = []string{
	signals.AttrServiceName, "k8s.container.name", "container.name", "container.id", signals.AttrLogFilePath,
}

func nameOf(resource pcommon.Map) string {
	for _, k := range identity {
		if v, ok := resource.Get(k); ok && v.Type() == pcommon.ValueTypeStr && v.Str() != "" {
			return v.Str()
		}
	}
	return ""
}

func (s *services) of(resource pcommon.Map, now time.Time) *service {
	name := nameOf(resource)
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.byName[name]
	if found == nil {
		if len(s.byName) >= s.max && !s.forgetIdle(now) {
			return s.other
		}
		found = &service{miner: logpattern.New(s.opt)}
		s.byName[name] = found
	}
	found.used = now
	return found
}

// forgetIdle makes room by forgetting the service that was silent for longest.
func (s *services) forgetIdle(now time.Time) bool {
	oldest, at := "", now.Add(-idle)
	found := false
	for name, sv := range s.byName {
		if !sv.used.After(at) {
			oldest, at, found = name, sv.used, true
		}
	}
	if found {
		delete(s.byName, oldest)
	}
	return found
}

// otherName is the frame of the patterns that services beyond the limit share.
const otherName = logpattern.OtherID

type named struct {
	name string
	*service
}

func (s *services) all() []named {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []named{{otherName, s.other}}
	for name, sv := range s.byName {
		list = append(list, named{name, sv})
	}
	return list
}

// snapshot returns the state of all services; each is locked in turn.
func (s *services) snapshot() ([]byte, error) {
	list := s.all()
	slices.SortFunc(list, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	frames := make([]frame.Frame, 0, len(list))
	for _, n := range list {
		n.mu.Lock()
		frames = append(frames, frame.Frame{Name: n.name, Data: n.miner.Snapshot()})
		n.mu.Unlock()
	}
	return frame.Pack(frames), nil
}

// restore loads what is usable of a snapshot; nil is an empty one.
func (s *services) restore(b []byte) error {
	if b == nil {
		return nil
	}
	frames, err := frame.Unpack(b, s.max+1)
	if err != nil {
		return fmt.Errorf("restore patterns: %w", err)
	}
	var errs []error
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range frames {
		sv := &service{miner: logpattern.New(s.opt)}
		if err := sv.miner.Restore(f.Data); err != nil {
			errs = append(errs, fmt.Errorf("restore patterns of %q: %w", f.Name, err))
			continue
		}
		if f.Name == otherName {
			s.other = sv
		} else if len(s.byName) < s.max {
			s.byName[f.Name] = sv
		}
	}
	return errors.Join(errs...)
}
