package kubelet

import (
	"sync"

	"go.uber.org/zap"
)

// opened are the directories in use: the components of a process that ask the same
// kubelet with the same settings share one, so that the kubelet is asked once.
var opened = struct {
	mu  sync.Mutex // guards all
	all map[Config]*shared
}{all: map[Config]*shared{}}

type shared struct {
	directory *Directory
	users     int
}

// Acquire returns the directory of cfg, opened if nobody uses it yet, and what ends the
// use, to be called once. The last one to end it waits for the directory's end.
func Acquire(cfg Config, log *zap.Logger) (*Directory, func(), error) {
	opened.mu.Lock()
	defer opened.mu.Unlock()
	s := opened.all[cfg]
	if s == nil {
		d, err := Open(cfg, log)
		if err != nil {
			return nil, nil, err
		}
		s = &shared{directory: d}
		opened.all[cfg] = s
	}
	s.users++
	return s.directory, func() {
		opened.mu.Lock()
		defer opened.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(opened.all, cfg)
			s.directory.Close()
		}
	}, nil
}
