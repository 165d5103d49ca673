package segmentlog

import (
	"errors"
	"slices"
	"strconv"
)

// Stats describe a log at one moment.
type Stats struct {
	// Segments and Bytes are on disk, AliveBytes the records that hold a newest value.
	Segments          int
	Bytes, AliveBytes int64
	// Keys have a value.
	Keys   int
	Damage Damage
	// Failing is why the disk takes nothing at present, nil if it does.
	Failing error
}

// Stats returns what is known of the log without reading from the disk.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	st := Stats{Segments: len(l.index.segments), Bytes: l.total, Damage: l.damage, Failing: l.failing}
	for _, s := range l.index.segments {
		st.AliveBytes += s.aliveBytes
		st.Keys += s.alive
	}
	st.AliveBytes = min(st.AliveBytes, st.Bytes) // a record of several keys counts for each
	return st
}

// Len returns how many keys are numbers.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.index.count
}

// Items returns the keys that are numbers, in ascending order.
func (l *Log) Items() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []uint64
	l.index.keys(func(key string, _ place) bool {
		if n, ok := number(key); ok {
			out = append(out, n)
		}
		return true
	})
	slices.Sort(out)
	return out
}

// Walk calls f for the keys and values until it returns false; a nil value is
// damaged. Values belong to f. Keys that are changed meanwhile may be missed.
func (l *Log) Walk(f func(key string, value []byte) bool) error {
	l.mu.Lock()
	var keys []string
	l.index.keys(func(key string, _ place) bool { keys = append(keys, key); return true })
	l.mu.Unlock()
	for _, key := range keys {
		v, err := l.Get(key)
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		if v == nil && err == nil {
			continue // deleted meanwhile
		}
		if !f(key, v) {
			return nil
		}
	}
	return nil
}

// Number reads a key as Items counts it: a decimal number in its only form.
func Number(key string) (uint64, bool) { return number(key) }

// Key is the inverse of Number.
func Key(n uint64) string { return strconv.FormatUint(n, 10) }
