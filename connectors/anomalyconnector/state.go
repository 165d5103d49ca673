package anomalyconnector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/tidewatch/tidewatch/anomaly"
)

// A snapshot is its version, the number of series, and for each its id, the last
// points of its counter, the time at which its finding was opened, whether it has
// been negative, the series that leads its finding, its forecaster, and its detector.
// Version 2 had neither leader nor forecaster and is read still.
const (
	snapshotVersion = 3
	oldSnapshot     = 2
)

var errSnapshot = errors.New("snapshot is not usable")

func (w *watcher) appendSnapshot(b []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	le := binary.LittleEndian
	b = append(b, snapshotVersion)
	b = le.AppendUint32(b, uint32(len(w.series)))
	for id, s := range w.series {
		for _, v := range [...]uint64{
			uint64(id), math.Float64bits(s.rate.value), uint64(s.rate.time),
			math.Float64bits(s.sum.value), uint64(s.sum.time), uint64(s.openedAt), bit(s.negative), uint64(s.leader), s.outlook.parts(),
		} {
			b = le.AppendUint64(b, v)
		}
		if s.outlook != nil {
			b = s.outlook.appendSnapshot(b)
		}
		b = s.detector.AppendSnapshot(b)
	}
	return b
}

// restore reads a snapshot; b may be empty. After an error the series read so far
// are kept. Series beyond max_bytes are left out.
func (w *watcher) restore(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(b) == 0 {
		return nil
	}
	const header = 1 + 4
	if len(b) < header || b[0] != snapshotVersion && b[0] != oldSnapshot {
		return fmt.Errorf("restore baselines: %w: version %d, want %d", errSnapshot, b[0], snapshotVersion)
	}
	le := binary.LittleEndian
	fields := 9
	if b[0] == oldSnapshot {
		fields = 7
	}
	n := le.Uint32(b[1:])
	b = b[header:]
	settings := anomaly.DefaultSettings()
	now := w.now()
	for range n {
		if w.bytes+seriesBytes > w.cfg.MaxBytes {
			break
		}
		var f [9]uint64
		if len(b) < 8*fields {
			return fmt.Errorf("restore baselines: %w: truncated", errSnapshot)
		}
		for i := range fields {
			f[i] = le.Uint64(b[8*i:])
		}
		b = b[8*fields:]
		var o *outlook
		if f[8] != 0 {
			var err error
			if o, b, err = restoreOutlook(f[8], b); err != nil {
				return fmt.Errorf("restore baselines: %w", err)
			}
		}
		d, rest, err := anomaly.Restore(&settings, b)
		if err != nil {
			return fmt.Errorf("restore baselines: %w", err)
		}
		b = rest
		s := &series{
			id: seriesID(f[0]), outlook: o, leader: seriesID(f[7]), detector: d, seen: now, openedAt: pcommon.Timestamp(f[5]), negative: f[6] != 0,
			rate: rate{math.Float64frombits(f[1]), pcommon.Timestamp(f[2])},
			sum:  rate{math.Float64frombits(f[3]), pcommon.Timestamp(f[4])},
		}
		w.series[s.id] = s
		w.bytes += seriesBytes
		w.allowExport(s)
		if s.outlook != nil {
			w.forecasts++
			w.bytes += outlookBytes
		}
	}
	w.regroup()
	return nil
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
