package tailsamplingprocessor

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// stateVersion is raised when the meaning of the state changes; what is older is learned anew.
const stateVersion = 1

// state is what is saved of a history.
type state struct {
	Version    int              `json:"version"`
	Since      time.Time        `json:"since"`
	Operations []savedOperation `json:"operations"`
	Paths      []savedPath      `json:"paths"`
	Orphaned   [reasons]int64   `json:"orphaned"`
}

type savedOperation struct {
	ID     uint64    `json:"id"`
	First  int       `json:"first"`
	Counts []float32 `json:"counts"`
	Aged   time.Time `json:"aged"`
	Seen   time.Time `json:"seen"`
}

type savedPath struct {
	ID      uint64         `json:"id"`
	Weight  float64        `json:"weight"`
	Aged    time.Time      `json:"aged"`
	Dropped [reasons]int64 `json:"dropped"`
}

// snapshot returns what restore takes.
func (h *history) snapshot() ([]byte, error) {
	s := state{Version: stateVersion, Since: h.since, Orphaned: h.orphaned}
	for id, o := range h.operations {
		s.Operations = append(s.Operations, savedOperation{id, o.first, o.counts, o.aged, o.seen})
	}
	for id, p := range h.paths {
		s.Paths = append(s.Paths, savedPath{id, p.weight, p.aged, p.dropped})
	}
	return json.Marshal(&s)
}

// restore takes over what was saved, as far as there is room for it.
func (h *history) restore(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if s.Version != stateVersion {
		return fmt.Errorf("read state: version %d is not known", s.Version)
	}
	for i := range s.Operations {
		o := &s.Operations[i]
		restored := &operation{counts: o.Counts, first: o.First, aged: o.Aged, seen: o.Seen}
		for _, n := range o.Counts {
			if !(n >= 0) {
				return errors.New("read state: a count is negative")
			}
			restored.total += float64(n)
		}
		if o.First < 0 || o.First+len(o.Counts) > buckets {
			return errors.New("read state: a duration is out of range")
		}
		if len(h.operations) < h.cfg.MaxOperations {
			h.operations[o.ID] = restored
		}
	}
	for i := range s.Paths {
		p := &s.Paths[i]
		if len(h.paths) < h.cfg.MaxPaths && p.Weight >= 0 {
			h.paths[p.ID] = &path{weight: p.Weight, aged: p.Aged, dropped: p.Dropped}
			continue
		}
		for r, n := range p.Dropped {
			h.orphaned[r] += n
		}
	}
	for r, n := range s.Orphaned {
		h.orphaned[r] += n
	}
	h.since = s.Since
	return nil
}
