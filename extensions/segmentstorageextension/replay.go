package segmentstorageextension

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidewatch/tidewatch/internal/segmentlog"
)

// Replayed says what Replay did with one queue. Records are log records, data points
// or spans.
type Replayed struct {
	// Name of the queue's folder.
	Name string
	// Items with Records were added now; Earlier of them, with EarlierRecords, by a
	// replay before this one, which are not added again.
	Items, Earlier          int
	Records, EarlierRecords int64
	// Damaged records waited by the count of the other queue and cannot be read.
	Damaged int64
	// InFlight of the items added now were being sent when the other agent ended, so that
	// their records may have arrived.
	InFlight int
	// New is true if there was no such queue here: it is delivered only by an agent
	// that has the exporter.
	New bool
}

// Replay adds what waits in the queues of another directory, such as one of a host
// that is gone, behind what waits in the queues of the same names in dir. The next
// start of the agent delivers it and counts it as carried over. The other directory,
// which may also be the state directory above it or the folder of one queue, is only
// read.
//
// Each item is added together with a mark that says so: after an error, or the end of
// the process at any moment, another Replay goes on where this one stopped, and one
// that is complete adds nothing again, also of a copy or after a repair of the other
// directory. Replay fails if an agent uses either directory. What is returned beside
// an error was done.
func Replay(dir, from string) (_ []Replayed, err error) {
	queues, err := queuesIn(from)
	if err != nil {
		return nil, err
	}
	for _, q := range queues {
		if same(filepath.Dir(q), dir) {
			return nil, fmt.Errorf("replay: %s are the queues of this agent, which delivers them when it starts", dir)
		}
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	other, err := lockAbandoned(filepath.Dir(queues[0]))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, other.Close()) }()
	var out []Replayed
	for _, q := range queues {
		done, err := replayQueue(filepath.Join(dir, filepath.Base(q)), q)
		out = append(out, done)
		if err != nil {
			return out, fmt.Errorf("replay %s: %w", done.Name, err)
		}
	}
	return out, nil
}

// queuesIn returns the folders of the queues in a directory of storages, in the state
// directory above one, or the one folder that is a queue itself.
func queuesIn(dir string) ([]string, error) {
	if path, err := filepath.Abs(dir); err == nil {
		dir = path
	}
	if _, isQueue := signalOf(filepath.Base(dir)); isQueue {
		return []string{dir}, nil
	}
	for _, in := range []string{dir, filepath.Join(dir, "storage")} {
		entries, err := os.ReadDir(in)
		if err != nil {
			if in != dir && errors.Is(err, os.ErrNotExist) {
				break
			}
			return nil, fmt.Errorf("read directory of queues: %w", err)
		}
		var out []string
		for _, e := range entries {
			if _, isQueue := signalOf(e.Name()); isQueue && e.IsDir() {
				out = append(out, filepath.Join(in, e.Name()))
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, fmt.Errorf("read directory of queues: there is no queue in %s", dir)
}

func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// signalOf returns the signal of the queue that a folder holds; false if it holds
// other state.
func signalOf(folder string) (string, bool) {
	if !strings.HasPrefix(folder, "exporter_") {
		return "", false
	}
	return folder[strings.LastIndexByte(folder, '_')+1:], true
}

func replayQueue(to, from string) (r Replayed, err error) {
	r.Name = filepath.Base(from)
	signal, _ := signalOf(r.Name)
	_, err = os.Stat(to)
	r.New = errors.Is(err, os.ErrNotExist)
	source, err := segmentlog.Open(from, segmentlog.Options{ReadOnly: true})
	if err != nil {
		return r, err
	}
	defer source.Close()
	a, err := openAppender(to, signal)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, a.close()) }()

	waited, flying := waiting(source, signal, from)
	items := source.Items()
	m, next := findMark(a.log, source, items)
	for i, it := range items {
		value, err := source.Get(segmentlog.Key(it))
		if errors.Is(err, segmentlog.ErrDamaged) {
			continue
		}
		if err != nil {
			return r, err
		}
		records := countRecords(signal, value)
		if i < next {
			r.Earlier++
			r.EarlierRecords += records
		} else {
			m.add(it, value)
			if err := a.add(value, segmentlog.Op{Key: m.key, Value: m.bytes()}); err != nil {
				return r, err
			}
			r.Items++
			r.Records += records
			if slices.Contains(flying, it) {
				r.InFlight++
			}
		}
	}
	r.Damaged = max(waited-r.Records-r.EarlierRecords, 0)
	return r, nil
}

// waiting returns how many records waited in a queue that is only read, and which
// items were being sent.
func waiting(l *segmentlog.Log, signal, dir string) (records int64, flying []uint64) {
	value, _ := l.Get(queueNotes) // damaged: as if there were none
	n, _ := parseNotes(value)
	flying = slices.Clone(n.dispatched)
	found := compare(&n, l.Items())
	var a account
	a.open(l, signal, &found, openCounts(dir, true))
	in, _, damaged, _ := a.records()
	return in + damaged, flying
}

// appender adds items to a queue whose agent does not run.
type appender struct {
	log     *segmentlog.Log
	account account
	notes   notes
}

func openAppender(dir, signal string) (*appender, error) {
	l, err := segmentlog.Open(dir, segmentlog.Options{})
	if err != nil {
		return nil, err
	}
	a := &appender{log: l}
	found, err := mendQueue(l)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	value, _ := l.Get(queueNotes) // just mended
	a.notes, _ = parseNotes(value)
	a.account.open(l, signal, &found, openCounts(dir, false))
	return a, nil
}

// add adds one item, together with another change.
func (a *appender) add(item []byte, with segmentlog.Op) error {
	n := a.notes
	n.write++
	n.itemsSize += countRecords(a.account.signal, item)
	n.bytesSize += int64(len(item))
	ops := []segmentlog.Op{{Key: queueNotes, Value: n.bytes()}, {Key: segmentlog.Key(n.write - 1), Value: item}}
	s, _ := a.account.read(ops, false)
	if err := a.log.Apply(append(ops, segmentlog.Op{Key: accountKey, Value: a.account.after(s)}, with), true); err != nil {
		return err
	}
	a.notes = n
	a.account.taken(s, a.log.Len())
	return nil
}

func (a *appender) close() error {
	a.account.close()
	return a.log.Close()
}

// firstMark is where the marks of all other queues that were replayed begin.
const firstMark = "tidewatch.replayed."

const (
	// maxMarks bounds the other queues that are remembered; the oldest is forgotten.
	maxMarks = 64
	// markPoints are kept of each, so that it is known again after some were damaged.
	markPoints = 8
)

// findMark returns the mark of the queue that a source is, and how many of its items
// have been added by what the mark says. The queue is known by what is in its items,
// so that neither a copy is taken for another queue nor, where hosts were made from
// one image, the queue of another host for this one.
func findMark(l, source *segmentlog.Log, items []uint64) (m mark, next int) {
	free, oldest, newest := "", mark{}, uint64(0)
	for i := range maxMarks {
		key := firstMark + segmentlog.Key(uint64(i))
		value, _ := l.Get(key) // damaged: as if there were none
		if value == nil {
			free = cmp.Or(free, key)
			continue
		}
		found := parseMark(key, value)
		if n := found.reached(source, items); n > 0 {
			return found, n
		}
		if oldest.key == "" || found.order < oldest.order {
			oldest = found
		}
		newest = max(newest, found.order)
	}
	return mark{key: cmp.Or(free, oldest.key), order: newest + 1}, 0
}
