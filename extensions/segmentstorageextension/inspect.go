package segmentstorageextension

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// Storage is what Inspect finds in one folder of a directory.
type Storage struct {
	// Name of the folder: kind, type, name of the component, and signal.
	Name string
	// Queue is true for the queue of an exporter.
	Queue bool
	// Items wait in a queue, InFlight of them were being sent when it was last written.
	Items, InFlight int
	// Records are the log records, data points or spans in the items, as far as the
	// queue knows.
	Records int64
	// Missing items are named by the queue's notes and not there; Unnamed ones are
	// there and not named. The next start, or Repair, brings them back.
	Missing, Unnamed int
	// Lost records waited and cannot be read; only Repair looks for them. The ledger of
	// the agent calls them damaged after its next start.
	Lost int64
	Log  segmentlog.Stats
}

// Inspect looks at all storages of a directory. It changes nothing and may run
// beside the agent that uses the directory.
func Inspect(dir string) ([]Storage, error) {
	return eachStorage(dir, func(name, path string) (Storage, error) {
		l, err := segmentlog.Open(path, segmentlog.Options{ReadOnly: true})
		if err != nil {
			return Storage{}, err
		}
		defer l.Close()
		return describe(name, path, l), nil
	})
}

// Repair opens every storage as an agent would: what is damaged is moved to the
// quarantine, queues find all of their items again, and summaries are written anew.
// It fails if an agent uses the directory.
func Repair(dir string) (_ []Storage, err error) {
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	return eachStorage(dir, func(name, path string) (Storage, error) {
		l, err := segmentlog.Open(path, segmentlog.Options{Deep: true})
		if err != nil {
			return Storage{}, err
		}
		before := describe(name, path, l)
		if before.Queue {
			if _, err := mendQueue(l); err != nil {
				return Storage{}, errors.Join(err, l.Close())
			}
		}
		after := describe(name, path, l)
		after.Missing, after.Unnamed = before.Missing, before.Unnamed
		if after.Queue {
			readable := int64(0)
			signal, _ := signalOf(name)
			for _, it := range l.Items() {
				value, _ := l.Get(segmentlog.Key(it)) // just checked
				readable += countRecords(signal, value)
			}
			after.Lost, after.Records = max(after.Records-readable, 0), readable
		}
		return after, l.Close()
	})
}

// Verify reads every byte of every storage and returns the files by storage.
func Verify(dir string) (map[string][]segmentlog.Segment, error) {
	out := map[string][]segmentlog.Segment{}
	_, err := eachStorage(dir, func(name, path string) (Storage, error) {
		found, err := segmentlog.Verify(path)
		out[name] = found
		return Storage{}, err
	})
	return out, err
}

func eachStorage(dir string, do func(name, path string) (Storage, error)) ([]Storage, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read directory of storages: %w", err)
	}
	var out []Storage
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		s, err := do(e.Name(), filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("storage %s: %w", e.Name(), err)
		}
		out = append(out, s)
	}
	return out, nil
}

func describe(name, path string, l *segmentlog.Log) Storage {
	signal, isQueue := signalOf(name)
	out := Storage{Name: name, Log: l.Stats(), Queue: isQueue}
	if !isQueue {
		return out
	}
	value, _ := l.Get(queueNotes) // damaged: as if there were none
	n, _ := parseNotes(value)
	found := compare(&n, l.Items())
	var a account
	a.open(l, signal, &found, openCounts(path, true))
	out.Items, out.InFlight, out.Records = found.items, len(n.dispatched), a.waiting
	out.Missing, out.Unnamed = found.missing, found.orphans
	out.Log = l.Stats()
	return out
}
