package forecast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// snapshotVersion changes with the meaning of the fields.
const snapshotVersion = 1

// ErrSnapshot is wrapped by the errors of Restore.
var ErrSnapshot = errors.New("snapshot is not usable")

// AppendSnapshot appends the state of the forecaster to b.
func (f *Forecaster) AppendSnapshot(b []byte) []byte {
	b = append(b, snapshotVersion)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f.step))
	for _, p := range f.saved() {
		b, _ = binary.Append(b, binary.LittleEndian, p) // all fields have fixed sizes
	}
	return b
}

// saved lists the state by pointers, for both directions.
func (f *Forecaster) saved() []any {
	list := []any{
		&f.base, &f.last, &f.bins, &f.number, &f.slow, &f.typical, &f.median, &f.slotsSeen, &f.hoursSeen, &f.negative,
		f.day.cells, &f.day.scale, f.past.cells, &f.past.scale, f.week.cells, &f.week.scale,
	}
	for _, c := range []*cell{&f.slot, &f.hour} {
		list = append(list, &c.number, &c.left, &c.slowed, &c.n)
	}
	for i := range f.recent {
		r := &f.recent[i]
		list = append(list, &r.value, &r.fast)
	}
	for i := range f.anchors {
		a := &f.anchors[i]
		list = append(list, &a.n, a.regression.squares[:], a.regression.products[:], a.regression.weights[:], a.losses[:], &a.below, &a.above)
	}
	return list
}

// Restore returns a forecaster that goes on where the one that wrote the snapshot
// stopped, and what follows the snapshot in b. A snapshot of another version, a
// truncated or an impossible one is an error that wraps ErrSnapshot.
func Restore(b []byte) (*Forecaster, []byte, error) {
	const header = 1 + 8
	if len(b) < header {
		return nil, b, fmt.Errorf("restore forecaster: %w: truncated", ErrSnapshot)
	}
	if b[0] != snapshotVersion {
		return nil, b, fmt.Errorf("restore forecaster: %w: version %d, want %d", ErrSnapshot, b[0], snapshotVersion)
	}
	step := math.Float64frombits(binary.LittleEndian.Uint64(b[1:]))
	if !(step >= 0 && step <= maxStep.Seconds()) {
		return nil, b, fmt.Errorf("restore forecaster: %w: %w", ErrSnapshot, errStep)
	}
	f, err := New(time.Duration(math.Round(step * float64(time.Second))))
	if err != nil {
		return nil, b, fmt.Errorf("restore forecaster: %w: %w", ErrSnapshot, err)
	}
	rest := b[header:]
	for _, p := range f.saved() {
		n := binary.Size(p)
		if n < 0 || n > len(rest) {
			return nil, b, fmt.Errorf("restore forecaster: %w: truncated", ErrSnapshot)
		}
		if _, err := binary.Decode(rest[:n], binary.LittleEndian, p); err != nil {
			return nil, b, fmt.Errorf("restore forecaster: %w: %w", ErrSnapshot, err)
		}
		rest = rest[n:]
	}
	if !f.sound() {
		return nil, b, fmt.Errorf("restore forecaster: %w: values out of range", ErrSnapshot)
	}
	return f, rest, nil
}

// sound says whether all numbers are finite and those that divide or index are in range.
func (f *Forecaster) sound() bool {
	finite := func(list ...float64) bool {
		for _, v := range list {
			if !(math.Abs(v) <= 10*extreme) {
				return false
			}
		}
		return true
	}
	ok := finite(f.base, f.slow, f.typical, f.median, f.slot.left, f.slot.slowed, f.hour.left, f.hour.slowed) &&
		f.typical >= 0 && f.slot.n >= 0 && f.hour.n >= 0
	for _, s := range [...]float32{f.day.scale, f.past.scale, f.week.scale} {
		ok = ok && s >= 0 && finite(float64(s))
	}
	for _, r := range &f.recent {
		ok = ok && (!r.known() || finite(float64(r.value))) && finite(float64(r.fast))
	}
	for i := range f.anchors {
		a := &f.anchors[i]
		ok = ok && finite(float64(a.below), float64(a.above))
		for _, list := range [][]float32{a.regression.squares[:], a.regression.products[:], a.regression.weights[:], a.losses[:]} {
			for _, v := range list {
				ok = ok && finite(float64(v))
			}
		}
		for _, l := range a.losses {
			ok = ok && l >= 0
		}
	}
	return ok
}
