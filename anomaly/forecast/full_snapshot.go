package forecast

import (
	"encoding/binary"
	"fmt"
	"math"
)

// trendSize is the size of a trend's snapshot: its version, six numbers and the means.
const trendSize = 1 + 8*(6+trendPoints)

// AppendSnapshot appends the state of the trend to b.
func (t *Trend) AppendSnapshot(b []byte) []byte {
	le := binary.LittleEndian
	b = append(b, snapshotVersion)
	for _, v := range [...]int64{t.span, t.begin, t.n, t.count, t.bin} {
		b = le.AppendUint64(b, uint64(v))
	}
	b = le.AppendUint64(b, math.Float64bits(t.sum))
	for _, v := range t.means {
		b = le.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// RestoreTrend returns the trend that wrote the snapshot, and what follows it in b. A
// snapshot of another version, a truncated or an impossible one is an error that wraps
// ErrSnapshot.
func RestoreTrend(b []byte) (*Trend, []byte, error) {
	if len(b) < trendSize || b[0] != snapshotVersion {
		return nil, b, fmt.Errorf("restore trend: %w: truncated or of another version", ErrSnapshot)
	}
	le := binary.LittleEndian
	t := &Trend{}
	rest := b[1:]
	for _, p := range [...]*int64{&t.span, &t.begin, &t.n, &t.count, &t.bin} {
		*p, rest = int64(le.Uint64(rest)), rest[8:]
	}
	t.sum, rest = math.Float64frombits(le.Uint64(rest)), rest[8:]
	for i := range t.means {
		t.means[i], rest = math.Float64frombits(le.Uint64(rest)), rest[8:]
	}
	const year = 366 * 86400 * 1000 // a thousand of them
	sound := t.span >= 0 && t.span <= trendMaxSpan && t.n >= 0 && t.n <= trendPoints && t.count >= 0 &&
		max(t.begin, -t.begin) < year && max(t.bin, -t.bin) < year && math.Abs(t.sum) < math.MaxFloat64 && (t.n == 0 || t.span > 0) && (t.n == 0 || max(t.bin-t.begin-t.n, t.begin+t.n-t.bin) <= 2*trendPoints)
	if !sound {
		return nil, b, fmt.Errorf("restore trend: %w: values out of range", ErrSnapshot)
	}
	return t, rest, nil
}
